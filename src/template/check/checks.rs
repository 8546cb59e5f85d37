//! `[[checks]]`: each names exactly one thing, and says about it only what can be said.

use toml::Spanned;

use super::{
    cx::Cx,
    draft::Draft,
    names::{self, ACCOUNT, COMMAND, DESTINATION, LABEL, OWNER, PACKAGE, SERVICE, SHA256},
    steps::telling_line,
};
use crate::template::{
    diagnose::{Fault, listed},
    model::{Check, Probe},
    raw::{self, CHECK_COMMON, CHECK_KINDS, Raw, Text},
    sources::Place,
};

impl Cx<'_> {
    pub fn checks(&self, raw: &Raw, draft: &mut Draft) {
        let named = raw.checks.iter().filter_map(|check| {
            let name = check.get_ref().name.as_ref()?;
            Some((name.get_ref().as_str(), name.span()))
        });
        self.unique("the check", named);
        draft.checks.extend(raw.checks.iter().filter_map(|check| self.check(check)));
    }

    fn check(&self, check: &Spanned<raw::Check>) -> Option<Check> {
        let table = check.get_ref();
        let name = self.maybe_name(&table.name, &LABEL);
        let timeout = self.timeout(&table.timeout);
        let kind = self.kind_of(check)?;
        let probe = self.probe(table, kind)?;
        Some(Check { name: name.unwrap_or_else(|| name_of(&probe)), probe, timeout })
    }

    /// The one thing that a check is about; what does not fit it is a mistake.
    fn kind_of(&self, check: &Spanned<raw::Check>) -> Option<&'static str> {
        let given = check.get_ref().given();
        let has = |key: &str| given.iter().any(|(known, _)| *known == key);
        let mut named =
            CHECK_KINDS.iter().filter(|(kind, _)| has(kind) && !(*kind == "group" && has("file")));
        let Some((kind, fitting)) = named.next() else {
            self.names_nothing(check);
            return None;
        };
        for (key, place) in &given {
            if key != kind && !CHECK_COMMON.contains(key) && !fitting.contains(key) {
                self.fault(misfit(kind, key, place.clone()));
            }
        }
        Some(kind)
    }

    fn names_nothing(&self, check: &Spanned<raw::Check>) {
        let cut = |kind: &str| self.pruned.contains(&check.span(), kind);
        if self.shared.broken || CHECK_KINDS.iter().any(|(kind, _)| cut(kind)) {
            return;
        }
        let fault = Fault::at(check.span(), "this check names nothing to look at");
        self.fault(fault.hint(format!("name one of {}", listed(CHECK_KINDS.iter().map(|(kind, _)| *kind)))));
    }

    fn probe(&self, table: &raw::Check, kind: &str) -> Option<Probe> {
        match kind {
            "file" => self.file_probe(table),
            "package" => Some(Probe::Package {
                installed: self.flag(&table.installed).unwrap_or(true),
                version: self.maybe_name(&table.version, &names::VERSION),
                package: self.maybe_name(&table.package, &PACKAGE)?,
            }),
            "service" => self.service_probe(table),
            "user" => Some(Probe::User {
                exists: self.flag(&table.exists).unwrap_or(true),
                uid: self.number(&table.uid, 0..=i64::from(u32::MAX)),
                groups: self.names(&table.groups, &ACCOUNT),
                shell: self.maybe_name(&table.shell, &DESTINATION),
                user: self.maybe_name(&table.user, &ACCOUNT)?,
            }),
            "group" => Some(Probe::Group {
                exists: self.flag(&table.exists).unwrap_or(true),
                gid: self.number(&table.gid, 0..=i64::from(u32::MAX)),
                group: self.maybe_name(&table.group, &ACCOUNT)?,
            }),
            "port" => Some(Probe::Port {
                listening: self.flag(&table.listening).unwrap_or(true),
                port: self.number(&table.port, 1..=65_535)?,
            }),
            "mount" => Some(Probe::Mount {
                filesystem: self.maybe_name(&table.filesystem, &names::WORD),
                label: self.maybe_name(&table.label, &names::WORD),
                path: self.maybe_name(&table.mount, &DESTINATION)?,
            }),
            "command" => self.command_probe(table),
            _ => None,
        }
    }

    fn file_probe(&self, table: &raw::Check) -> Option<Probe> {
        let exists = self.flag(&table.exists).unwrap_or(true);
        if !exists {
            let said = table
                .given()
                .into_iter()
                .find(|(key, _)| !["file", "exists", "name", "timeout"].contains(key));
            if let Some((key, place)) = said {
                self.fault(Fault::at(
                    place,
                    format!("`{key}` cannot be asked of a file that must not exist"),
                ));
            }
        }
        Some(Probe::File {
            exists,
            mode: self.unit(&table.mode),
            owner: self.maybe_name(&table.owner, &OWNER),
            group: self.maybe_name(&table.group, &OWNER),
            contains: self.maybe_text(&table.contains),
            sha256: self.maybe_name(&table.sha256, &SHA256).map(|sum| sum.to_ascii_lowercase()),
            path: self.maybe_name(&table.file, &DESTINATION)?,
        })
    }

    fn service_probe(&self, table: &raw::Check) -> Option<Probe> {
        let (running, enabled) = (self.flag(&table.running), self.flag(&table.enabled));
        // Naming a service alone asks what one wants of services.
        let running = if table.running.is_none() && table.enabled.is_none() { Some(true) } else { running };
        Some(Probe::Service { running, enabled, service: self.maybe_name(&table.service, &SERVICE)? })
    }

    fn command_probe(&self, table: &raw::Check) -> Option<Probe> {
        let stdout_matches = self.maybe_text(&table.stdout_matches);
        if let (Some(pattern), Some(text)) = (&stdout_matches, &table.stdout_matches) {
            self.regex(pattern, text);
        }
        Some(Probe::Command {
            exit_code: self.number(&table.exit_code, 0..=255).unwrap_or_default(),
            stdout_contains: self.maybe_text(&table.stdout_contains),
            stdout_matches,
            command: self.maybe_name(&table.command, &COMMAND)?,
        })
    }

    fn regex(&self, pattern: &str, text: &Text) {
        if let Err(error) = regex::Regex::new(pattern) {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            self.fault(Fault::at(text.span(), "this is not a regular expression").label(why));
        }
    }
}

fn misfit(kind: &str, key: &str, place: Place) -> Fault {
    if CHECK_KINDS.iter().any(|(other, _)| *other == key) {
        return Fault::at(place, format!("this check names both a `{kind}` and a `{key}`"))
            .hint("write a `[[checks]]` table for each");
    }
    let owners = CHECK_KINDS.iter().filter(|(_, fitting)| fitting.contains(&key)).map(|(kind, _)| *kind);
    Fault::at(place, format!("`{key}` does not fit a `{kind}` check"))
        .hint(format!("it can be said of {}", listed(owners)))
}

fn name_of(probe: &Probe) -> String {
    match probe {
        Probe::Package { package, .. } => format!("package {package}"),
        Probe::Service { service, .. } => format!("service {service}"),
        Probe::File { path, .. } => format!("file {path}"),
        Probe::User { user, .. } => format!("user {user}"),
        Probe::Group { group, .. } => format!("group {group}"),
        Probe::Port { port, .. } => format!("port {port}"),
        Probe::Mount { path, .. } => format!("mount {path}"),
        Probe::Command { command, .. } => telling_line(command).unwrap_or_else(|| "command".into()),
    }
}
