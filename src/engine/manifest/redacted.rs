//! What of a manifest comes from outside and may hold a secret, and what is a record that stays as it is.

use std::{borrow::Cow, collections::BTreeMap};

use super::{AccountEntry, BaseEntry, Manifest, PackageEntry};
use crate::{platform::ImageCopy, redact::Redact};

impl Manifest {
    /// The manifest as it is written down.
    pub fn without_secrets(&self, redact: &Redact) -> Cow<'_, Self> {
        if redact.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut clean = self.clone();
        clean.take_out(redact);
        Cow::Owned(clean)
    }

    /// Taken apart without a rest, so that whoever adds a field decides here whether it may hold a secret.
    fn take_out(&mut self, redact: &Redact) {
        let Self {
            // IDs, paths, numbers and words of our own.
            format: _,
            tool: _,
            image: _,
            run: _,
            platform: _,
            created: _,
            disks: _,
            region: _,
            sealed: _,
            fingerprint: _,
            inputs: _,
            package_snapshot: _,
            machine: _,
            ssh: _,
            resumed: _,
            cloud_init: _,
            timings,
            // A bake does not begin when a secret stands in one of these.
            name: _,
            version: _,
            checks: _,
            // Told to a person.
            description,
            unfinished,
            copies,
            secrets_in_image,
            variables,
            // Found on the builder, or compared with the next bake: an ordinary word stands there for what it means.
            base: BaseEntry { id: _, description: base },
            system,
            kernel,
            packages,
            users,
            decided_by,
        } = self;
        let told = description.iter_mut().chain(unfinished).chain(copies.iter_mut().flat_map(failures));
        let told = told.chain(secrets_in_image.values_mut()).chain(variables.values_mut());
        told.for_each(|text| redact.in_place(text));
        let found = [base, system, kernel].into_iter().chain(packages.iter_mut().flat_map(of_package));
        found.chain(users.iter_mut().flat_map(of_user)).for_each(|text| in_record(redact, text));
        timings.steps.iter_mut().for_each(|step| in_record(redact, &mut step.name));
        let parts = std::mem::take(decided_by).into_iter();
        *decided_by = parts
            .map(|(part, sum)| (redact.apply_to_record(&part).into_owned(), sum))
            .collect::<BTreeMap<_, _>>();
    }
}

fn in_record(redact: &Redact, text: &mut String) {
    if let Cow::Owned(clean) = redact.apply_to_record(text) {
        *text = clean;
    }
}

fn failures(copy: &mut ImageCopy) -> impl Iterator<Item = &mut String> {
    copy.failed.iter_mut().chain(&mut copy.unfinished)
}

fn of_package(package: &mut PackageEntry) -> [&mut String; 2] {
    [&mut package.name, &mut package.version]
}

fn of_user(user: &mut AccountEntry) -> [&mut String; 3] {
    [&mut user.name, &mut user.home, &mut user.shell]
}
