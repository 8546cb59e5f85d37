//! A real sshd of this computer, in a folder of its own, on a free port of the loopback.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use hornero::remote::{
    key::KeyPair,
    ssh::{Account, SshRemote},
};
use tempfile::TempDir;

pub struct Sshd {
    folder: TempDir,
    process: Option<Child>,
    pub host: KeyPair,
    pub user: KeyPair,
    pub port: u16,
}

impl Sshd {
    /// Keys and configuration, nothing running yet.
    pub fn prepare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (host, user) = (KeyPair::generate("host").unwrap(), KeyPair::generate("user").unwrap());
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        };
        write("host_key", &host.private);
        write("authorized_keys", &user.public);
        let at = folder.path().display();
        write(
            "config",
            &format!(
                "ListenAddress 127.0.0.1\nPort {port}\nHostKey {at}/host_key\nAuthorizedKeysFile {at}/authorized_keys\n\
                 PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
            ),
        );
        Self { folder, process: None, host, user, port }
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
            .args(["-D", "-e", "-f"])
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
            address: SocketAddr::from(([127, 0, 0, 1], self.port)),
            user: String::from_utf8(user).unwrap().trim().to_owned(),
            private_key: self.user.private.clone(),
            pin: self.host.pin(),
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
