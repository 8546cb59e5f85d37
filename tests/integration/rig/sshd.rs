//! A real sshd of this computer, in a folder of its own, on a free port of the loopback.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use hornero::remote::{
    key::KeyPair,
    route::{Account, Route},
    ssh::SshRemote,
};
use tempfile::TempDir;

use super::{guests::place_for_servers, places::Place};

pub struct Sshd {
    folder: TempDir,
    process: Option<Child>,
    pub host: KeyPair,
    pub user: KeyPair,
    pub ip: Ipv4Addr,
    pub port: u16,
    #[expect(dead_code, reason = "it is held")]
    place: Option<Arc<Place>>,
}

impl Sshd {
    /// Keys and configuration, nothing running yet.
    pub fn prepare() -> Self {
        Self::prepare_at(Ipv4Addr::LOCALHOST, "")
    }

    /// On another address of the loopback, with more lines of configuration.
    pub fn prepare_at(ip: Ipv4Addr, more: &str) -> Self {
        Self::prepare_with_disk(ip, more, None)
    }

    /// With a folder in the place of the builder's disks and of the account's home; without one it is a folder of its
    /// own. The builder is this computer: it is not to be searched for secrets as a whole.
    pub fn prepare_with_disk(ip: Ipv4Addr, more: &str, disk: Option<&Path>) -> Self {
        let place = place_for_servers();
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap().port();
        let (host, user) = (KeyPair::generate("host").unwrap(), KeyPair::generate("user").unwrap());
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        };
        write("host_key", &host.private);
        write("authorized_keys", &user.public);
        let (at, disk) = (folder.path().display(), disk.unwrap_or(folder.path()).display());
        write(
            "config",
            &format!(
                "ListenAddress {ip}\nPort {port}\nHostKey {at}/host_key\nAuthorizedKeysFile {at}/authorized_keys\n\
                 PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n{more}\n\
                 # Not what the account's shell reads on this computer at each command; and its apt stays as it is.\n\
                 SetEnv HOME={disk} HORNERO_SEARCH_IN={disk}\n"
            ),
        );
        Self { folder, process: None, host, user, ip, port, place }
    }

    pub fn start() -> Self {
        let mut sshd = Self::prepare();
        sshd.run();
        sshd
    }

    pub fn run(&mut self) {
        // sshd separates privileges through this folder; a machine where sshd never ran lacks it.
        if rustix::process::geteuid().is_root() {
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let config: PathBuf = self.folder.path().join("config");
        let child = Command::new("/usr/sbin/sshd")
            .arg("-D")
            .arg("-E")
            .arg(self.folder.path().join("log"))
            .arg("-f")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssh-server is installed by scripts/setup.sh");
        self.process = Some(child);
    }

    pub fn account(&self) -> Account {
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        Account {
            address: SocketAddr::from((self.ip, self.port)),
            user: String::from_utf8(user).unwrap().trim().to_owned(),
            private_key: self.user.private.clone(),
            pin: self.host.pin(),
            route: Route::Direct,
            by_cloud_init: false,
        }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Cuts the connections that it serves now; it goes on to listen.
    pub fn cut(&self) {
        let id = self.process.as_ref().unwrap().id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        for child in children.split_whitespace() {
            assert!(Command::new("kill").args(["-KILL", child]).status().unwrap().success());
        }
    }

    pub async fn connect(&self) -> SshRemote {
        SshRemote::connect(self.account(), Duration::from_secs(20)).await.unwrap()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}
