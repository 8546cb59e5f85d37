//! Keys and users that cannot be logged in with: found before anything is launched where that can be known, and soon
//! after the first refusal otherwise.

use std::{process::Command, time::Instant};

use super::Cloud;

/// A key as `ssh-keygen` makes it, beside the template.
fn key(cloud: &Cloud, name: &str, passphrase: &str) -> String {
    let path = cloud.hornero.folder.path().join(name);
    let mut make = Command::new("ssh-keygen");
    let done = make.args(["-q", "-t", "ed25519", "-N", passphrase, "-f"]).arg(&path).status().unwrap();
    assert!(done.success());
    path.display().to_string()
}

#[test]
fn a_key_that_cannot_be_used_is_told_before_anything_is_launched() {
    let cloud = Cloud::start();
    let good = cloud.hornero.folder.path().join("key").display().to_string();
    let (locked, plain) = (key(&cloud, "locked", "secret"), key(&cloud, "plain", ""));
    for (bad, why, hint) in [
        (locked.clone(), "it has a passphrase", "ssh-keygen -p"),
        (format!("{plain}.pub"), "it is a public key", plain.as_str()),
        (format!("{plain}-nowhere"), "there is no key file", "relative to this file"),
    ] {
        let template = cloud.edited(&[(&format!("\"{good}\""), &format!("\"{bad}\""))]);
        for command in ["validate", "plan", "bake"] {
            let ran = cloud.run(&[command, &template]);
            assert_eq!(ran.code, 3, "{command} {bad}: {}", ran.stderr);
            assert!(ran.stderr.contains(why) && ran.stderr.contains(hint), "{command} {bad}: {}", ran.stderr);
        }
    }
    assert!(cloud.instances().is_empty(), "something was launched");
}

#[test]
fn a_login_that_is_refused_is_told_long_before_the_time_to_connect_is_over() {
    let cloud = Cloud::start();
    let user = format!("user = \"{}\"\n", cloud.user());
    let template =
        cloud.edited(&[(&user, "user = \"nobody-here\"\n"), ("timeout = \"20s\"", "timeout = \"5m\"")]);
    let begun = Instant::now();
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(begun.elapsed().as_secs() < 60, "it took {:?}", begun.elapsed());
    assert!(ran.stderr.contains("`user` and `private_key` of [ssh]"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("cloud-init ran"), "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("waiting for a login").count(), 1, "{}", ran.stderr);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}
