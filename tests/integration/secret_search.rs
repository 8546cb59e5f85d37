//! The search of a sealed builder for secrets, on a Debian of its own with little memory: what its image would hold is
//! found wherever it stands, and nothing is left behind by the search.

use crate::{
    ec2::Cloud,
    rig::{hornero::Ran, rootfs::Rootfs},
};

/// Base64 of it takes more than one line.
const PASSWORD: &str = "p4ssw0rd-of-71-characters-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG";

/// A file of a gigabyte does not fit into what a login may have, and there are loop devices for another file system.
const SETUP: &str = "echo 'root - as 131072' >>/etc/security/limits.conf
    mknod /dev/loop-control c 10 237
    for number in 0 1 2 3 4 5 6 7; do mknod /dev/loop$number b 7 $number; done
    printf '#!/bin/sh\nprintf \"\\\\001%%s\\\\n\" \"hornero-concluded remains= found=\"\n' >/usr/local/sbin/fstrim
    chmod +x /usr/local/sbin/fstrim";

/// Large files, another file system, and one that hides what is under it.
const MACHINE: &str = "truncate -s 1G /srv/0-swapfile /srv/disk
    mkfs.ext4 -q /srv/disk
    mkdir -p /data /srv/mnt
    mount -o loop /srv/disk /data";

fn template(cloud: &Cloud, builder: &Rootfs, step: &str) -> String {
    let key = cloud.hornero.folder.path().join("token.pem");
    let made = std::process::Command::new("openssl")
        .args(["genpkey", "-algorithm", "ed25519", "-out"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    cloud.template_on(
        builder,
        "root",
        &format!(
            "[secrets]\npassword = {{ env = \"PASSWORD\" }}\nkey = {{ file = \"token.pem\" }}\n\
             [[steps]]\nenv = {{ PW = \"{{{{ secrets.password }}}}\", KEY = \"{{{{ secrets.key }}}}\" }}\n\
             run = '''\n{MACHINE}\n{step}\n'''\n"
        ),
    )
}

fn bake(cloud: &Cloud, template: &str) -> Ran {
    Ran::from(cloud.command(&["bake", template]).env("PASSWORD", PASSWORD).output().unwrap())
}

#[test]
fn a_secret_is_found_wherever_the_image_would_hold_it() {
    let cloud = Cloud::start();
    let builder = Rootfs::with(SETUP, "");
    let step = "printf %s \"$PW\" | base64 >/srv/wrapped
        printf '%s\\n' \"$KEY\" | base64 >/srv/key.64
        printf '%s\\n' \"$PW\" >/srv/mnt/under
        mount -t tmpfs over /srv/mnt
        printf '%s\\n' \"$PW\" >/data/hidden
        mount -t tmpfs over /data
        mkdir \"/srv/folder-$PW\"
        ln -s \"/nowhere/$PW\" /srv/link
        python3 -c 'import os; os.setxattr(\"/etc/motd\", \"trusted.note\", os.environ[\"PW\"].encode())'
        printf '%s\\n' \"$PW\" >>/srv/0-swapfile";
    let ran = bake(&cloud, &template(&cloud, &builder, step));
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    for found in [
        "the secret `password`: it is in /srv/wrapped",
        "the secret `key`: it is in /srv/key.64",
        "the secret `password`: it is in /srv/mnt/under",
        "the secret `password`: it is in /data/hidden",
        "the secret `password`: it is in the name of /srv/folder-[secret]/",
        "the secret `password`: it is in what the link /srv/link points at",
        "the secret `password`: it is in an extended attribute of /etc/motd",
        "the secret `password`: it is in /srv/0-swapfile",
    ] {
        assert!(ran.stderr.contains(found), "{found}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains(PASSWORD), "{}", ran.stderr);
    assert_eq!(cloud.images("eu-west-1").len(), 0);
}

#[test]
fn a_search_leaves_neither_a_mount_nor_a_secret_behind() {
    let cloud = Cloud::start();
    let builder = Rootfs::with(SETUP, "");
    let ran = bake(
        &cloud,
        &template(&cloud, &builder, "mount -t tmpfs over /srv/mnt; cat /proc/self/mountinfo >/srv/mounts"),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("searched: /, /data"), "{}", ran.stderr);
    assert_eq!(cloud.images("eu-west-1").len(), 1);
    assert_eq!(builder.sh("cat /proc/self/mountinfo"), builder.sh("cat /srv/mounts"));
    let anywhere = format!(
        "grep -rlF -e {PASSWORD} /bin /boot /data /dev/shm /etc /home /opt /root /run /srv /tmp /usr /var"
    );
    assert_eq!(builder.run(&anywhere).stdout, "");
}

#[test]
fn a_search_that_cannot_read_everything_makes_no_image() {
    let cloud = Cloud::start();
    let builder = Rootfs::with(SETUP, "");
    let step = "printf '%s\\n' '#!/bin/sh' 'case $* in *self/fd/3*) kill -SEGV $$ ;; esac' 'exec /usr/bin/grep \"$@\"' \
                >/usr/local/bin/grep; chmod +x /usr/local/bin/grep";
    let ran = bake(&cloud, &template(&cloud, &builder, step));
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("searching the builder for secrets did not work: /: `grep` ended with"),
        "{}",
        ran.stderr
    );
    assert_eq!(cloud.images("eu-west-1").len(), 0);
}
