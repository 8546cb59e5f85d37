//! The Debian that tests use as their builder: it is a machine of its own in all that they change.

use hornero::{
    provision::apt::HOLD,
    remote::{Command, Exit, Remote, purpose::Purpose},
};

use crate::{ec2::Cloud, rig::rootfs::Rootfs};

#[tokio::test]
async fn a_debian_of_its_own_is_changed_and_this_computer_is_not() {
    let one = Rootfs::with("useradd --create-home deploy", "");
    let other = Rootfs::start();
    one.sh("rm -rf /home/deploy/.profile /etc/motd && hostname changed && touch /marked");
    assert_eq!(one.sh("getent passwd deploy | cut -d: -f3,6"), "1000:/home/deploy");
    assert!(one.seen("/marked").exists() && !other.seen("/marked").exists());
    assert!(other.seen("/etc/motd").exists(), "one test's changes reached another's builder");
    assert_eq!(other.sh("hostname"), "rootfs");
    assert!(!std::path::Path::new("/marked").exists());
    one.write("/root/.note", "from outside\n");
    let remote = one.connect("root").await;
    let mut lines = Vec::new();
    let command = Command::new(Purpose::Probe, "cat .note; id -un");
    let exit = remote.run(command, &mut |_, line| lines.push(line.to_owned())).await.unwrap();
    assert_eq!((exit, lines.join(" ").as_str()), (Exit::Code(0), "from outside root"));
    assert!(one.log().contains("Accepted publickey for root"), "{}", one.log());
    // Its processes are its own: nothing of this computer is seen from there.
    let seen: u32 = one.sh("ls -d /proc/[0-9]* | wc -l").parse().unwrap();
    assert!(seen < 10, "{seen} processes");
}

#[test]
fn a_bake_and_its_seal_change_the_debian_that_is_its_builder() {
    let cloud = Cloud::start();
    let setup = "useradd --create-home --shell /bin/bash admin
        echo 'admin ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/admin
        echo 0123456789abcdef0123456789abcdef >/etc/machine-id
        echo line >/var/log/old.log";
    let builder = Rootfs::with(setup, "");
    let template = cloud.template_on(
        &builder,
        "admin",
        "[[files]]\ncontent = \"hello\"\ndestination = \"/opt/hello\"\nowner = \"admin\"\n\
         [[steps]]\nrun = \"useradd --create-home web; id -un >/opt/ran-as\"\n",
    );
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(builder.sh("cat /opt/hello; stat -c %U /opt/hello /home/web"), "helloadmin\nweb");
    assert_eq!(builder.sh("cat /opt/ran-as"), "root");
    assert_eq!(builder.sh("wc -c </etc/machine-id; wc -c </var/log/old.log"), "0\n0");
    assert_eq!(cloud.images("eu-west-1").len(), 1);
}

#[test]
fn its_own_cloud_init_makes_it_what_a_template_says() {
    let builder = Rootfs::start();
    builder.boot_as_builder("[[users]]\nname = \"deploy\"\nuid = 1500\nshell = \"/bin/sh\"\n");
    assert_eq!(builder.sh("getent passwd deploy | cut -d: -f3,7"), "1500:/bin/sh");
    assert_eq!(builder.sh("stat -c %U /home/deploy"), "deploy");
}

#[test]
fn a_step_begins_when_what_updates_packages_by_itself_is_done() {
    let builder = Rootfs::start();
    let service = "/sys/fs/cgroup/system.slice/apt-daily.service";
    builder.sh(&format!("mkdir -p {service} && {{ (sleep 2; rmdir {service}) >/dev/null 2>&1 & }}"));
    let left = builder.sh(&format!("{HOLD}\ntest ! -e {service} && cat /etc/apt/apt.conf.d/zz-hornero-bake"));
    assert!(left.contains("DPkg::Lock::Timeout"), "{left}");
}
