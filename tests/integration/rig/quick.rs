//! Guests for tests that need many and look at none of them: Debian, started into a script of a few
//! lines on a disk that stays as it is, and from then on resumed in a second instead of started.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use hornero::remote::key::KeyPair;
use serde_json::{Value, json};

use super::{ec2::base, guests::PATIENT, hornero::Hornero, image::output};

/// Where the last partition of hornero's own bases begins.
const ROOT: u64 = 64 << 20;

const MENU: &str = "linux /vmlinuz ro quiet nokaslr net.ifnames=0 console=ttyS0 rdinit=/quick\n\
                    initrd /initrd.img /quick/initrd\nboot\n";

/// Instead of Debian's own, which looks for all kinds of devices.
const IN_MEMORY: &str = "#!/bin/sh
export PATH=/sbin:/usr/sbin:/bin:/usr/bin
mount -t devtmpfs devtmpfs /dev
modprobe -a virtio_pci virtio_blk ext4
until mount -t ext4 -o ro /dev/vda3 /root; do sleep 0.1; done
mount -o move /dev /root/dev
exec run-init /root /quick/init </dev/console >/dev/console 2>&1
";

/// Network as QEMU has it by itself and as the EC2 of real machines has it, SSH, and an end when somebody presses the
/// power button.
const ON_DISK: &str = r#"#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for place in /run /tmp; do mount -t tmpfs tmpfs "$place"; done
mkdir -p /dev/pts /run/sshd
mount -t devpts devpts /dev/pts
modprobe -a virtio_net button evdev
ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip address add 169.254.0.15/16 dev eth0
ip link set eth0 up
/usr/sbin/sshd -o UsePAM=no -o StrictModes=no -o HostKey=/quick/host -o AuthorizedKeysFile=/quick/user
button=$(grep -l Power /sys/class/input/event*/device/name | cut -d/ -f5)
dd if="/dev/input/$button" of=/dev/null bs=24 count=1
echo o >/proc/sysrq-trigger
while :; do read -r _ </proc/uptime; done
"#;

/// Changes a tree of Debian to what these guests need. What is taken away would be captured again and again.
/// Listing packages takes seconds, so dpkg-query goes too.
const CHANGES: &str = r#"
cd tree
rm -rf usr/share/* usr/lib/python3* usr/lib/udev usr/lib/grub usr/lib/locale usr/lib/apt usr/lib/gnupg
rm -rf usr/bin/dpkg-query usr/bin/perl* usr/bin/python3* boot/grub/fonts boot/grub/grub.cfg var/cache/* var/lib/apt/*
cd usr/lib/x86_64-linux-gnu
rm -rf perl* libperl* libicu* gconv
cd ../modules
find . -name '*.ko' ! -name 'virtio*' ! -name '*failover.ko' ! -name button.ko ! -name evdev.ko -delete
cd ../../..
cp ../menu boot/grub/grub.cfg
mkdir quick
install -m 755 ../init quick/init
install -m 600 ../host quick/host
cp ../initrd quick/initrd
cp ../user.pub quick/user
"#;

/// A file system like the one that Debian's boot loader knows: `OFFSET` and `UUID` are of that.
const NEW_FILE_SYSTEM: &str = r#"
PATH=$PATH:/usr/sbin:/sbin
bytes=$(stat -c %s whole.raw)
features=$(dumpe2fs -h "whole.raw?offset=$OFFSET" 2>/dev/null | sed -n 's/^Filesystem features: *//p' | tr ' ' ,)
uuid=$(dumpe2fs -h "whole.raw?offset=$OFFSET" 2>/dev/null | sed -n 's/^Filesystem UUID: *//p')
blocks=$(dumpe2fs -h "whole.raw?offset=$OFFSET" 2>/dev/null | sed -n 's/^Block count: *//p')
truncate -s "$bytes" quick.raw
mke2fs -q -F -t ext4 -b 4096 -I 256 -O "none,$features" -U "$uuid" -E "offset=$OFFSET" -d tree quick.raw "$blocks"
dd if=whole.raw of=quick.raw bs=1M count="$((OFFSET >> 20))" conv=notrunc,sparse status=none
truncate -s "$bytes" quick.raw
"#;

/// In the place of QEMU: the same, but its guest is where the saved one was.
const RESUME: &str = r#"#!/bin/sh
PATH=${PATH#*:}
case "$*" in
*hostfwd=*) exec qemu-system-x86_64 "$@" -incoming "exec:cat '$(dirname "$0")/saved'" ;;
*) exec qemu-system-x86_64 "$@" ;;
esac
"#;

/// What all of these tests have in common: the disk, the keys and the saved memory of the one guest.
struct Prepared {
    folder: PathBuf,
    /// Of its host key.
    pin: String,
}

/// Made by the first test that needs it.
fn prepared() -> &'static Prepared {
    static PREPARED: OnceLock<Prepared> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quick");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        std::fs::create_dir_all(folder.join("resume")).unwrap();
        let (host, user) = (KeyPair::generate("host").unwrap(), KeyPair::generate("user").unwrap());
        disk(&folder, &host, &user);
        let prepared = Prepared { folder, pin: host.pin().to_string() };
        save(&prepared);
        prepared
    })
}

/// Writes a template `name.toml` into the test's folder; gives its path.
pub fn template(hornero: &Hornero, name: &str, more: &str) -> String {
    written(hornero, prepared(), name, more)
}

/// The disk of these guests, for what starts them in other ways.
pub fn disk_image() -> PathBuf {
    prepared().folder.join("quick.qcow2")
}

