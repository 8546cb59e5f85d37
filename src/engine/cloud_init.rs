//! Waits for cloud-init on a new builder and says how it went.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Tail,
    answer::unguessable_word,
    follow::{End, follow},
    machine::Machine,
};
use crate::{
    error::{Error, Kind},
    event::{Events, Stream},
    provision::{
        cloud_init::{Judgement, follow_script, judge, missing_packages, status_mark},
        script::Job,
    },
    remote::Printed,
};

/// Installing many packages on a slow machine takes long.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Streams cloud-init's output until it has finished.
///
/// # Errors
/// When one of its modules failed, with what was printed last; a package that does not exist is named.
pub async fn wait(machine: &mut Machine<'_>, events: &Events) -> Result<(), Error> {
    let mark = unguessable_word();
    let text = follow_script(&mark)?;
    let job = Job { text: &text, user: "root", env: &BTreeMap::new() };
    let mut heard = Heard::of(&mark);
    let sink = &mut |printed| match printed {
        Printed::Line(line) => {
            heard.line(&line, || events.output("cloud-init", Stream::Merged, line.as_str()));
        }
        Printed::Unfinished(line) => events.unfinished_line("cloud-init", line),
    };
    let end = follow(machine, &job, Some(TIMEOUT), sink, events).await?;
    match (heard.status, end) {
        (Some(status), End::Exit(exit)) if exit.success() => {
            conclude(judge(status.0, &status.1), heard.missing, heard.tail.lines(), events)
        }
        (_, End::Exit(exit)) => {
            Err(Error::new(Kind::Bake, format!("following cloud-init failed with {exit}"))
                .tail(heard.tail.lines()))
        }
        (_, End::TimedOut(after)) => Err(Error::new(
            Kind::Bake,
            format!("cloud-init was not done after {}", crate::template::units::Span(after)),
        )
        .tail(heard.tail.lines())),
        (_, End::Restarted(_)) => Err(Error::new(
            Kind::Bake,
            "the builder restarted while cloud-init ran",
        )
        .tail(heard.tail.lines())
        .hint(
            "take what restarts it out of [cloud_init] user_data; a step of kind \"reboot\" does it later",
        )),
    }
}

fn conclude(
    judgement: Judgement,
    missing: Vec<String>,
    tail: Vec<String>,
    events: &Events,
) -> Result<(), Error> {
    match judgement {
        Judgement::Done => Ok(()),
        Judgement::Warnings(messages) => {
            messages.iter().for_each(|message| events.warn(format!("cloud-init: {message}")));
            Ok(())
        }
        Judgement::Failed(_) if !missing.is_empty() => {
            let names = missing.join("`, `");
            Err(Error::new(
                Kind::Bake,
                format!("installing packages: no package `{names}` in the builder's repositories"),
            )
            .tail(tail)
            .hint(
                "look at the name and the version in [packages] install, or add the repository that has it",
            ))
        }
        Judgement::Failed(messages) => {
            Err(Error::new(Kind::Bake, format!("cloud-init failed: {}", messages.join("; "))).tail(tail))
        }
    }
}

/// What was heard of cloud-init so far.
#[derive(Default)]
struct Heard {
    tail: Tail,
    missing: Vec<String>,
    /// Whether it ran and what it says of that, once the mark has come.
    status: Option<(bool, String)>,
    mark: String,
}

impl Heard {
    fn of(mark: &str) -> Self {
        Self { mark: status_mark(mark), ..Self::default() }
    }

    fn line(&mut self, line: &str, show: impl FnOnce()) {
        if let Some(ran) = line.strip_prefix(self.mark.as_str()) {
            self.status = Some((ran.trim() == "yes", String::new()));
        } else if let Some((_, json)) = &mut self.status {
            json.push_str(line);
        } else {
            self.tail.push(line);
            self.missing.extend(missing_packages(std::iter::once(line)));
            self.missing.dedup();
            show();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cloud_inits_output_holds_is_not_its_status() {
        let mut heard = Heard::of("word");
        for line in
            ["\u{1}hornero-cloud-init no", "\u{1}other cloud-init no", "E: Unable to locate package nope"]
        {
            heard.line(line, || {});
        }
        assert_eq!((heard.status.clone(), heard.missing.len()), (None, 1));
        heard.line("\u{1}word cloud-init yes", || {});
        heard.line("{\"v1\": {}}", || {});
        assert_eq!(heard.status, Some((true, "{\"v1\": {}}".to_owned())));
    }
}
