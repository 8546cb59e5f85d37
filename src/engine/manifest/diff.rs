//! How two images differ, by their manifests.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Manifest,
    content::{Group, Texts},
};

/// What differs between the image `a` and the image `b`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff {
    pub a: Side,
    pub b: Side,
    /// Whether both were made of the same inputs; `None` where one of them does not say.
    pub same_fingerprint: Option<bool>,
    /// Only groups in which something differs.
    pub changes: BTreeMap<Group, BTreeMap<String, Change>>,
}

/// Which image it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Side {
    pub image: String,
    pub name: String,
    pub version: Option<String>,
    pub created: Timestamp,
    pub fingerprint: Option<String>,
}

/// What has become of one thing on the way from `a` to `b`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    Added { value: String },
    Removed { value: String },
    Changed { from: String, to: String },
}

impl Diff {
    pub fn of(a: &Manifest, b: &Manifest) -> Self {
        let (then, mut now) = (a.content(), b.content());
        let changes = then.into_iter().map(|(group, then)| {
            let now = now.remove(&group).unwrap_or_default();
            (group, changes(&then, &now))
        });
        let same_fingerprint = a.fingerprint.as_ref().zip(b.fingerprint.as_ref()).map(|(a, b)| a == b);
        let changes = changes.filter(|(_, changes)| !changes.is_empty()).collect();
        Self { a: Side::of(a), b: Side::of(b), same_fingerprint, changes }
    }

    /// Two bakes of the same inputs differ where the distribution's packages have gone on.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.same_fingerprint != Some(false)
    }
}

impl Side {
    fn of(manifest: &Manifest) -> Self {
        Self {
            image: manifest.image.clone(),
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            created: manifest.created,
            fingerprint: manifest.fingerprint.clone(),
        }
    }
}

fn changes(then: &Texts, now: &Texts) -> BTreeMap<String, Change> {
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let change = |name: &String| match (then.get(name).cloned(), now.get(name).cloned()) {
        (Some(from), Some(to)) => (from != to).then_some(Change::Changed { from, to }),
        (Some(value), None) => Some(Change::Removed { value }),
        (None, value) => value.map(|value| Change::Added { value }),
    };
    names.into_iter().filter_map(|name| Some((name.clone(), change(name)?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn manifest(other: &[(&str, Value)]) -> Manifest {
        let sum = |digit: &str| digit.repeat(64);
        let mut value = json!({
            "format": 1, "tool": "0.1.0", "image": "img-a", "name": "web", "version": "1", "description": null,
            "run": "web-a", "platform": "qemu", "created": "2026-07-01T06:31:00Z",
            "base": {"id": "sha256:aa", "description": "debian bookworm"}, "system": "Debian 12", "kernel": "6.1",
            "disks": [{"name": "root", "file": "root.qcow2", "file_bytes": 1, "sha256": sum("d"), "virtual_bytes": 4096}],
            "sealed": ["logs"], "fingerprint": sum("f"), "decided_by": {"base": sum("1")},
            "inputs": [
                {"path": "/here/web.toml", "sha256": sum("2"), "mode": "0644"},
                {"path": "/here/site/index.html", "sha256": sum("3"), "mode": "0644"},
            ],
            "packages": [
                {"name": "jq", "version": "1.6", "arch": "amd64"},
                {"name": "glibc", "version": "2.34", "arch": "x86_64"},
                {"name": "glibc", "version": "2.34", "arch": "i686"},
            ],
            "users": [{"name": "root", "uid": 0, "gid": 0, "home": "/root", "shell": "/bin/sh"}],
            "checks": [], "machine": {"memory": 1, "cpus": 1, "accelerator": "auto", "firmware": "bios"},
            "cloud_init": true, "timings": {"phases": [], "steps": []},
        });
        other.iter().for_each(|(name, other)| value[*name] = other.clone());
        serde_json::from_value(value).unwrap()
    }

    /// The groups and names that differ, and how.
    fn told(other: &[(&str, Value)]) -> Vec<(Group, String, Change)> {
        let diff = Diff::of(&manifest(&[]), &manifest(other));
        let flat = diff.changes.into_iter().flat_map(|(group, changes)| {
            changes.into_iter().map(move |(name, change)| (group, name, change))
        });
        flat.collect()
    }

    #[test]
    fn another_bake_of_the_same_differs_in_nothing() {
        let again = manifest(&[
            ("image", json!("img-b")),
            ("run", json!("web-b")),
            ("created", json!("2026-07-02T06:31:00Z")),
            (
                "disks",
                json!([{"name": "root", "file": "root.qcow2", "file_bytes": 2, "sha256": "e", "virtual_bytes": 4096}]),
            ),
        ]);
        let diff = Diff::of(&manifest(&[]), &again);
        assert!(diff.is_empty() && diff.same_fingerprint == Some(true), "{diff:?}");
    }

    #[test]
    fn what_came_went_and_changed_is_told_by_its_name() {
        let packages = json!([
            {"name": "jq", "version": "1.7", "arch": "amd64"},
            {"name": "glibc", "version": "2.34", "arch": "x86_64"},
            {"name": "nginx", "version": "1.22", "arch": "amd64"},
        ]);
        let changed = |from: &str, to: &str| Change::Changed { from: from.into(), to: to.into() };
        let found = told(&[("packages", packages), ("sealed", json!([])), ("kernel", json!("6.2"))]);
        assert_eq!(
            found,
            [
                (Group::System, "kernel".into(), changed("6.1", "6.2")),
                (Group::Packages, "glibc".into(), changed("2.34 i686, 2.34 x86_64", "2.34")),
                (Group::Packages, "jq".into(), changed("1.6", "1.7")),
                (Group::Packages, "nginx".into(), Change::Added { value: "1.22".into() }),
                (Group::Sealed, "logs".into(), Change::Removed { value: String::new() }),
            ]
        );
    }

    #[test]
    fn files_are_named_from_the_template_wherever_it_lay() {
        let sum = |digit: &str| digit.repeat(64);
        let moved = json!([
            {"path": "/there/web.toml", "sha256": sum("2"), "mode": "0644"},
            {"path": "/there/site/index.html", "sha256": sum("9"), "mode": "0755"},
            {"path": "/provisioners/nginx.toml", "sha256": sum("4"), "mode": "0644"},
        ]);
        let found = told(&[("inputs", moved)]);
        let names: Vec<&str> = found.iter().map(|(_, name, _)| name.as_str()).collect();
        assert_eq!(names, ["../provisioners/nginx.toml", "site/index.html"]);
    }

    #[test]
    fn other_inputs_are_a_difference_and_no_fingerprint_is_none() {
        let other = manifest(&[("fingerprint", json!("0".repeat(64)))]);
        let diff = Diff::of(&manifest(&[]), &other);
        assert!(!diff.is_empty() && diff.changes.is_empty());
        let diff = Diff::of(&manifest(&[]), &manifest(&[("fingerprint", Value::Null)]));
        assert!(diff.is_empty() && diff.same_fingerprint.is_none());
    }

    #[test]
    fn two_checks_of_one_name_are_two() {
        let check = |path: &str| json!({"name": "there", "probe": {"kind": "port", "port": 80, "listening": path == "a"}, "timeout": null});
        let found = told(&[("checks", json!([check("a"), check("b")]))]);
        let names: Vec<&str> = found.iter().map(|(_, name, _)| name.as_str()).collect();
        assert_eq!(names, ["there", "there (2)"]);
    }
}
