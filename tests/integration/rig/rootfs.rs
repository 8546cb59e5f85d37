//! A Debian in namespaces of its own, with a real sshd on the loopback: a builder whose users, folders and
//! packages a test may change or remove. It is there in a fraction of a second, each test has a fresh one, and
//! this computer stays as it is. It needs root.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

use hornero::{
    load::{Inputs, load},
    platform::qemu::package_sources,
    provision::user_data::{Keys, for_builder},
    remote::{
        key::KeyPair,
        route::{Account, Route},
        ssh::SshRemote,
    },
    template::model::PlatformKind,
};
use tempfile::TempDir;

use super::hornero::Ran;

/// Counts up when a tree of the same packages has to come out differently.
const RECIPE: u32 = 1;

const SUITE: &str = "bookworm";

const PACKAGES: &str = "ca-certificates,cloud-init,dbus,libcap2-bin,openssh-server,procps,sudo,zstd";

/// Manuals and translations, which no server reads.
const LEFT_OUT: [&str; 3] = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*"];

const START: &str = include_str!("rootfs.sh");

/// The stages of a boot, in their order, as the units of cloud-init run them. One of them may fail for what this
/// tree lacks, such as locales.
const CLOUD_INIT: &str = "cloud-init init --local; cloud-init init; cloud-init modules --mode=config
    cloud-init modules --mode=final; test -e /run/cloud-init/result.json";

/// A running one; it ends with this value, or with the process that holds it, however that ends.
pub struct Rootfs {
    pub host: KeyPair,
    pub user: KeyPair,
    pub port: u16,
    process: Child,
    /// Its end tells the first process of the namespaces to end.
    line: Option<ChildStdin>,
    /// The first process, by its number outside.
    first: u32,
    folder: TempDir,
}

impl Rootfs {
    /// One in which root logs in.
    pub fn start() -> Self {
        Self::with("", "")
    }

    /// `setup` is a shell script that root runs in it before its SSH server starts, `sshd` more lines of the
    /// server's configuration. Its key logs in to every account.
    pub fn with(setup: &str, sshd: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let (host, user) = (KeyPair::generate("host").unwrap(), KeyPair::generate("user").unwrap());
        let config = format!(
            "{sshd}\nListenAddress 127.0.0.1\nPort {port}\nHostKey /run/rig/host\nPidFile none\nUsePAM yes\n\
             AuthorizedKeysFile /run/rig/authorized_keys .ssh/authorized_keys\nPermitRootLogin yes\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             Subsystem sftp internal-sftp\n"
        );
        let files = [("host", &host.private), ("user.pub", &user.public), ("config", &config)];
        for (name, text) in files.into_iter().chain([("setup", &setup.to_owned())]) {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let (process, line, first) = started(folder.path());
        Self { host, user, port, process, line: Some(line), first, folder }
    }

    /// The way in as one of its accounts.
    pub fn account(&self, user: &str) -> Account {
        Account {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)),
            user: user.to_owned(),
            private_key: self.user.private.clone(),
            pin: self.host.pin(),
            route: Route::Direct,
            by_cloud_init: false,
        }
    }

    pub async fn connect(&self, user: &str) -> SshRemote {
        SshRemote::connect(self.account(user), Duration::from_secs(20)).await.unwrap()
    }

    /// Runs a shell script in it as root, beside its SSH server.
    pub fn run(&self, script: &str) -> Ran {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--target={}", self.first))
            .args(["--mount", "--pid", "--uts", "--ipc", "--root", "--wd", "sh", "-c", script])
            .env_clear()
            .env("HOME", "/root")
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        Ran::from(command.output().unwrap())
    }

    /// What a script that must succeed prints, without the last line break.
    #[track_caller]
    pub fn sh(&self, script: &str) -> String {
        let ran = self.run(script);
        assert_eq!(ran.code, 0, "{script}: {}{}", ran.stdout, ran.stderr);
        ran.stdout.trim_end_matches('\n').to_owned()
    }

    /// Writes a file into it.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.seen(path), text).unwrap();
    }

    /// Where a path of it is for a process outside. An absolute link in it leads astray.
    pub fn seen(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.first))
    }

    /// What its SSH server has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.seen("/run/rig/log")).unwrap_or_default()
    }

    /// Lets its own cloud-init do what it does in a boot with this user-data.
    #[track_caller]
    pub fn boot_with(&self, instance: &str, user_data: &[u8]) {
        let seed = "/var/lib/cloud/seed/nocloud";
        self.sh(&format!("mkdir -p {seed} && rm -rf /run/cloud-init"));
        self.write(&format!("{seed}/user-data"), user_data);
        self.write(&format!("{seed}/meta-data"), format!("instance-id: {instance}\n"));
        self.sh(CLOUD_INIT);
        self.sh(&format!("rm -r {seed}"));
    }

    /// The same with the user-data that a builder of a template gets which says this of its users, packages and
    /// so on.
    #[track_caller]
    pub fn boot_as_builder(&self, template: &str) {
        let path = self.folder.path().join("builder.toml");
        let head = "[image]\nname = \"web\"\n[base]\nqemu = { bootstrap = \"bookworm\" }\n";
        std::fs::write(&path, format!("{head}{template}")).unwrap();
        let template = load(&path, &Inputs::for_platform(PlatformKind::Qemu)).unwrap().template;
        let keys = Keys {
            account_public: &self.user.public,
            host_private: &self.host.private,
            host_public: &self.host.public,
        };
        self.boot_with("i-builder", &for_builder(&template, keys, true).unwrap());
    }

    /// The lines of a template that lead to it; the key is written into `folder`.
    pub fn ssh_table(&self, user: &str, folder: &Path) -> String {
        let key = folder.join("rootfs-key");
        std::fs::write(&key, &self.user.private).unwrap();
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
        format!(
            "[ssh]\nuser = \"{user}\"\nprivate_key = \"{}\"\nhost_key = \"{}\"\n\
             host = \"127.0.0.1\"\nport = {}\ntimeout = \"20s\"\n",
            key.display(),
            self.host.pin(),
            self.port,
        )
    }
}

