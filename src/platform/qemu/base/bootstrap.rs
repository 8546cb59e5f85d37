//! A base built from distribution packages: a tree by mmdebstrap, then a disk around it. Needs no
//! loop device, no mount and no running guest; an ordinary user needs user namespaces.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use rustix::process::{Signal, geteuid};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::{
    super::{disk_image, process},
    cache::{self, Slot},
    disk,
    disk::BootFiles,
    sources,
};
use crate::{
    event::{Events, Stream},
    platform::{BaseImage, PlatformError, last_lines},
    private,
};

/// Counts up when a base built by the same words has to come out differently.
const RECIPE: u32 = 1;
const CUSTOMIZE: &str = include_str!("customize.sh");
const FILESYSTEM: &str = include_str!("filesystem.sh");
const PROGRAM: &str = "mmdebstrap";

const PACKAGES: [&str; 25] = [
    "ca-certificates",
    "cloud-guest-utils",
    "cloud-init",
    "curl",
    "dbus",
    "e2fsprogs",
    "fdisk",
    "gdisk",
    "gnupg",
    "grub-efi-amd64-bin",
    "grub-pc-bin",
    "grub2-common",
    "initramfs-tools",
    "iproute2",
    "linux-image-cloud-amd64",
    "netplan.io",
    "openssh-server",
    "parted",
    "python3-apt",
    "sudo",
    "systemd-resolved",
    "systemd-sysv",
    "tar",
    "xfsprogs",
    "zstd",
];
/// Manuals and translations, which no server reads; the licences stay.
const DPKG_OPTIONS: [&str; 5] = [
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-include=/usr/share/locale/locale.alias",
];

/// What to build, and the UUID that its root file system gets.
struct Recipe<'a> {
    suite: &'a str,
    sources: Vec<String>,
    uuid: String,
}

/// The one that was built from the same packages' sources; `None` before it is.
pub async fn look_up(suite: &str, data: &Path) -> Result<Option<BaseImage>, PlatformError> {
    cache::find(data, &key(suite, &sources::of_suite(suite).await)).await
}

pub async fn prepare(suite: &str, data: &Path, events: &Events) -> Result<BaseImage, PlatformError> {
    let sources = sources::of_suite(suite).await;
    let key = key(suite, &sources);
    let slot = Slot::lock(data, &key, events).await?;
    if let Some(base) = slot.find(events).await? {
        let disk = base.disk.as_deref().unwrap_or(data);
        events.reused(&base.description, disk.display().to_string());
        return Ok(base);
    }
    events.note(format!("building the base `{suite}` from packages; this is done once"));
    let recipe = Recipe { suite, sources, uuid: uuid() };
    let folder = slot.stage().map_err(|error| PlatformError::new(recipe.what(), error))?;
    recipe.build(folder, events).await?;
    slot.fill(&folder.join("disk.qcow2"), format!("debian {suite}, built from packages")).await
}

/// Everything that decides what is built, short of the state of the mirror.
fn key(suite: &str, sources: &[String]) -> String {
    let words = [PACKAGES.join(" "), DPKG_OPTIONS.join(" "), sources.join("\n")];
    let text = format!("{RECIPE}\n{suite}\nx86_64\n{}\n{CUSTOMIZE}\n{FILESYSTEM}", words.join("\n"));
    format!("{suite}-{}", &crate::sum::of_text(&text)[..16])
}

