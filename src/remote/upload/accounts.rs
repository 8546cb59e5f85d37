//! What the builder has to say before anything is sent: the numbers of the accounts that own files, and
//! whether it can decompress.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    event::Stream,
    quote::{QuoteError, shell_word},
    remote::{Command, Remote, RemoteError, entries::Entry, purpose::Purpose},
    template::{model::Owner, units::Span},
};

/// So much a login may say before the answer.
const LONGEST_GREETING_LINES: usize = 1000;

/// Numbers of the accounts that own files, as the builder knows them.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Name or number -> uid, primary gid.
    users: BTreeMap<String, (u64, u64)>,
    groups: BTreeMap<String, u64>,
    /// The builder has `zstd`.
    pub zstd: bool,
}

/// Asks the builder once for all accounts that own something.
///
/// # Errors
/// A lost line, or accounts that the builder lacks.
pub(super) async fn ask(remote: &dyn Remote, entries: &[Entry]) -> Result<Ids, RemoteError> {
    let mut ids = Ids::default();
    let mut missing = Vec::new();
    let question = question(entries).map_err(|error| RemoteError::Upload(error.to_string()))?;
    // An owner and a group for each, and what a login has to say.
    let (mut heard, most) = (0, entries.len() * 2 + LONGEST_GREETING_LINES);
    let sink = &mut |stream, line: &str| {
        heard += 1;
        if stream == Stream::Stdout && heard <= most && !ids.learn(line) {
            missing.push(line.split(':').take(2).collect::<Vec<_>>().join(" "));
        }
    };
    let asked = remote.run(Command::new(Purpose::Accounts, question), sink).await;
    let exit = asked.map_err(|error| match error {
        RemoteError::TimedOut(after) | RemoteError::NoAnswer(after) => RemoteError::Setup(format!(
            "asking the builder for accounts (`getent`): no answer within {}",
            Span(after)
        )),
        error => error,
    })?;
    if !exit.success() {
        return Err(RemoteError::Setup(format!("asking the builder for accounts failed with {exit}")));
    }
    missing.retain(|account| !ids.learn_number(account));
    if missing.is_empty() {
        return Ok(ids);
    }
    Err(RemoteError::Upload(format!(
        "uploaded files belong to accounts that the builder lacks: {}",
        missing.join(", ")
    )))
}

fn question(entries: &[Entry]) -> Result<String, QuoteError> {
    let users: BTreeSet<&str> = entries.iter().filter_map(|entry| entry.owner.user.as_deref()).collect();
    let groups: BTreeSet<&str> = entries.iter().filter_map(|entry| entry.owner.group.as_deref()).collect();
    let each = |kind: &str, database: &str, names: BTreeSet<&str>| match names.is_empty() {
        true => Ok(String::new()),
        false => {
            let names = names.into_iter().map(shell_word).collect::<Result<Vec<_>, _>>()?.join(" ");
            Ok(format!(
                "; for name in {names}; do echo \"{kind}:$name:$(getent {database} -- \"$name\")\"; done"
            ))
        }
    };
    let zstd = "if command -v zstd >/dev/null; then echo zstd:; fi";
    Ok(format!("{zstd}{}{}", each("user", "passwd", users)?, each("group", "group", groups)?))
}

impl Ids {
    /// Takes in `user:NAME:passwd entry` or `group:NAME:group entry`; false when the entry is empty.
    pub(super) fn learn(&mut self, line: &str) -> bool {
        let fields: Vec<&str> = line.split(':').collect();
        let number = |place: usize| fields.get(place).and_then(|field| field.parse().ok());
        let name = fields.get(1).copied().unwrap_or_default().to_owned();
        match (fields[0], number(4), number(5)) {
            ("user", Some(uid), Some(gid)) => self.users.insert(name, (uid, gid)).is_none(),
            ("group", Some(gid), _) => self.groups.insert(name, gid).is_none(),
            ("user" | "group", _, _) => false,
            // What a login has to say may come first.
            (word, _, _) => {
                self.zstd |= word == "zstd";
                true
            }
        }
    }

