//! Packages as of a moment, in a real guest.

use crate::rig::{
    archive::Archive,
    guests,
    hornero::Hornero,
    image::{Filesystem, manifest},
};

const TEMPLATE: &str = r#"
[image]
name = "moment"
[base]
os = "debian-12"
[packages]
snapshot = { at = "2026-11-01", archive = "ARCHIVE" }
install = ["hello"]
[[steps]]
name = "apt of a step asks the snapshot too"
run = """
apt-get update
apt-get install -y hello-traditional
if apt-get indextargets --format '$(SITE)' | grep -v 20261101T000000Z; then exit 1; fi
"""
[seal]
keep = ["package-cache"]
"#;

#[test]
fn packages_come_from_the_snapshot_and_the_image_has_its_own_sources() {
    let _turn = guests::turn();
    let (hornero, archive) = (Hornero::new().warm(), Archive::start());
    let template = hornero.template(
        "moment.toml",
        &(TEMPLATE.replace("ARCHIVE", &archive.url) + guests::SMALL + guests::PATIENT),
    );
    let planned = hornero.run(&["plan", &template]).stdout;
    let line = format!("packages of the distribution as of 2026-11-01T00:00:00Z in {}\n", archive.url);
    assert!(planned.contains(&line), "{planned}");

    let (_, folder) = hornero.bake(&template);
    let asked = archive.asked();
    for (name, start) in [
        ("cloud-init", "/debian/20261101T000000Z/pool/main/h/hello/"),
        ("the step", "/debian/20261101T000000Z/pool/main/h/hello-traditional/"),
        ("security", "/debian-security/20261101T000000Z/dists/bookworm-security/"),
    ] {
        assert!(asked.iter().any(|path| path.starts_with(start)), "{name}: {asked:?}");
    }
    let manifest = manifest(&folder);
    assert_eq!(manifest["package_snapshot"]["at"], "2026-11-01T00:00:00Z");
    assert!(manifest["decided_by"]["package snapshot"].is_string());

    let root = Filesystem::open(&folder.join("root.qcow2"));
    let lists = root.list("/etc/apt/sources.list.d");
    let sources: String =
        lists.iter().map(|name| root.read(&format!("/etc/apt/sources.list.d/{name}"))).collect();
    let sources = sources + &root.read("/etc/apt/sources.list");
    assert!(sources.contains("bookworm main") && !sources.contains("20261101T000000Z"), "{sources}");
    assert!(!root.exists("/var/lib/hornero-snapshot"));
    let kept = root.list("/var/lib/apt/lists");
    assert!(!kept.iter().any(|name| name.contains("20261101T000000Z")), "{kept:?}");
}
