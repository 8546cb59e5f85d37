//! Text between the rows of runs that are under way.

use super::*;
use crate::ui::summary::Summary;

#[test]
fn what_failed_is_kept_until_all_runs_are_over_and_says_whose_it_is() {
    let mut two = two(80, false);
    under_way(&mut two);
    let summary = |name| Summary::of_several(two.screen.clone(), two.screen.label(name).unwrap(), false);
    let (mut web, mut database) = (summary("web"), summary("a-database-of-many-columns"));
    for event in [started("web"), output("why"), finished(false, Some("step `x` failed"))] {
        web.event(&event, Timestamp::UNIX_EPOCH).unwrap();
    }
    for event in [started("db"), captured(), finished(true, None)] {
        database.event(&event, Timestamp::UNIX_EPOCH).unwrap();
    }
    let before = two.term.contents();
    web.finish().unwrap();
    database.finish().unwrap();
    assert_eq!(two.term.contents(), before, "it was told in the middle");
    assert_eq!(
        two.screen.take_deferred(),
        "\nweb 4.5.1\nerror: step `x` failed\n\nlast lines of `configure`:\n  | why\n\nlog:   /runs/r1/log\n"
    );
    assert_eq!(two.screen.take_deferred(), "");
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
