//! A bake whose builder is not reached straight.

use super::Cloud;
use crate::rig::sshd::Sshd;

/// A program of this computer makes its own connection to the builder; then it is enough.
const STEPS: &str = r#"
[[steps]]
name = "greeting"
kind = "local"
run = """
#!/bin/bash
exec 3<>/dev/tcp/$HORNERO_HOST/$HORNERO_PORT
head --bytes=8 <&3 >greeting
echo "$HORNERO_PORT" >port
# The host key is known although the template gives only its fingerprint.
ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=none -o IdentitiesOnly=yes \\
    -o UserKnownHostsFile="$HORNERO_KNOWN_HOSTS" -i "$HORNERO_KEY" -p "$HORNERO_PORT" "$HORNERO_USER@$HORNERO_HOST" \\
    'echo "$SSH_CONNECTION"' >through
"""
[[steps]]
name = "where from"
run = "echo \"came from $SSH_CONNECTION\"; exit 3"
"#;

/// A template whose builder is behind this bastion.
fn behind(bastion: &Sshd, host_key: &str, cloud: &Cloud) -> String {
    let path = cloud.template("", STEPS);
    let account = bastion.account();
    let key = cloud.hornero.folder.path().join("bastion-key");
    std::fs::write(&key, &account.private_key).unwrap();
    let line = format!(
        "[ssh]\nbastion = {{ host = \"127.0.0.1\", port = {}, user = \"{}\", private_key = \"{}\", host_key = \"{host_key}\" }}\n",
        account.address.port(),
        account.user,
        key.display(),
    );
    let text = std::fs::read_to_string(&path).unwrap().replace("[ssh]\n", &line);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_bake_goes_through_a_bastion_and_its_local_steps_too() {
    let (cloud, bastion) = (Cloud::start(), Sshd::start());
    let template = behind(&bastion, &bastion.account().pin.to_string(), &cloud);
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("where from"), "{}", ran.stderr);
    let read = |name: &str| std::fs::read_to_string(cloud.hornero.folder.path().join(name)).unwrap();
    assert_eq!(read("greeting"), "SSH-2.0-");
    let direct = std::fs::read_to_string(&template).unwrap();
    assert!(!direct.contains(&format!("port = {}", read("port").trim())), "a port of this computer's own");
    assert!(read("through").starts_with("127.0.0.1 "), "OpenSSH's client has logged in: {}", read("through"));
    assert_eq!(bastion.log().matches("Accepted publickey").count(), 3, "{}", bastion.log());
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_builder_at_an_address_of_the_templates_own_is_baked_without_asking_for_ours() {
    let cloud = Cloud::start();
    let offline = "address_service = \"http://127.0.0.1:9\"\n";
    let check = "[[checks]]\ncommand = \"true\"\n";
    let template = cloud.template("", check);
    let text = std::fs::read_to_string(&template).unwrap();
    std::fs::write(&template, text.replace("ssh_cidrs = [\"203.0.113.7/32\"]\n", offline)).unwrap();
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(cloud.images("eu-west-1").len(), 1);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_foreign_bastion_ends_the_bake_with_one_error_and_nothing_is_left() {
    let (cloud, bastion) = (Cloud::start(), Sshd::start());
    let foreign = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    let ran = cloud.run(&["bake", &behind(&bastion, foreign, &cloud)]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("not the pinned") && ran.stderr.contains("[ssh] bastion"), "{}", ran.stderr);
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}
