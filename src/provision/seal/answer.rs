//! What the seal's script answers: lines that begin with its mark. What programs of the builder print beside them is
//! no answer.

use super::super::search::Sought;

/// The answer of one seal, line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealAnswer {
    /// Parts of the seal and paths that are still there.
    pub remains: Vec<String>,
    pub hits: Vec<Hit>,
    /// Why the search for secrets is not complete.
    pub failures: Vec<String>,
    /// What the search cannot see on this machine.
    pub notes: Vec<String>,
    /// The file systems that were searched to their ends.
    pub searched: Vec<String>,
    conclusions: Vec<String>,
}

/// A file that holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its name, where it is known which one it is.
    pub secret: Option<String>,
    /// How it stands there, as a sentence about the path.
    pub place: String,
}

impl SealAnswer {
    pub fn of(lines: &[String], mark: &str, sought: &[Sought]) -> Self {
        let mut answer = Self::default();
        let mark = format!("\u{1}{mark} ");
        for words in lines.iter().filter_map(|line| line.strip_prefix(&mark)) {
            let (kind, text) = words.split_once(' ').unwrap_or((words, ""));
            let list = match kind {
                "remains" => &mut answer.remains,
                "failed" => &mut answer.failures,
                "note" => &mut answer.notes,
                "searched" => &mut answer.searched,
                "concluded" => &mut answer.conclusions,
                "found" => {
                    answer.hits.push(Hit::of(text, sought));
                    continue;
                }
                // A line that was changed on the way.
                _ => &mut answer.failures,
            };
            list.push(text.to_owned());
        }
        answer
    }

    /// # Errors
    /// When the script does not say itself that it is through, and that nothing was found.
    pub fn concluded(&self, is_searched: bool) -> Result<(), &'static str> {
        let clean = if is_searched { "remains= found= search=whole" } else { "remains= found= search=none" };
        match self.conclusions.as_slice() {
            [said] if said == clean && self.searched.is_empty() != is_searched => Ok(()),
            [] => Err("it does not say that it came to its end"),
            [..] => Err("it lacks what was found"),
        }
    }
}

impl Hit {
    fn of(text: &str, sought: &[Sought]) -> Self {
        let mut words = text.splitn(3, ' ');
        let number: Option<usize> = words.next().and_then(|word| word.parse().ok());
        let secret = number.and_then(|number| sought.get(number.checked_sub(1)?)).map(|one| one.name.clone());
        let (whereabouts, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let place = match whereabouts {
            "name" => format!("it is in the name of {path}"),
            "target" => format!("it is in what the link {path} points at"),
            "attribute" => format!("it is in an extended attribute of {path}"),
            "somewhere" => {
                format!("it is in one or several files of {path} that cannot be told, or have changed since")
            }
            _ => format!("it is in {path}"),
        };
        Self { secret, place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(lines: &[&str]) -> SealAnswer {
        let lines: Vec<String> = lines.iter().map(|line| format!("\u{1}word {line}")).collect();
        SealAnswer::of(&lines, "word", &[])
    }

    #[test]
    fn only_the_scripts_own_conclusion_shows_that_nothing_remains() {
        let clean = "concluded remains= found= search=none";
        assert!(answer(&[clean]).concluded(false).is_ok());
        let searched = "concluded remains= found= search=whole";
        assert!(answer(&["searched /", searched]).concluded(true).is_ok());
        for (bad, is_searched) in [
            (&[][..], false),
            (&["remains= found="], false),
            (&[clean, clean], false),
            (&["concluded remains=some found= search=none"], false),
            (&[clean], true),
            (&["searched /", clean], true),
            (&[searched], true),
            (&["searched /", "concluded remains= found=some search=whole"], true),
        ] {
            assert!(answer(bad).concluded(is_searched).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_others_print_is_no_answer() {
        let foreign =
            ["\u{1}other concluded remains= found= search=none", "\u{1}hornero-concluded remains= found="];
        let lines: Vec<String> = foreign.map(Into::into).into();
        assert_eq!(SealAnswer::of(&lines, "word", &[]), SealAnswer::default());
    }
}
