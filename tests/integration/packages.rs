//! Packages by the builder's own cloud-init and apt, on a Debian of its own.

use std::time::Duration;

use crate::{
    ec2::Cloud,
    rig::{archive::Archive, hornero::Ran, image::manifest, rootfs::Rootfs},
};

/// What the base that hornero makes says to cloud-init too, for this tree has no locales and keeps its sources; and
/// what a machine has to go off with.
const SETUP: &str = r#"
printf 'locale: false\napt:\n  preserve_sources_list: true\n' >/etc/cloud/cloud.cfg.d/90_rig.cfg
printf '#!/bin/sh\n: >/run/rig/off\n' >/usr/local/sbin/poweroff
chmod +x /usr/local/sbin/poweroff
"#;

const SNAPSHOT: &str = r#"
[packages]
snapshot = { at = "2026-11-01", archive = "ARCHIVE" }
install = ["hello"]
[[steps]]
name = "apt of a step asks the snapshot too"
run = """
apt-get update
apt-get install -y hello-traditional
apt-get indextargets --format '$(SITE)' >/run/sites
if ! grep -q 20261101T000000Z /run/sites || grep -v 20261101T000000Z /run/sites; then exit 1; fi
"""
[seal]
keep = ["package-cache"]
"#;

/// It asks the servers that this computer asks.
fn debian() -> Rootfs {
    let builder = Rootfs::with(SETUP, "");
    builder.write("/etc/resolv.conf", std::fs::read("/etc/resolv.conf").unwrap());
    builder
}

fn template(cloud: &Cloud, builder: &Rootfs, more: &str) -> String {
    let template = cloud.template_on(builder, "root", more);
    let text = std::fs::read_to_string(&template).unwrap().replace("[cloud_init]\nenabled = false\n", "");
    std::fs::write(&template, text).unwrap();
    template
}

/// A bake on a builder whose cloud-init has finished with the user-data of the same template before hornero connects.
#[expect(clippy::disallowed_methods, reason = "there is no runtime here")]
fn bake(cloud: &mut Cloud, builder: &Rootfs, more: &str) -> Ran {
    builder.boot_as_builder(more);
    let mut bake = cloud.command(&["bake", &template(cloud, builder, more)]);
    let baking = std::thread::spawn(move || Ran::from(bake.output().unwrap()));
    while !baking.is_finished() && !builder.seen("/run/rig/off").exists() {
        std::thread::sleep(Duration::from_millis(50));
    }
    cloud.power_off();
    baking.join().unwrap()
}

#[test]
fn a_package_that_does_not_exist_is_named() {
    let (mut cloud, builder) = (Cloud::start(), debian());
    let ran = bake(&mut cloud, &builder, "[packages]\ninstall = [\"no-such-package-anywhere\"]\n");
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("no package `no-such-package-anywhere`"), "{}", ran.stderr);
    assert_eq!(cloud.images("eu-west-1").len(), 0);
}

#[test]
fn packages_come_from_the_snapshot_and_the_image_has_its_own_sources() {
    let (mut cloud, builder, archive) = (Cloud::start(), debian(), Archive::start());
    let more = SNAPSHOT.replace("ARCHIVE", &archive.url);
    let planned = cloud.run(&["plan", &template(&cloud, &builder, &more)]).stdout;
    let line = format!("packages of the distribution as of 2026-11-01T00:00:00Z in {}\n", archive.url);
    assert!(planned.contains(&line), "{planned}");

    let ran = bake(&mut cloud, &builder, &more);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let asked = archive.asked();
    for (name, start) in [
        ("cloud-init", "/debian/20261101T000000Z/pool/main/h/hello/"),
        ("the step", "/debian/20261101T000000Z/pool/main/h/hello-traditional/"),
        ("security", "/debian-security/20261101T000000Z/dists/bookworm-security/"),
    ] {
        assert!(asked.iter().any(|path| path.starts_with(start)), "{name}: {asked:?}");
    }
    let manifest = manifest(&cloud.hornero.data().join("images").join(ran.stdout.trim()));
    assert_eq!(manifest["package_snapshot"]["at"], "2026-11-01T00:00:00Z");
    assert!(manifest["decided_by"]["package snapshot"].is_string());

    let sources = builder
        .sh("cat /etc/apt/sources.list; ls /etc/apt/sources.list.d; cat /etc/apt/sources.list.d/* || true");
    assert!(sources.contains("bookworm main") && !sources.contains("20261101T000000Z"), "{sources}");
    assert!(!builder.seen("/var/lib/hornero-snapshot").exists());
    let kept = builder.sh("ls /var/lib/apt/lists");
    assert!(!kept.contains("20261101T000000Z"), "{kept}");
}
