//! What becomes of a builder when its bake fails: said on the command line, or asked on the terminal.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use tokio::sync::mpsc;

use super::{Context, Global, show};
use crate::{
    engine::on_error::{Choice, OnError, Question},
    ui::OutputStyle,
};

#[derive(Clone, Debug, Args)]
pub struct Failing {
    /// What becomes of the builder when the bake fails; an interrupt always cleans up
    #[arg(long, value_name = "WHAT", default_value = "cleanup")]
    on_error: WhatNow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WhatNow {
    /// It is removed
    Cleanup,
    /// It stays until its time to live is over, for `hornero ssh` and `hornero resume`
    Keep,
    /// It waits until you have said what to do: clean up, keep it, or try the step again
    Ask,
}

impl Failing {
    /// With what the commands go on: a question has no place among bars.
    pub fn decide(&self, context: &Context) -> (OnError, Context) {
        let mut global = context.global.clone();
        let on_error = match self.on_error {
            WhatNow::Cleanup => OnError::Cleanup,
            WhatNow::Keep => OnError::Keep,
            WhatNow::Ask if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) => {
                show::stderr("note: there is no terminal to ask on, so `--on-error ask` is `cleanup`\n");
                OnError::Cleanup
            }
            WhatNow::Ask => {
                if context.style() == OutputStyle::Bars {
                    global = Global { output: OutputStyle::Lines, ..global };
                }
                ask_here()
            }
        };
        (on_error, Context::new(global))
    }
}

fn ask_here() -> OnError {
    let (person, mut questions) = mpsc::unbounded_channel::<Question>();
    tokio::spawn(async move {
        while let Some(Question { failure, again, answer }) = questions.recv().await {
            let choice = tokio::task::spawn_blocking(move || ask(&failure, again)).await;
            // Whoever asked may have been interrupted meanwhile.
            answer.send(choice.unwrap_or(Choice::CleanUp)).ok();
        }
    });
    OnError::Ask(person)
}

/// On the terminal, until there is an answer; the end of the input is one.
fn ask(failure: &str, again: bool) -> Choice {
    let try_again = if again { ", [t]ry the step again" } else { "" };
    loop {
        show::stderr(&format!("\n{failure}\nThe builder still runs. [c]lean up, [k]eep it{try_again}? "));
        let mut line = String::new();
        match std::io::stdin().read_line(&mut line) {
            Ok(0) | Err(_) => return Choice::CleanUp,
            Ok(_) => {}
        }
        if let Some(choice) = understood(&line, again) {
            return choice;
        }
        show::stderr("Answer with one of the letters in brackets.\n");
    }
}

fn understood(line: &str, again: bool) -> Option<Choice> {
    match line.trim().to_lowercase().as_str() {
        "c" | "clean up" | "cleanup" => Some(Choice::CleanUp),
        "k" | "keep" => Some(Choice::Keep),
        "t" | "try" | "again" if again => Some(Choice::Again),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_says_nothing_is_asked_for_again() {
        assert_eq!(understood(" K\n", false), Some(Choice::Keep));
        assert_eq!(understood("t\n", true), Some(Choice::Again));
        for (line, again) in [("t", false), ("", true), ("yes", true)] {
            assert_eq!(understood(line, again), None, "{line}");
        }
    }
}
