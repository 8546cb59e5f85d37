//! What a machine answered to the checks: taken out of the output of `checks::script`, one answer each. What an
//! answer means is `judge`'s.

use std::collections::BTreeMap;

/// The marks of one round of questions. The word in them is made for this round: what a check prints cannot look
/// like the answer of another.
#[derive(Clone, Debug)]
pub struct Marks {
    first: String,
    second: String,
}

/// What the machine said to one probe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub exit: i32,
    pub stdout: String,
    /// Nothing of it was left out.
    pub whole: bool,
}

/// What the first word of an answer says about the thing that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// With its attributes.
    There(&'a str),
    /// It was looked for, and it is not there.
    Absent,
    /// It could not be looked for.
    Unknown(String),
}

impl Marks {
    /// `word` is one that nobody can guess.
    pub fn of(word: &str) -> Self {
        let (first, second) = word.split_at(word.len() / 2);
        Self { first: first.into(), second: second.into() }
    }

    /// Two words for a shell that joins them. The whole word does not stand in a script.
    pub(super) fn halves(&self) -> (&str, &str) {
        (&self.first, &self.second)
    }

    /// The answers in the output of the script, by number. One that came twice is none.
    pub fn answers(&self, lines: &[String]) -> BTreeMap<usize, Answer> {
        let mark = format!("\u{1}{}{} ", self.first, self.second);
        let mut answers: BTreeMap<usize, Option<Answer>> = BTreeMap::new();
        let mut open: Option<(usize, Vec<&str>)> = None;
        for line in lines {
            let Some(words) = line.strip_prefix(&mark) else {
                open.iter_mut().for_each(|(_, body)| body.push(line));
                continue;
            };
            match (words.split(' ').collect::<Vec<_>>().as_slice(), open.take()) {
                (["ask", number], _) => open = number.parse().ok().map(|number| (number, Vec::new())),
                (["told", told, "exit", exit, "rest", rest], Some((number, body)))
                    if told.parse::<usize>().ok() == Some(number) =>
                {
                    let answer = answer(&body, exit, rest);
                    let known = answers.contains_key(&number);
                    answers.insert(number, answer.filter(|_| !known));
                }
                _ => {}
            }
        }
        answers.into_iter().filter_map(|(number, answer)| Some((number, answer?))).collect()
    }
}

fn answer(body: &[&str], exit: &str, rest: &str) -> Option<Answer> {
    let (exit, rest): (i32, u64) = (exit.parse().ok()?, rest.parse().ok()?);
    Some(Answer { exit, stdout: body.join("\n").trim_end_matches('\n').to_owned(), whole: rest == 0 })
}

impl<'a> Found<'a> {
    pub const NOT_ANSWERED: &'static str = "no answer";

    pub fn of(answer: Option<&'a Answer>) -> Self {
        match (answer, Self::at_least(answer)) {
            (Some(answer), Self::There(_)) if !answer.whole => {
                Self::Unknown("more of an answer than is looked at".into())
            }
            (_, found) => found,
        }
    }

    /// The same for what has its attributes at its beginning, which is all that there may be of it.
    pub fn at_least(answer: Option<&'a Answer>) -> Self {
        let Some(answer) = answer else { return Self::Unknown(Self::NOT_ANSWERED.into()) };
        let (first, rest) = answer.stdout.split_once('\n').unwrap_or((&answer.stdout, ""));
        match (first.split_once(' ').unwrap_or((first, "")), answer.exit) {
            (("unknown", why), _) => Self::Unknown(format!("it could not be looked for: {why}")),
            (("there", ""), 0) => Self::There(rest),
            (("absent", ""), 0) if rest.is_empty() => Self::Absent,
            (_, 0) => Self::Unknown(Self::NOT_ANSWERED.into()),
            (_, exit) => Self::Unknown(format!("it could not be looked for: exit code {exit}")),
        }
    }
}
