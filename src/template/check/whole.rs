//! One template from end to end: names first, then everything that uses them, then what must agree.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashSet},
};

use super::{
    Bundle, Checked, Files, Part, Shared, Wanted,
    cx::Cx,
    draft::{Draft, values},
    variables::{From, Handed},
};
use crate::template::{
    diagnose::Fault,
    model::{Base, Packages, Template},
    raw::Raw,
};

/// Nobody reads more at once.
const MOST_FAULTS: usize = 300;

/// Checks what was read. `bundle.parts` has at least the template itself.
pub fn check(mut bundle: Bundle, wanted: &Wanted<'_>, files: &dyn Files) -> Checked {
    let shared = Shared {
        sources: RefCell::new(std::mem::take(&mut bundle.sources)),
        faults: RefCell::new(std::mem::take(&mut bundle.faults)),
        warnings: RefCell::default(),
        files,
        broken: bundle.broken,
    };
    let template = bundle.parts.first().map(|part| whole(&bundle, part, wanted, &shared));
    let mut faults = shared.faults.into_inner();
    faults.extend(bundle.parts.iter_mut().flat_map(|part| std::mem::take(&mut part.read.faults)));
    let faults = each_once(faults);
    Checked {
        template: template.filter(|_| faults.is_empty()),
        faults,
        warnings: shared.warnings.into_inner(),
        sources: shared.sources.into_inner(),
    }
}

/// A provisioner that is used twice makes the same mistake twice. A file of nothing but mistakes is
/// told in part.
fn each_once(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.sort_by_key(|fault| fault.place.as_ref().map(|place| (place.start, place.end)));
    let mut seen = HashSet::new();
    faults.retain(|fault| seen.insert((fault.place.clone(), fault.message.clone())));
    let more = faults.len().saturating_sub(MOST_FAULTS);
    faults.truncate(MOST_FAULTS);
    if more > 0 {
        faults
            .push(Fault::whole(format!("there are {more} more mistakes")).hint("mend these and look again"));
    }
    faults
}

fn whole(bundle: &Bundle, part: &Part, wanted: &Wanted<'_>, shared: &Shared<'_>) -> Template {
    let (raw, root) = (&part.read.raw, &part.read.root);
    let mut cx = Cx { shared, scope: Default::default(), pruned: &part.read.pruned };
    if bundle.broken || ["variables", "include"].iter().any(|key| cx.pruned.contains(root, key)) {
        cx.scope.open();
    }
    cx.only_in_main(raw);
    let stage = cx.declare_run(wanted.platform, wanted.stage, raw);
    let variables = cx.variables(&raw.variables, &from_outside(wanted), &From::Outside);
    let arch = cx.declare_arch(raw);
    let image = cx.image(raw, root);
    let inherited = cx.scope.without_variables();
    cx.declare_secrets(raw);
    let base = cx.base(raw, root, arch);
    let mut draft = Draft::default();
    cx.part(bundle, 0, None, &inherited, &mut draft);
    cx.parts_agree(raw, &base, &mut draft);
    if wanted.platform_is_wanted {
        cx.base_is_there(raw, &base, wanted.platform);
    }
    if base.ec2.is_some() {
        cx.limits_of_ec2(raw, &image);
    }
    let packages = Packages {
        upgrade: draft.upgrade,
        install: values(draft.install),
        remove: values(draft.remove),
        snapshot: cx.snapshot(raw, &base),
        repositories: values(draft.repositories),
    };
    let mut template = Template {
        publish: cx.publish(raw, &stage, &image),
        image,
        variables,
        secrets: cx.secrets(raw),
        base,
        root_disk: cx.root_disk(raw),
        disks: cx.disks(raw),
        groups: values(draft.groups),
        users: values(draft.users),
        packages,
        files: values(draft.files),
        steps: draft.steps,
        checks: draft.checks,
        cloud_init: cx.cloud_init(raw),
        ssh: cx.ssh(raw),
        seal: cx.seal(raw),
        ec2: cx.ec2(raw),
        qemu: cx.qemu(raw),
        notify: cx.notify(raw),
    };
    // Now that every string has been rendered.
    template.variables.iter_mut().for_each(|one| one.used = cx.scope.is_used(&one.name));
    template
}

impl Cx<'_> {
    /// Checks what can only be seen when all parts of the template are read.
    fn parts_agree(&self, raw: &Raw, base: &Base, draft: &mut Draft) {
        self.accounts_agree(draft, base);
        self.packages_agree(draft);
        self.repositories_fit(draft, base);
        self.moments_of_files(draft);
        self.files_agree(draft);
        self.declared_needs_cloud_init(raw, draft);
        self.machines_fit(raw, base);
    }
}

/// Of two values for one variable the later counts.
fn from_outside(wanted: &Wanted<'_>) -> BTreeMap<String, Handed> {
    wanted.vars.iter().cloned().collect()
}

impl Cx<'_> {
    /// An included file adds to an image; it cannot be one.
    fn only_in_main(&self, raw: &Raw) {
        let image = raw.image.as_ref().map(|table| ("image", table.span()));
        let base = raw.base.as_ref().map(|table| ("base", table.span()));
        for (table, place) in image.into_iter().chain(base) {
            let sources = self.shared.sources.borrow();
            let main = sources.main().map(|main| &main.path);
            let elsewhere = sources.locate(&place).is_some_and(|(file, _)| Some(&file.path) != main);
            if elsewhere {
                let fault = Fault::at(place, format!("an included file cannot have `[{table}]`"));
                self.fault(fault.hint("put it into the template that includes this file"));
            }
        }
    }
}
