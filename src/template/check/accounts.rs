//! `[[groups]]` and `[[users]]`.

use std::collections::HashSet;

use toml::Spanned;

use super::{
    cx::Cx,
    draft::{Draft, Membership, Placed},
    names::{ACCOUNT, HOME, SUDO, breaks_line},
};
use crate::template::{
    catalogue::{self, Os},
    diagnose::{Fault, closest, holds_private_key},
    model::{Base, Group, QemuBase, User},
    raw::{self, Number, Raw, Text},
    sources::Place,
};

/// 65534 and 65535 mean "nobody" and "no change".
const IDS: std::ops::RangeInclusive<i64> = 1..=60_000;

impl Cx<'_> {
    pub fn accounts(&self, raw: &Raw, draft: &mut Draft) {
        for group in &raw.groups {
            let (place, table) = (group.span(), group.get_ref());
            let gid: Option<u32> = self.number(&table.gid, IDS);
            draft.gids.extend(placed_id(gid, &table.gid));
            let name = self.need(&table.name, &place, "a group", "name");
            if let Some((name, text)) = name.and_then(|text| Some((self.account_name(text, &ACCOUNT)?, text)))
            {
                draft.groups.push(Placed { value: Group { name, gid }, place: text.span() });
            }
        }
        raw.users.iter().for_each(|user| self.user(user, draft));
    }

    fn user(&self, user: &Spanned<raw::User>, draft: &mut Draft) {
        let (place, table) = (user.span(), user.get_ref());
        let groups = self.placed_names(&table.groups, &ACCOUNT);
        groups.iter().for_each(|(group, place)| self.refuse_reserved_account(group, place));
        let name = self
            .need(&table.name, &place, "a user", "name")
            .and_then(|name| self.account_name(name, &ACCOUNT));
        let uid: Option<u32> = self.number(&table.uid, IDS);
        draft.uids.extend(placed_id(uid, &table.uid));
        let checked = User {
            name: name.unwrap_or_default(),
            uid,
            groups: groups.iter().map(|(group, _)| group.clone()).collect(),
            shell: self.maybe_name(&table.shell, &HOME),
            home: table.home.as_ref().and_then(|home| self.path_on_builder(home, &HOME)),
            sudo: self.maybe_name(&table.sudo, &SUDO),
            ssh_keys: table
                .ssh_keys
                .iter()
                .flat_map(|keys| keys.get_ref())
                .flat_map(|key| self.ssh_keys(key))
                .collect(),
        };
        draft.memberships.extend(groups.into_iter().map(|(group, place)| Membership { group, place }));
        if !checked.name.is_empty() {
            let place = table.name.as_ref().map_or(place, Spanned::span);
            draft.users.push(Placed { value: checked, place });
        }
    }

    /// A literal key, or a file of keys, one a line.
    fn ssh_keys(&self, text: &Text) -> Vec<String> {
        let Some(written) = self.text(text) else { return Vec::new() };
        let literal = written.contains(' ') || holds_private_key(&written);
        let content =
            if literal { Some(written.clone()) } else { self.file(text).map(|(_, content)| content) };
        let lines = content.iter().flat_map(|content| content.lines());
        let lines = lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Vec<String> = lines.map(str::to_owned).collect();
        // Some programs see two lines, and so two keys, where one of these characters stands.
        let bad = keys
            .iter()
            .any(|key| key.contains(breaks_line) || ssh_key::PublicKey::from_openssh(key).is_err());
        if let Some(content) = content.filter(|_| bad || keys.is_empty()) {
            self.fault(self.no_public_key(text, &content, (!literal).then_some(written.as_str())));
        }
        keys
    }

    /// `file` is the file that should hold a key; without one the key was written down here.
    fn no_public_key(&self, text: &Text, content: &str, file: Option<&str>) -> Fault {
        let what = |has: &str| match file {
            Some(file) => format!("`{file}` holds {has}"),
            None => format!("this is {}", has.replace("no ", "not a ")),
        };
        if holds_private_key(content) {
            let fault = Fault::at(text.span(), what("a PRIVATE key"));
            return match file {
                Some(file) => fault.hint(format!("name the public key beside it: \"{file}.pub\"")),
                None => fault.hint(
                    "write the line of its `.pub` file; this key stood in a template, so make a new one if others have seen it",
                ),
            };
        }
        let starts = ["ssh-", "ecdsa-", "sk-"].iter().any(|start| content.trim_start().starts_with(start));
        let fault = Fault::at(text.span(), what("no public key"));
        match starts {
            true => fault.hint("it begins like one: it is cut off, or a character of it is wrong; copy the whole line of the `.pub` file"),
            false => fault.hint(
                "write a key as it stands in a `.pub` file (\"ssh-ed25519 AAAA... name\"), or the name of such a file",
            ),
        }
    }

    /// Names and numbers of all parts together.
    pub fn accounts_agree(&self, draft: &Draft, base: &Base) {
        self.unique("the group", draft.groups.iter().map(|g| (g.value.name.as_str(), g.place.clone())));
        self.unique("the user", draft.users.iter().map(|u| (u.value.name.as_str(), u.place.clone())));
        self.unique("the gid", draft.gids.iter().cloned());
        self.unique("the uid", draft.uids.iter().cloned());
        self.memberships_known(draft, base);
    }

    /// What the catalogue knows of the base.
    pub fn distribution(&self, base: &Base) -> Option<&'static Os> {
        let by_suite = match &base.qemu {
            Some(QemuBase::Bootstrap(suite)) => catalogue::of_suite(suite),
            Some(
                QemuBase::Image(_) | QemuBase::Url { .. } | QemuBase::Made { .. } | QemuBase::Template(_),
            )
            | None => None,
        };
        base.os.as_deref().and_then(catalogue::find).or(by_suite)
    }

    /// A base that hornero knows nothing about may have any group.
    fn memberships_known(&self, draft: &Draft, base: &Base) {
        let Some(os) = self.distribution(base) else { return };
        let declared = draft.groups.iter().map(|group| group.value.name.as_str());
        let private = draft.users.iter().map(|user| user.value.name.as_str());
        let mut known: HashSet<&str> = os.groups().collect();
        known.extend(declared.chain(private));
        for wish in draft.memberships.iter().filter(|wish| !known.contains(wish.group.as_str())) {
            let group = &wish.group;
            let similar = closest(group, known.iter().copied());
            let hint = match similar {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!(
                    "declare it: `[[groups]]` with `name = \"{group}\"`; users are made before packages are installed"
                ),
            };
            let message = format!("unknown group `{group}`");
            let label = format!("neither declared nor a group of {}", os.name);
            self.fault(Fault::at(wish.place.clone(), message).label(label).hint(hint));
        }
    }
}

fn placed_id(id: Option<u32>, written: &Option<Spanned<Number>>) -> Option<(String, Place)> {
    Some((id?.to_string(), written.as_ref()?.span()))
}
