//! Whole bakes in real guests: what a template asks for is in the image, and what goes wrong is
//! told and leaves nothing behind. Under emulation a guest takes about a minute to boot: those that are
//! no test of that go on from one saved machine.

mod firmware;
mod kept;
mod restart;
mod warm;

use hornero::sum::of_file;

use crate::rig::{
    guests,
    hornero::{Hornero, Ran, shipped},
    image::{Filesystem, info, manifest},
    quick,
};

/// Fails, as a user sees it: exit code, one error, nothing left.
fn failed(hornero: &Hornero, template: &str, code: i32) -> Ran {
    let ran = hornero.run(&["bake", template]);
    assert_failed(hornero, &ran, code);
    ran
}

fn assert_failed(hornero: &Hornero, ran: &Ran, code: i32) {
    assert_eq!(ran.code, code, "{}", ran.stderr);
    assert!(ran.stdout.is_empty(), "a failed bake prints no ID: {}", ran.stdout);
    assert!(ran.stderr.contains("log:"), "where the log lies: {}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    assert_eq!(hornero.leftovers(), Vec::<String>::new());
}

fn head(name: &str) -> String {
    format!("[image]\nname = \"{name}\"\n[base]\nos = \"debian-12\"\n{}{}", guests::SMALL, guests::PATIENT)
}

#[test]
fn the_smallest_template_becomes_a_recorded_image() {
    let _turn = guests::long_turn();
    // As a user's second bake begins; those below boot.
    let hornero = Hornero::new().warm();
    let hello = std::fs::read_to_string(shipped("hello.toml")).unwrap();
    let hello = hello + guests::SMALL + guests::PATIENT;
    let (id, folder) = hornero.bake(&hornero.template("hello.toml", &hello));
    let got = hornero.run(&["get", "hello"]);
    assert_eq!(got.stdout.trim(), id);
    assert!(hornero.run(&["images", "hello"]).stdout.contains(&id));
    let history = hornero.run(&["history", "hello"]).stdout;
    assert!(history.contains("/images/hello/dev") && history.contains(&id), "{history}");

    let disk = folder.join("root.qcow2");
    let info = info(&disk);
    assert_eq!(info["format"], "qcow2");
    assert_eq!(info["format-specific"]["data"]["compression-type"], "zstd");
    assert!(info.get("backing-filename").is_none(), "the image needs no other file: {info}");
    let sums = std::fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    assert!(sums.contains(&format!("{}  root.qcow2", of_file(&disk).unwrap())), "{sums}");
    assert_eq!(hornero.leftovers(), Vec::<String>::new());
    let root = Filesystem::open(&disk);
    sealed(&root);
    let login = root.read("/etc/passwd");
    assert!(
        login.contains("\ndebian:x:1000:") && root.read("/etc/subuid").contains("debian:100000:"),
        "{login}"
    );
    an_image_is_the_base_of_the_next(&hornero, &id);
}

/// Without checks, so that one machine is enough.
fn an_image_is_the_base_of_the_next(hornero: &Hornero, base: &str) {
    let text = "[image]\nname = \"child\"\n[base]\ntemplate = \"hello.toml\"\n\
                [[users]]\nname = \"app\"\n[[users]]\nname = \"debian\"\ngroups = [\"adm\", \"app\"]\n\
                [[steps]]\nrun = \"grep -q hornero /etc/motd; touch /etc/made-by-child\"\n";
    let template = hornero.template("child.toml", &(text.to_owned() + guests::SMALL + guests::PATIENT));
    let (_, folder) = hornero.bake_with(&template, &["--cold"]);
    let root = Filesystem::open(&folder.join("root.qcow2"));
    assert!(root.exists("/etc/made-by-child"));
    let described = manifest(&folder)["base"]["description"].to_string();
    assert!(described.contains(base), "{described}");
    sealed(&root);
    let (accounts, groups) = (root.read("/etc/passwd"), root.read("/etc/group"));
    assert!(accounts.contains("\ndebian:x:1000:") && accounts.contains("\napp:x:1001:"), "{accounts}");
    assert!(groups.lines().any(|line| line.starts_with("app:") && line.ends_with(":debian")), "{groups}");
}

/// Nothing of the builder is in the image.
fn sealed(root: &Filesystem) {
    assert_eq!(root.read("/etc/machine-id"), "");
    let keys: Vec<String> =
        root.list("/etc/ssh").into_iter().filter(|name| name.starts_with("ssh_host_")).collect();
    assert_eq!(keys, Vec::<String>::new());
    assert!(root.read("/etc/passwd").contains("root:x:0:0"), "the filesystem was read");
    for name in ["passwd", "group", "shadow", "gshadow", "subuid", "subgid", "sudoers"] {
        for file in [format!("/etc/{name}"), format!("/etc/{name}-")] {
            assert!(!root.read(&file).contains("hornero"), "in {file}");
        }
    }
    // 1000, or the next where the template gives that number to another.
    assert!(root.read("/etc/passwd").contains("\ndebian:x:100"), "the base's login user is not there");
    assert!(!root.list("/etc/sudoers.d").iter().any(|name| name.contains("hornero")));
    assert!(!root.read("/etc/sudoers.d/90-cloud-init-users").contains("hornero"));
    assert_eq!(root.read("/home/debian/.ssh/authorized_keys"), "", "the login user has no key of the bake");
    assert!(!root.exists("/home/hornero") && !root.exists("/etc/hornero-builder"));
    assert!(!root.exists("/var/lib/cloud/instance"));
    assert!(!root.exists("/var/log/cloud-init.log"));
    assert!(!root.exists("/var/lib/systemd/random-seed"));
    let settings = root.list("/etc/apt/apt.conf.d");
    assert!(!settings.is_empty() && !settings.iter().any(|name| name.contains("hornero")), "{settings:?}");
    assert_eq!(root.list("/var/tmp"), Vec::<String>::new());
    for folder in ["/run", "/run/systemd/transient", "/etc/systemd/system", "/var/lib/systemd/timers"] {
        let ours = root.list(folder).into_iter().filter(|name| name.contains("hornero"));
        assert_eq!(ours.collect::<Vec<_>>(), Vec::<String>::new(), "in {folder}");
    }
}

/// In the guest a step is a unit of systemd: what ends its SSH session does not end it, and what ends
/// it leaves nothing of it.
const OUTLIVES: &str = r#"
[[users]]
name = "app"
[[steps]]
name = "the login user has the number that it has on each machine"
run = "test \"$(id -u debian):$(id -u app)\" = 1000:1001 && test ! -e /home/hornero"
[[steps]]
name = "cuts its own line"
run = """
grep -q hornero-step- /proc/self/cgroup
echo before
for process in /proc/[0-9]*; do
    if tr '\\0' ' ' <"$process/cmdline" | grep -q '^sshd: hornero'; then kill -KILL "${process#/proc/}"; fi
done
sleep 3
echo after
exit 7
"""
allowed_exit_codes = [7]
[[steps]]
name = "is ended with all of it"
timeout = "20s"
retries = 1
run = """
if [ ! -e /run/first-try ]; then
    setsid sleep 1000 &
    echo $! >/run/first-try
    wait
fi
if kill -0 "$(cat /run/first-try)"; then exit 1; fi
"""
[[steps]]
name = "apt waits for its lock"
run = """
python3 -c 'import fcntl, time
file = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(file, fcntl.LOCK_EX)
open("/run/locked", "w")
time.sleep(8)' >/dev/null 2>&1 &
until [ -e /run/locked ]; do sleep 0.1; done
apt-get install -y bash
apt-config dump APT::Periodic::Enable
"""
"#;

#[test]
fn a_step_outlives_its_line_and_nothing_outlives_its_timeout() {
    let _turn = guests::turn();
    let hornero = Hornero::new().warm();
    let ran = hornero.run(&["bake", &hornero.template("outlives.toml", &(head("outlives") + OUTLIVES))]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for text in ["line: before", "line: after", "connected to the builder again"] {
        assert_eq!(ran.stderr.matches(text).count(), 1, "{text}: {}", ran.stderr);
    }
    assert!(ran.stderr.contains("was not done after 20s; its processes were ended"), "{}", ran.stderr);
    assert!(ran.stderr.contains("Waiting for cache lock"), "{}", ran.stderr);
    assert!(ran.stderr.contains("apt waits for its lock: APT::Periodic::Enable \"0\""), "{}", ran.stderr);
    assert_eq!(hornero.leftovers(), Vec::<String>::new());
    sealed(&Filesystem::open(&hornero.data().join("images").join(ran.stdout.trim()).join("root.qcow2")));
}

const FULL: &str = r#"
[image]
name = "full"
version = "7"
[base]
os = "debian-12"
[variables]
who = "world"
[secrets]
token = { env = "E2E_TOKEN" }
[[disks]]
name = "logs"
size = "1GiB"
filesystem = "xfs"
mount = "/srv/logs"
owner = "auditor"
group = "audit"
mode = "0750"
[[groups]]
name = "audit"
gid = 2100
[[users]]
name = "auditor"
uid = 2101
groups = ["audit"]
sudo = "ALL=(ALL) NOPASSWD:/usr/bin/true"
ssh_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBwr1DyueacSnsmqiCKWqks8l1sSLOjv40vvXJmkZn1y auditor@example"]
[[users]]
name = "first"
uid = 1000
[cloud_init]
user_data = ["extra.yaml"]
[[files]]
content = "theirs"
destination = "/home/debian/notes"
owner = "debian"
[[files]]
source = "site"
destination = "/srv/site"
owner = "auditor"
group = "audit"
mode = "0640"
folder_mode = "0750"
exclude = ["*.md"]
[[files]]
content = "hello {{ who }}"
destination = "/etc/greeting"
[[steps]]
name = "with a secret"
run = "test \"$TOKEN\" = 'very$secret value' && echo the token is $TOKEN >&2"
env = { TOKEN = "{{ secrets.token }}" }
[[steps]]
name = "as a user"
user = "auditor"
run = "sudo -n true; id -un >/srv/logs/who; touch /tmp/leak-canary"
[[steps]]
name = "with the login user"
run = "usermod -aG audit debian; install -d -o debian -g debian /home/debian/work"
[[steps]]
name = "restart"
kind = "reboot"
[[steps]]
name = "its time to live counts anew after a restart"
run = "systemctl is-active hornero-watch.service && test -s /run/hornero/ends"
[[steps]]
name = "tried again"
run = "test -e /run/tried || { touch /run/tried; exit 9; }; exit 4"
retries = 1
allowed_exit_codes = [0, 4]
[[steps]]
name = "never"
run = "exit 1"
when = "{{ who == 'nobody' }}"
[[steps]]
name = "on this computer"
kind = "local"
run = "echo \"$HORNERO_USER at $HORNERO_HOST\" >local.txt"
[[steps]]
name = "bring it"
kind = "download"
source = "/srv/logs/who"
destination = "who.txt"
[[steps]]
name = "with ansible"
kind = "ansible"
playbook = "site.yml"
extra_vars = { what = "made by ansible for {{ who }}" }
[[checks]]
file = "/etc/from-ansible"
contains = "made by ansible for world"
mode = "0640"
[[checks]]
mount = "/srv/logs"
filesystem = "xfs"
label = "logs"
[[checks]]
file = "/srv/logs/who"
contains = "auditor"
owner = "auditor"
[[checks]]
file = "/srv/logs"
mode = "0750"
owner = "auditor"
group = "audit"
[[checks]]
user = "auditor"
uid = 2101
groups = ["audit"]
[[checks]]
group = "audit"
gid = 2100
[[checks]]
user = "first"
uid = 1000
[[checks]]
user = "debian"
uid = 1001
groups = ["audit"]
[[checks]]
command = "su debian -c 'touch /home/debian/work/here && sudo -n true'"
[[checks]]
file = "/etc/from-user-data"
contains = "merged"
[[checks]]
command = "sudo -l -U auditor"
stdout_contains = "/usr/bin/true"
"#;

/// Everything that a template can ask for.
#[test]
fn everything_declared_is_in_the_image() {
    let _turn = guests::long_turn();
    let hornero = Hornero::new();
    let folder = hornero.folder.path();
    std::fs::create_dir_all(folder.join("site/sub")).unwrap();
    for (name, text) in [("site/index.html", "<h1>"), ("site/sub/page", "page"), ("site/NOTES.md", "no")] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let extra = "#cloud-config\nwrite_files:\n  - path: /etc/from-user-data\n    content: merged\nusers:\n  - {name: extra, uid: 1500}\n";
    std::fs::write(folder.join("extra.yaml"), extra).unwrap();
    let playbook = "- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.copy: {content: '{{ what }}', dest: /etc/from-ansible, mode: '0640'}\n";
    std::fs::write(folder.join("site.yml"), playbook).unwrap();
    let template = hornero.template("full.toml", &(FULL.to_owned() + guests::SMALL + guests::PATIENT));
    let output =
        hornero.command(&["bake", &template]).env("E2E_TOKEN", "very$secret value").output().unwrap();
    let ran = Ran::from(output);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("the token is [secret]"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("very$secret"), "the secret was shown: {}", ran.stderr);
    assert_eq!(std::fs::read_to_string(folder.join("who.txt")).unwrap(), "auditor\n");
    assert_eq!(std::fs::read_to_string(folder.join("local.txt")).unwrap(), "hornero at 127.0.0.1\n");

    let image = hornero.data().join("images").join(ran.stdout.trim());
    let root = Filesystem::open(&image.join("root.qcow2"));
    sealed(&root);
    assert_eq!(root.owner("/srv/site/index.html"), (0o640, 2101, 2100));
    assert_eq!(root.owner("/srv/site/sub"), (0o750, 2101, 2100));
    assert_eq!(root.owner("/etc/greeting"), (0o644, 0, 0));
    assert_eq!(root.owner("/home/debian/notes").1, 1001);
    assert_eq!(root.owner("/home/debian/work").1, 1001);
    assert_eq!(root.read("/etc/greeting"), "hello world");
    assert!(!root.exists("/srv/site/NOTES.md"));
    assert!(root.read("/etc/fstab").contains("LABEL=logs /srv/logs xfs"));
    assert!(root.read("/home/auditor/.ssh/authorized_keys").contains("auditor@example"));
}

#[test]
fn a_failing_step_ends_the_bake_with_its_last_lines() {
    let _turn = guests::turn();
    let hornero = Hornero::alone();
    let steps = "[[steps]]\nname = \"count\"\nrun = \"seq 1 30; exit 3\"\n[[steps]]\nname = \"next\"\nrun = \"echo reached\"\n";
    let ran = failed_in_quick_guest(&hornero, "failing-step", steps);
    let (_, end) = ran.stderr.split_once("error:").unwrap();
    assert!(end.contains("step `count` failed with exit code 3"), "{end}");
    assert!(end.contains("| 30") && end.contains("| 11") && !end.contains("| 10\n"), "{end}");
    assert!(!ran.stderr.contains("reached"));
    assert_ne!(hornero.run(&["get", "failing-step"]).code, 0, "nothing was recorded");
}

#[test]
fn a_hung_step_is_ended_by_its_timeout() {
    let _turn = guests::turn();
    let steps = "[[steps]]\nname = \"hang\"\nrun = \"echo waiting; sleep 3600 & wait\"\ntimeout = \"3s\"\n";
    let ran = failed_in_quick_guest(&Hornero::alone(), "hung-step", steps);
    assert!(ran.stderr.contains("step `hang` was not done after 3s"), "{}", ran.stderr);
}

/// For steps that need nothing of Debian: the guest is there in a second.
fn failed_in_quick_guest(hornero: &Hornero, name: &str, steps: &str) -> Ran {
    let template = quick::template(hornero, name, steps);
    let mut bake = hornero.command(&["bake", &template]);
    let ran = hornero.finish(bake.env("PATH", quick::resumed()));
    assert_failed(hornero, &ran, 6);
    ran
}

#[test]
fn a_guest_that_never_answers_is_given_up_with_its_console() {
    let hornero = Hornero::new();
    let disk = hornero.folder.path().join("empty.qcow2");
    crate::rig::image::output(
        std::process::Command::new("qemu-img").args(["create", "-q", "-f", "qcow2"]).arg(&disk).arg("64M"),
    );
    let template =
        "[image]\nname = \"silent\"\n[base]\nqemu = { image = \"empty.qcow2\" }\n[ssh]\ntimeout = \"8s\"\n";
    let ran = failed(&hornero, &hornero.template("silent.toml", template), 5);
    assert!(ran.stderr.contains("no SSH answer within 8s"), "{}", ran.stderr);
    assert!(ran.stderr.contains("No bootable device"), "the console's last lines: {}", ran.stderr);
}
