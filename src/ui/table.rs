//! Plain tables for people: a header, columns as wide as they need, no frames.

use comfy_table::{Table, presets};

/// The rows under their header, each line ended.
pub fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    table.add_rows(rows);
    // The table starts each line with the padding of its first cell.
    table.lines().map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(&line).trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_no_line_ends_in_blanks() {
        let rows = [["1".into(), "img-a".into()], ["12".into(), "b".into()]];
        assert_eq!(table(["version", "value"], rows), "version  value\n1        img-a\n12       b\n");
    }
}