fn uuid() -> String {
    let hex = format!("{:032x}", rand::random::<u128>());
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

impl Recipe<'_> {
    async fn build(&self, folder: &Path, events: &Events) -> Result<(), PlatformError> {
        let failed = |error: io::Error| PlatformError::new(self.what(), error);
        let (tree, raw) = (folder.join("tree.tar"), folder.join("disk.raw"));
        self.tree(folder, &tree, events).await?;
        let (tar, path) = (File::open(&tree).map_err(failed)?, raw.clone());
        tokio::task::spawn_blocking(move || empty_disk(tar, &path))
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(failed)?;
        self.filesystem(&tree, &raw, events).await?;
        let target = folder.join("disk.qcow2");
        let words = ["convert", "-f", "raw", "-O", "qcow2"].map(OsString::from).to_vec();
        let paths = [&raw, &target].map(|path| disk_image::absolute(path, &self.what()));
        let arguments = words.into_iter().map(Ok).chain(paths).collect::<Result<Vec<_>, _>>()?;
        process::run(&self.what(), "qemu-img", &arguments).await?;
        [tree, raw].iter().try_for_each(fs::remove_file).map_err(failed)
    }

    /// The tree of packages, as a tar: the one form in which an ordinary user keeps owners.
    async fn tree(&self, folder: &Path, tree: &Path, events: &Events) -> Result<(), PlatformError> {
        let failed = |error: io::Error| PlatformError::new(self.what(), error);
        let script = self.hook();
        let mut command = Command::new(PROGRAM);
        command
            .args([
                &format!("--mode={}", mode()),
                "--variant=minbase",
                "--architectures=amd64",
                "--format=tar",
            ])
            .arg(format!("--include={}", PACKAGES.join(",")))
            .args(["--skip=output/dev", "--aptopt=Apt::Install-Recommends \"false\""])
            .args(DPKG_OPTIONS.map(|option| format!("--dpkgopt={option}")))
            .arg(format!("--customize-hook={script}"))
            .arg(self.suite)
            // On standard output, which an ordinary user's namespace may write to.
            .arg("-")
            .stdout(private::create(tree).map_err(failed)?);
        if !self.sources.is_empty() {
            let list = folder.join("sources.list");
            fs::write(&list, self.sources.join("\n") + "\n").map_err(failed)?;
            command.arg(list);
        }
        self.program(command, events).await
    }

    /// The hook's command line. The script travels inside it, for the namespace of an ordinary
    /// user may not see this folder.
    fn hook(&self) -> String {
        let quoted = CUSTOMIZE.replace('\'', r"'\''");
        format!("HORNERO_ROOT_UUID={} sh -c '{quoted}' customize \"$1\"", self.uuid)
    }

    async fn filesystem(&self, tree: &Path, raw: &Path, events: &Events) -> Result<(), PlatformError> {
        let failed = |error: io::Error| PlatformError::new(self.what(), error);
        let mut command = Command::new(if geteuid().is_root() { "sh" } else { PROGRAM });
        if !geteuid().is_root() {
            command.args(["--unshare-helper", "sh"]);
        }
        let image = OpenOptions::new().read(true).write(true).open(raw).map_err(failed)?;
        // The namespace's root is a stranger to this file; the folder keeps other users out.
        fs::set_permissions(raw, Permissions::from_mode(0o666)).map_err(failed)?;
        command
            .args(["-c", FILESYSTEM, "filesystem"])
            .args([disk::ROOT.start.to_string(), (disk::ROOT.bytes / 1024).to_string(), self.uuid.clone()])
            .stdin(File::open(tree).map_err(failed)?)
            .stdout(image);
        self.program(command, events).await
    }

    /// Runs it with its messages as events; its last ones explain a failure.
    async fn program(&self, mut command: Command, events: &Events) -> Result<(), PlatformError> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stderr(Stdio::piped());
        let started = process::spawn(command, Signal::TERM).await;
        let mut child = started.map_err(|error| process::not_started(&self.what(), &name, &error))?;
        let said = match child.stderr.take() {
            Some(stderr) => follow(stderr, &name, events).await,
            None => String::new(),
        };
        let status = child.wait().await.map_err(|error| PlatformError::new(self.what(), error))?;
        if status.success() {
            return Ok(());
        }
        let mut error = PlatformError::new(self.what(), format!("`{name}` ended with {status}"));
        if !geteuid().is_root() {
            error = error
                .hint("an ordinary user needs user namespaces and ranges in /etc/subuid; else bake as root");
        }
        Err(error.tail(last_lines(&said, 20)))
    }

    fn what(&self) -> String {
        format!("building the base `{}` from packages", self.suite)
    }
}

fn mode() -> &'static str {
    if geteuid().is_root() { "root" } else { "unshare" }
}

fn empty_disk(tree: File, raw: &Path) -> io::Result<()> {
    let boot = BootFiles::from_tar(io::BufReader::new(tree))?;
    let mut disk = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(raw)?;
    disk::write(&mut disk, &boot)
}

async fn follow(stderr: impl AsyncRead + Unpin, source: &str, events: &Events) -> String {
    let mut lines = BufReader::new(stderr).lines();
    let mut said = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        said = said + &line + "\n";
        if is_news(&line) {
            events.output(source, Stream::Stderr, line);
        }
    }
    said
}

/// mmdebstrap's own lines start with a letter for their weight; between them it shows the whole
/// script that it was given, which nobody wants to read again.
fn is_news(line: &str) -> bool {
    ["I: ", "W: ", "E: "].iter().any(|start| line.starts_with(start)) && !line.contains("customize-hook")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_changes_with_the_suite_and_with_the_sources() {
        let sources = ["deb http://mirror.test/debian bookworm main".to_owned()];
        assert_eq!(key("bookworm", &sources), key("bookworm", &sources));
        assert_ne!(key("bookworm", &sources), key("bookworm", &[]));
        assert_ne!(key("bookworm", &[])[9..], key("trixie", &[])[7..]);
    }

    #[test]
    fn a_uuid_has_the_form_of_a_random_one() {
        let uuid = uuid();
        let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
        assert_eq!((lengths, &uuid[14..15]), (vec![8, 4, 4, 4, 12], "4"));
    }
}