impl Drop for Rootfs {
    fn drop(&mut self) {
        drop(self.line.take());
        self.process.wait().unwrap();
    }
}

/// The process that waits for the namespaces, the line that ends them, and their first process.
fn started(folder: &Path) -> (Child, ChildStdin, u32) {
    let place = folder.join("place");
    std::fs::create_dir(&place).unwrap();
    let quoted = |path: &Path| shlex::try_quote(path.to_str().unwrap()).unwrap().into_owned();
    let script = format!("tree={} place={} keys={}\n{START}", quoted(tree()), quoted(&place), quoted(folder));
    let mut process = Command::new("unshare")
        .args(["--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--propagation=private"])
        .args(["sh", "-c", &script])
        .env_clear()
        .env("HOME", "/root")
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "ready\n", "the root file system did not start, its error stands above");
    let id = process.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let first = children.trim().parse().unwrap();
    let line = process.stdin.take().unwrap();
    (process, line, first)
}

/// The tree of packages that all of them begin with, made by the first test that needs it and kept.
fn tree() -> &'static Path {
    static TREE: OnceLock<PathBuf> = OnceLock::new();
    TREE.get_or_init(|| {
        let recipe = format!("{RECIPE} {SUITE} {PACKAGES} {}", LEFT_OUT.join(" "));
        let name = format!("rootfs-{}", &hornero::sum::of_text(&recipe)[..16]);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if !folder.is_dir() {
            make_tree(&folder);
        }
        folder
    })
}

/// A tree gets its name when it is complete.
fn make_tree(folder: &Path) {
    let partial = folder.with_extension(std::process::id().to_string());
    // The test that comes first may be in a runtime already.
    let ask = || tokio::runtime::Runtime::new().unwrap().block_on(package_sources(SUITE));
    let sources = std::thread::spawn(ask).join().unwrap();
    let mut command = Command::new("mmdebstrap");
    command
        .args(["--mode=root", "--variant=minbase", "--format=directory", "--quiet"])
        .arg(format!("--include={PACKAGES}"))
        .args(["--aptopt=Apt::Install-Recommends \"false\""])
        .args(LEFT_OUT.map(|pattern| format!("--dpkgopt=path-exclude={pattern}")))
        .arg(SUITE)
        .arg(&partial);
    if !sources.is_empty() {
        command.arg("-");
    }
    let mut process = command.stdin(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(sources.join("\n").as_bytes()).unwrap();
    assert!(process.wait().unwrap().success(), "mmdebstrap failed, its error stands above");
    std::fs::rename(&partial, folder).unwrap();
}
