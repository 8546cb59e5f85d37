//! Text between the rows of runs that are under way.

use super::*;
use crate::ui::summary::Summary;

#[test]
fn the_summary_of_one_run_stands_whole_above_the_row_of_the_other() {
    let mut two = two(80, false);
    under_way(&mut two);
    let label = two.screen.label("web");
    let mut summary = Summary::on(two.screen.clone(), false).labelled(label);
    for event in [started("web"), captured(), finished(true, None)] {
        two.web.event(&event, Timestamp::UNIX_EPOCH).unwrap();
        summary.event(&event, Timestamp::UNIX_EPOCH).unwrap();
    }
    two.web.finish().unwrap();
    summary.finish().unwrap();
    two.database.tick();
    let text = two.term.contents();
    let (above, summary) = text.split_once("2m 03s\n").unwrap();
    assert!(above.ends_with("✔ web                  4.5.1  ami-0123456789abcdef0  "), "{text}");
    assert!(summary.starts_with("\nweb 4.5.1\nwhere the time went"), "{text}");
    let (summary, rows) = summary.split_once("\nsize      1.00 GiB\n\n").unwrap();
    assert!(!summary.contains("database"), "{text}");
    let rows: Vec<&str> = rows.lines().collect();
    assert!(rows.len() == 2 && rows[0].contains(" a-database-of-many-… upload"), "{text}");
}

#[test]
fn text_of_the_process_leaves_no_torn_rows() {
    let mut two = two(80, false);
    under_way(&mut two);
    two.screen.clone().write_all(b"\nInterrupted: cleaning up.\n").unwrap();
    tell(&mut two.web, []);
    let text = two.term.contents();
    let (above, below) = text.split_once("Interrupted: cleaning up.\n").unwrap();
    assert!(!above.contains("steps"), "{text}");
    assert_eq!(below.lines().count(), 3, "{text}");
}
