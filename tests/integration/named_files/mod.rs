//! Files that a template or the command line names: each key is tried with everything that is no file of its own,
//! and the keys are counted in the code, so that a new one is tried too.

mod foreign;
mod held;
mod provisioners;

use std::{
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use hornero::{
    load::{Inputs, Loaded, load},
    template::{
        diagnose::{Mistakes, render},
        model::PlatformKind,
    },
};
use tempfile::TempDir;

pub const IMAGE: &str = "[image]\nname = \"web\"\n";
pub const BASE: &str = "[base]\nos = \"debian-12\"\n";

/// What a file of somebody else holds. No mistake may show it.
pub const CANARY: &str = "aws_secret_access_key = CANARY";

/// One key, by the file of `template/check` that reads it and the function that it calls there.
struct NamingKey {
    read_by: &'static str,
    /// Everything of a template but `[image]`; `FILE` stands for the path.
    text: &'static str,
    /// It may lie anywhere on this computer.
    may_lie_anywhere: bool,
}

const fn key(read_by: &'static str, text: &'static str) -> NamingKey {
    NamingKey { read_by, text, may_lie_anywhere: false }
}

const fn anywhere(read_by: &'static str, text: &'static str) -> NamingKey {
    NamingKey { read_by, text, may_lie_anywhere: true }
}

/// Every key that names a file which is read.
const KEYS: [NamingKey; 13] = [
    key(
        "accounts.rs: file",
        "[base]\nos = \"debian-12\"\n[[users]]\nname = \"ana\"\nssh_keys = [\"FILE\"]\n",
    ),
    key("base.rs: own_path", "[base]\ntemplate = \"FILE\"\n"),
    anywhere("base.rs: any_path", "[base]\nqemu = { image = \"FILE\" }\n"),
    key(
        "files.rs: template_file",
        "[base]\nos = \"debian-12\"\n[[files]]\ntemplate = \"FILE\"\ndestination = \"/a\"\n",
    ),
    key(
        "files.rs: existing",
        "[base]\nos = \"debian-12\"\n[[files]]\nsource = \"FILE\"\ndestination = \"/a\"\n",
    ),
    key("image.rs: own_path", "[base]\nos = \"debian-12\"\n[secrets]\npassword = { file = \"FILE\" }\n"),
    key(
        "packages.rs: file",
        "[base]\nos = \"debian-12\"\n[[packages.repositories]]\nname = \"a\"\nuri = \"https://a.example/b\"\nsuite = \"c\"\ncomponents = [\"main\"]\nkey = \"FILE\"\n",
    ),
    key("platforms.rs: file", "[base]\nos = \"debian-12\"\n[cloud_init]\nuser_data = [\"FILE\"]\n"),
    anywhere("ssh.rs: key_file", "[base]\nos = \"debian-12\"\n[ssh]\nprivate_key = \"FILE\"\n"),
    anywhere(
        "ssh.rs: key_file",
        "[base]\nos = \"debian-12\"\n[ssh]\nbastion = { host = \"b\", user = \"u\", host_key = \"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\", private_key = \"FILE\" }\n",
    ),
    key(
        "steps.rs: existing",
        "[base]\nos = \"debian-12\"\n[[steps]]\nkind = \"ansible\"\nplaybook = \"FILE\"\n",
    ),
    key("steps.rs: file", "[base]\nos = \"debian-12\"\n[[steps]]\nscript = \"FILE\"\n"),
    key("", "include = [\"FILE\"]\n[base]\nos = \"debian-12\"\n"),
];

/// Calls that read nothing: of places that are written to, or parts of others that are named above.
const NOT_READ: [&str; 5] = [
    "files.rs: file",
    "inputs.rs: path_written",
    "ssh.rs: any_path",
    "ssh.rs: login_key",
    "steps.rs: own_path",
];

pub fn inputs() -> Inputs {
    Inputs::for_platform(PlatformKind::Qemu)
}

/// A folder with everything in it that a file may turn out to be, and one beside it with what is somebody else's.
pub struct NamedFiles {
    pub folder: TempDir,
    _socket: UnixListener,
}

impl NamedFiles {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (own, foreign) = (folder.path().join("own"), folder.path().join("foreign"));
        fs::create_dir_all(&own).unwrap();
        fs::create_dir_all(&foreign).unwrap();
        fs::write(foreign.join("credentials"), format!("[default]\n{CANARY}\n")).unwrap();
        let pipe = own.join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        for (name, target) in [
            ("to-pipe", "pipe"),
            ("to-zero", "/dev/zero"),
            ("to-kernel", "/proc/self/environ"),
            ("to-foreign", "../foreign/credentials"),
        ] {
            symlink(target, own.join(name)).unwrap();
        }
        let socket = UnixListener::bind(own.join("socket")).unwrap();
        Self { folder, _socket: socket }
    }

    pub fn own(&self) -> PathBuf {
        self.folder.path().join("own")
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.own().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// What is told of a template, if it is not taken.
    pub fn refused(&self, text: &str) -> Option<String> {
        told(loaded_in_time(self.write("t.toml", text)))
    }
}

/// Reading must not wait for anybody.
pub fn loaded_in_time(path: PathBuf) -> Result<Loaded, Mistakes> {
    let (sender, receiver) = mpsc::channel();
    // Whoever waits has given up by then.
    std::thread::spawn(move || sender.send(Box::new(load(&path, &inputs()))).ok());
    *receiver.recv_timeout(Duration::from_secs(20)).expect("it hangs")
}

pub fn told(result: Result<Loaded, Mistakes>) -> Option<String> {
    let mistakes = result.err()?;
    Some(format!("{}{:?}", render(&mistakes, false, 200), mistakes.records()))
}

#[test]
fn no_key_takes_what_is_no_ordinary_file_of_its_own() {
    let place = NamedFiles::new();
    let bad = [
        ("pipe", "named pipe", true),
        ("to-pipe", "named pipe", true),
        ("socket", "socket", true),
        ("to-zero", "device", false),
        ("to-kernel", "kernel", false),
        ("to-foreign", "symbolic link leads out", false),
    ];
    for NamingKey { read_by, text, may_lie_anywhere } in &KEYS {
        for (name, why, is_inside) in bad {
            let Some(told) = place.refused(&format!("{}{IMAGE}", text.replace("FILE", name))) else {
                assert!(*may_lie_anywhere && name == "to-foreign", "{read_by} takes {name}");
                continue;
            };
            let why = if is_inside || *may_lie_anywhere { why } else { "symbolic link leads out" };
            let is_told = told.contains(why) || (*may_lie_anywhere && name == "to-foreign");
            assert!(is_told, "{read_by} with {name}: {told}");
            assert!(!told.contains("CANARY"), "{read_by} with {name}: {told}");
        }
    }
}

#[test]
fn every_key_that_names_a_file_is_tried() {
    let calls = regex::Regex::new(
        r"self\.(file|existing|any_path|own_path|login_key|key_file|path_written|template_file)\(",
    );
    let calls = calls.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/template/check");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        let name = entry.file_name().into_string().unwrap();
        // There they are defined.
        if name != "paths.rs" {
            let text = fs::read_to_string(entry.path()).unwrap();
            found.extend(calls.captures_iter(&text).map(|call| format!("{name}: {}", &call[1])));
        }
    }
    found.retain(|call| !NOT_READ.contains(&call.as_str()));
    found.sort();
    let mut tried: Vec<&str> = KEYS.iter().map(|key| key.read_by).filter(|read| !read.is_empty()).collect();
    tried.sort();
    // One function asks for the keys of both machines.
    assert_eq!(found, tried, "put what names a file into `KEYS`, or say that it reads nothing");
}

#[test]
fn a_folder_that_is_sent_holds_nothing_that_cannot_be_read() {
    let place = NamedFiles::new();
    let template = |exclude: &str| {
        format!("{IMAGE}{BASE}[[files]]\nsource = \"site\"\ndestination = \"/srv\"\nexclude = [{exclude}]\n")
    };
    place.write("site/sub/index.html", "hello");
    assert_eq!(place.refused(&template("")), None);
    for (name, why) in [("pipe", "named pipe"), ("socket", "socket")] {
        fs::rename(place.own().join(name), place.own().join("site/sub").join(name)).unwrap();
        let told = place.refused(&template("")).expect("it cannot be sent");
        assert!(told.contains(why) && told.contains(&format!("site/sub/{name}")), "{told}");
        assert_eq!(place.refused(&template("\"pipe\", \"socket\"")), None);
        fs::remove_file(place.own().join("site/sub").join(name)).unwrap();
    }
    let sparse = fs::File::create(place.own().join("site/sparse")).unwrap();
    sparse.set_len(1 << 42).unwrap();
    assert!(place.refused(&template("")).is_some_and(|told| told.contains("4.0 TiB, more than 64.0 GiB")));
    assert_eq!(place.refused(&template("\"sparse\"")), None);
}
