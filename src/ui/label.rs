//! The name of an image before what is told of its bake, where several are baked at once.

use console::measure_text_width;

use super::text;

/// Names take no more columns than these: what is told matters more.
const WIDEST: usize = 24;
/// Nor more than this part of a terminal, but always enough to tell names apart.
const PART: usize = 4;
const NARROWEST: usize = 8;

/// One name, with the columns that the longest of all takes.
#[derive(Clone, Debug)]
pub struct Label {
    name: String,
    column: usize,
}

impl Label {
    pub fn new(name: &str, column: usize) -> Self {
        Self { name: text::clean(name), column }
    }

    /// The columns that all names fit into; none where there is nothing to tell apart.
    pub fn column<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<usize> {
        let widths: Vec<usize> = names.into_iter().map(measure_text_width).collect();
        widths.iter().max().filter(|_| widths.len() > 1).map(|widest| *widest.min(&WIDEST))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// As wide as every other label, for lines of any length.
    pub fn padded(&self) -> String {
        text::pad(&text::fit(&self.name, self.column), self.column)
    }

    /// As wide as every other label on a terminal of so many columns.
    pub fn on(&self, columns: usize) -> String {
        let column = self.column.min((columns / PART).max(NARROWEST));
        text::pad(&text::fit(&self.name, column), column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_as_wide_as_the_longest_name_but_not_wider_than_is_useful() {
        assert_eq!(Label::column(["web"]), None);
        assert_eq!(Label::column(["web", "database"]), Some(8));
        assert_eq!(Label::new("web", 8).padded(), "web     ");
        let long = "a-name-of-thirty-columns-or-so";
        assert_eq!(Label::column([long, "web"]), Some(24));
        assert_eq!(Label::new(long, 24).padded(), "a-name-of-thirty-column…");
    }

    #[test]
    fn a_narrow_terminal_gives_names_a_quarter_of_its_columns() {
        let label = Label::new("a-name-of-thirty-columns-or-so", 24);
        let widths = [20, 44, 100].map(|columns| measure_text_width(&label.on(columns)));
        assert_eq!(widths, [8, 11, 24]);
        assert_eq!(Label::new("web", 3).on(100), "web");
    }
}