    /// A number needs no account: whoever owns the file may have none outside of a container. Its group is root's,
    /// as for every owner without one of his own.
    fn learn_number(&mut self, account: &str) -> bool {
        let Some((kind, name)) = account.split_once(' ') else { return false };
        let Ok(number) = name.parse() else { return false };
        match kind {
            "user" => self.users.insert(name.to_owned(), (number, 0)).is_none(),
            _ => self.groups.insert(name.to_owned(), number).is_none(),
        }
    }

    /// What `chown` is told of a folder that is there: only what the template says.
    pub fn declared(&self, owner: &Owner) -> Option<String> {
        let (uid, gid) = self.of(owner);
        match (&owner.user, &owner.group) {
            (Some(_), _) => Some(format!("{uid}:{gid}")),
            (None, Some(_)) => Some(format!(":{gid}")),
            (None, None) => None,
        }
    }

    /// uid and gid; root's where nothing is said.
    pub fn of(&self, owner: &Owner) -> (u64, u64) {
        let user = owner.user.as_ref().and_then(|name| self.users.get(name)).copied();
        let (uid, own_group) = user.unwrap_or_default();
        let group = owner.group.as_ref().and_then(|name| self.groups.get(name)).copied();
        (uid, group.unwrap_or(own_group))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::remote::{Exit, LineSink, PrintedSink, job::Followed};

    #[test]
    fn a_number_needs_no_account_and_a_name_does() {
        let mut ids = Ids::default();
        assert!(ids.learn("user:deploy:deploy:x:1001:1002::/home/deploy:/bin/sh"));
        assert!(!ids.learn("user:472:") && ids.learn_number("user 472"));
        assert!(!ids.learn("group:473:") && ids.learn_number("group 473"));
        assert!(!ids.learn("user:nobody-here:") && !ids.learn_number("user nobody-here"));
        let owner = |user: Option<&str>, group: Option<&str>| Owner {
            user: user.map(Into::into),
            group: group.map(Into::into),
        };
        assert_eq!(ids.of(&owner(Some("472"), None)), (472, 0));
        assert_eq!(ids.of(&owner(Some("deploy"), Some("473"))), (1001, 473));
        assert_eq!(ids.declared(&owner(Some("deploy"), None)).as_deref(), Some("1001:1002"));
        assert_eq!(ids.declared(&owner(None, Some("473"))).as_deref(), Some(":473"));
        assert_eq!(ids.declared(&Owner::default()), None);
    }

    /// A builder on which that question is not answered in time.
    struct Hangs;

    #[async_trait::async_trait]
    impl Remote for Hangs {
        fn sudo(&self) -> &'static str {
            ""
        }

        async fn run(&self, command: Command, _: LineSink<'_>) -> Result<Exit, RemoteError> {
            Err(RemoteError::TimedOut(command.timeout.expect("it would wait for ever")))
        }

        async fn follow(&self, _: &Followed, _: PrintedSink<'_>) -> Result<Exit, RemoteError> {
            Err(RemoteError::Ended)
        }

        fn round_trip(&self) -> Duration {
            Duration::ZERO
        }

        async fn another(&self) -> Result<Option<Box<dyn Remote>>, RemoteError> {
            Ok(None)
        }

        async fn fetch(&self, _: Command, _: Box<dyn std::io::Write + Send>) -> Result<Exit, RemoteError> {
            Err(RemoteError::Ended)
        }
    }

    #[tokio::test]
    async fn accounts_that_the_builder_does_not_find_in_time_are_told_as_that() {
        let error = ask(&Hangs, &[]).await.unwrap_err().to_string();
        assert!(error.contains("`getent`") && error.contains("2m"), "{error}");
    }
}
