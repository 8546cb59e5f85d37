//! What two images are compared by: what a manifest says of its image, as named texts in groups. What
//! is another with every bake (IDs, times, sums of whole disks) is left out.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use serde::Serialize;

use super::{AccountEntry, BaseEntry, InputEntry, Manifest, PackageEntry};
use crate::{
    platform::CapturedDisk,
    template::{model::Check, units::Size},
};

/// What belongs together, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    Image,
    Base,
    System,
    Disks,
    Packages,
    Users,
    Variables,
    Inputs,
    /// Parts of the fingerprint.
    DecidedBy,
    Checks,
    Sealed,
    SecretsInImage,
}

pub type Texts = BTreeMap<String, String>;

impl Manifest {
    /// Taken apart without a rest, so that whoever adds a field decides here whether it is compared.
    pub(super) fn content(&self) -> BTreeMap<Group, Texts> {
        let Self {
            // Who made it, when and where: another with every bake.
            format: _,
            tool: _,
            image: _,
            run: _,
            created: _,
            timings: _,
            resumed: _,
            // Where it is kept, and how far that has come.
            region: _,
            unfinished: _,
            copies: _,
            // How machines are started from it.
            machine: _,
            ssh: _,
            cloud_init: _,
            // Told before anything else.
            fingerprint: _,
            name,
            version,
            description,
            platform,
            base: BaseEntry { id, description: told },
            system,
            kernel,
            disks,
            sealed,
            secrets_in_image,
            decided_by,
            variables,
            inputs,
            packages,
            package_snapshot,
            users,
            checks,
        } = self;
        let moment = package_snapshot.as_ref().map(ToString::to_string);
        let system =
            [("system", Some(system)), ("kernel", Some(kernel)), ("package snapshot", moment.as_ref())];
        BTreeMap::from([
            (Group::Image, about(name, version.as_ref(), description.as_ref(), platform)),
            (Group::Base, texts([("id", Some(id)), ("description", Some(told))])),
            (Group::System, texts(system)),
            (Group::Disks, disks.iter().map(disk).collect()),
            (Group::Packages, versions(packages)),
            (Group::Users, users.iter().map(user).collect()),
            (Group::Variables, variables.clone()),
            (Group::Inputs, sums(inputs)),
            (Group::DecidedBy, decided_by.clone()),
            (Group::Checks, probes(checks)),
            (Group::Sealed, sealed.iter().map(|part| (part.clone(), String::new())).collect()),
            (Group::SecretsInImage, secrets_in_image.clone()),
        ])
    }
}

fn about(name: &String, version: Option<&String>, description: Option<&String>, platform: &String) -> Texts {
    texts([
        ("name", Some(name)),
        ("version", version),
        ("description", description),
        ("platform", Some(platform)),
    ])
}

fn texts<const N: usize>(known: [(&str, Option<&String>); N]) -> Texts {
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone()))).collect()
}

/// Its size as the machine sees it; how much of it is written differs from bake to bake.
fn disk(disk: &CapturedDisk) -> (String, String) {
    (disk.name.clone(), Size(disk.virtual_bytes).to_string())
}

fn user(user: &AccountEntry) -> (String, String) {
    let AccountEntry { name, uid, gid, home, shell } = user;
    (name.clone(), format!("uid {uid}, gid {gid}, {home}, {shell}"))
}

/// A package that is there more than once, for two architectures or as two kernels, has all its
/// versions in one text.
fn versions(packages: &[PackageEntry]) -> Texts {
    let mut named: BTreeMap<&str, Vec<&PackageEntry>> = BTreeMap::new();
    packages.iter().for_each(|package| named.entry(&package.name).or_default().push(package));
    let text = |entries: &[&PackageEntry]| match entries {
        [one] => one.version.clone(),
        several => {
            let mut texts: Vec<_> =
                several.iter().map(|one| format!("{} {}", one.version, one.arch)).collect();
            texts.sort_unstable();
            texts.join(", ")
        }
    };
    named.into_iter().map(|(name, entries)| (name.to_owned(), text(&entries))).collect()
}

/// Named as the template would name them: the folder that it lay in is no matter.
fn sums(inputs: &[InputEntry]) -> Texts {
    let folder = inputs.first().and_then(|template| Path::new(&template.path).parent());
    let entry = |InputEntry { path, sha256, mode }: &InputEntry| {
        let name = folder.map_or_else(|| path.into(), |folder| relative(Path::new(path), folder));
        (name.display().to_string(), format!("{mode} {sha256}"))
    };
    inputs.iter().map(entry).collect()
}

/// The way from `folder` to `path`.
fn relative(path: &Path, folder: &Path) -> PathBuf {
    let shared = path.components().zip(folder.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
}

/// Two checks may have one name.
fn probes(checks: &[Check]) -> Texts {
    let mut texts = Texts::new();
    for Check { name, probe, timeout: _ } in checks {
        // A plain tree with texts as keys, which JSON always takes.
        let text = serde_json::to_string(probe).unwrap_or_default();
        let names = (1..).map(|number| match number {
            1 => name.clone(),
            number => format!("{name} ({number})"),
        });
        let free = names.into_iter().find(|name| !texts.contains_key(name));
        texts.insert(free.unwrap_or_else(|| name.clone()), text);
    }
    texts
}
