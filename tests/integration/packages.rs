//! Packages by the builder's own cloud-init and apt, on a Debian of its own.

use crate::{
    ec2::Cloud,
    rig::{hornero::Ran, rootfs::Rootfs},
};

/// A bake on a builder whose cloud-init has finished with the user-data of the same template before hornero connects.
fn bake(cloud: &Cloud, builder: &Rootfs, more: &str) -> Ran {
    builder.boot_as_builder(more);
    let template = cloud.template_on(builder, "root", more);
    let text = std::fs::read_to_string(&template).unwrap().replace("[cloud_init]\nenabled = false\n", "");
    std::fs::write(&template, text).unwrap();
    cloud.run(&["bake", &template])
}

/// What the base that hornero makes says to cloud-init too: this tree has no locales, and keeps its sources.
const SETUP: &str =
    "printf 'locale: false\napt:\n  preserve_sources_list: true\n' >/etc/cloud/cloud.cfg.d/90_rig.cfg";

/// It asks the servers that this computer asks.
fn debian() -> Rootfs {
    let builder = Rootfs::with(SETUP, "");
    builder.write("/etc/resolv.conf", std::fs::read("/etc/resolv.conf").unwrap());
    builder
}

#[test]
fn a_package_that_does_not_exist_is_named() {
    let (cloud, builder) = (Cloud::start(), debian());
    let ran = bake(&cloud, &builder, "[packages]\ninstall = [\"no-such-package-anywhere\"]\n");
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("no package `no-such-package-anywhere`"), "{}", ran.stderr);
    assert_eq!(cloud.images("eu-west-1").len(), 0);
}