/// Writes a template `name.toml` for an EC2 that has that disk behind Debian's image.
pub fn ec2_template(hornero: &Hornero, name: &str, more: &str) -> String {
    let Prepared { folder, pin } = prepared();
    let text = head(name, "os = \"debian-12\"", &login(folder, pin))
        + "[ec2]\nssh_cidrs = [\"127.0.0.1/32\"]\n"
        + more;
    hornero.template(&format!("{name}.toml"), &text)
}

/// The value of `PATH` with which builders of these templates are resumed.
pub fn resumed() -> String {
    format!("{}:{}", prepared().folder.join("resume").display(), std::env::var("PATH").unwrap())
}

fn written(hornero: &Hornero, Prepared { folder, pin }: &Prepared, name: &str, more: &str) -> String {
    let base = format!("qemu = {{ image = \"{}/quick.qcow2\" }}", folder.display());
    let machine = "[qemu]\ncpus = 1\nmemory = \"512MiB\"\n";
    let text = head(name, &base, &login(folder, pin)) + machine + more;
    hornero.template(&format!("{name}.toml"), &text)
}

fn head(name: &str, base: &str, login: &str) -> String {
    format!(
        "[image]\nname = \"{name}\"\n[base]\n{base}\n[cloud_init]\nenabled = false\n[seal]\nenabled = false\n{login}"
    )
}

fn login(folder: &Path, pin: &str) -> String {
    let key = folder.join("user");
    format!("{PATIENT}user = \"root\"\nprivate_key = \"{}\"\nhost_key = \"{pin}\"\n", key.display())
}

/// A builder is started, and kept by a step that fails; nothing stays of it but its memory.
fn save(prepared: &Prepared) {
    let (hornero, folder) = (Hornero::new(), prepared.folder.join("resume"));
    let step = "[[steps]]\nname = \"stay\"\nrun = \"exit 1\"\n";
    let ran = hornero.run(&["bake", "--on-error", "keep", &written(&hornero, prepared, "saved", step)]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    let run = only(&hornero.folder.path().join("state/runs"));
    write_memory(&run.join("builder/control"), &folder.join("saved"));
    let cleaned = hornero.run(&["clean", run.file_name().unwrap().to_str().unwrap()]);
    assert_eq!(cleaned.code, 0, "{}", cleaned.stderr);
    let program = folder.join("qemu-system-x86_64");
    std::fs::write(&program, RESUME).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The only thing in a folder.
pub fn only(folder: &Path) -> PathBuf {
    let mut entries = std::fs::read_dir(folder).unwrap();
    let only = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none(), "there is more in {}", folder.display());
    only
}

/// Writes what a running guest is into a file.
#[expect(clippy::disallowed_methods, reason = "there is no runtime here")]
fn write_memory(control: &Path, file: &Path) {
    let mut line = UnixStream::connect(control).unwrap();
    let mut answers = BufReader::new(line.try_clone().unwrap()).lines().map(Result::unwrap);
    let mut ask = |request: Value| -> Value {
        writeln!(line, "{request}").unwrap();
        let answers = answers.by_ref().map(|answer| serde_json::from_str::<Value>(&answer).unwrap());
        let mut answers = answers.filter(|answer| answer.get("return").or(answer.get("error")).is_some());
        answers.next().unwrap()["return"].take()
    };
    ask(json!({ "execute": "qmp_capabilities" }));
    let to = format!("exec:cat >'{}'", file.display());
    ask(json!({ "execute": "migrate", "arguments": { "uri": to } }));
    loop {
        match ask(json!({ "execute": "query-migrate" }))["status"].as_str() {
            Some("completed") => return,
            Some("failed") | None => panic!("the guest was not saved"),
            Some(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// `quick.qcow2` and the keys of its guest, in `folder`.
fn disk(folder: &Path, host: &KeyPair, user: &KeyPair) {
    let base = tokio::runtime::Runtime::new().unwrap().block_on(base());
    let files = [
        ("menu", MENU),
        ("init", ON_DISK),
        ("host", &host.private),
        ("user", &user.private),
        ("user.pub", &user.public),
    ];
    files.iter().for_each(|(name, text)| std::fs::write(folder.join(name), text).unwrap());
    std::fs::write(folder.join("initrd"), archive("quick", IN_MEMORY)).unwrap();
    let convert = |to, from: &Path, file| {
        output(Command::new("qemu-img").current_dir(folder).args(["convert", "-O", to]).arg(from).arg(file))
    };
    convert("raw", &base, "whole.raw");
    std::fs::create_dir(folder.join("tree")).unwrap();
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    let mut debugfs = Command::new("debugfs");
    debugfs.env("PATH", path).current_dir(folder).args(["-R", "rdump / tree"]);
    output(debugfs.arg(format!("whole.raw?offset={ROOT}")));
    for script in [CHANGES, NEW_FILE_SYSTEM] {
        let mut shell = Command::new("sh");
        output(shell.current_dir(folder).env("OFFSET", ROOT.to_string()).args(["-ec", script]));
    }
    convert("qcow2", Path::new("quick.raw"), "quick.qcow2");
    ["whole.raw", "quick.raw"].iter().for_each(|name| std::fs::remove_file(folder.join(name)).unwrap());
    std::fs::remove_dir_all(folder.join("tree")).unwrap();
}

/// A cpio archive in the form that the kernel unpacks after another one.
fn archive(name: &str, text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, (name, text, mode)) in
        [(name, text, 0o100_755), ("TRAILER!!!", "", 0)].into_iter().enumerate()
    {
        let sizes = [number, mode, 0, 0, 1, 0, text.len(), 0, 0, 0, 0, name.len() + 1, 0];
        bytes.extend(b"070701");
        sizes.iter().for_each(|size| bytes.extend(format!("{size:08X}").bytes()));
        bytes.extend([name.as_bytes(), b"\0"].concat());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(text.bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}
