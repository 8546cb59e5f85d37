//! The two scripts, on the sources that images of the distributions have, under a root of their own.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

use super::*;

const DEBIAN_12: [(&str, &str); 4] = [
    (
        "etc/os-release",
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_CODENAME=bookworm\n",
    ),
    ("etc/ssl/certs/ca-certificates.crt", "certificates"),
    (
        "etc/apt/sources.list",
        "# the distribution\ndeb http://deb.debian.org/debian bookworm main contrib\n\
         deb-src [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian/ bookworm-updates main\n\
         deb\t[ trusted=yes ]\thttp://security.debian.org bookworm-security  main # fixes\n# deb http://deb.debian.org/debian bookworm-backports main\n",
    ),
    (
        "etc/apt/sources.list.d/others.list",
        "deb [arch=amd64] https://download.docker.com/linux/debian bookworm stable\n\
         deb https://dl.yarnpkg.com/debian/ stable main\n\
         deb [signed-by=/etc/apt/keyrings/x.gpg] https://packages.example.org/debian bookworm main\n",
    ),
];

const DEBIAN_13: [(&str, &str); 3] = [
    ("etc/os-release", "ID=debian\nVERSION_CODENAME=trixie\n"),
    ("etc/ssl/certs/ca-certificates.crt", "certificates"),
    (
        "etc/apt/sources.list.d/debian.sources",
        "Types: deb deb-src\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: trixie trixie-updates\n\
         Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.pgp\n\n\
         # fixes\nTypes: deb\nURIs: mirror+file:///etc/apt/mirrors/debian-security.list\nSuites: trixie-security\n\
         Components: main\nCheck-Valid-Until: yes\n",
    ),
];

const UBUNTU_22_04: [(&str, &str); 3] = [
    ("etc/os-release", "ID=ubuntu\nVERSION_CODENAME=jammy\n"),
    ("etc/ssl/certs/ca-certificates.crt", "certificates"),
    (
        "etc/apt/sources.list",
        "deb http://eu-west-1.ec2.archive.ubuntu.com/ubuntu/ jammy main restricted\n\
         deb http://security.ubuntu.com/ubuntu jammy-security universe\n\
         deb https://ppa.launchpadcontent.net/a/b/ubuntu/ jammy main\n",
    ),
];

const UBUNTU_24_04: [(&str, &str); 5] = [
    ("etc/os-release", "ID=ubuntu\nVERSION_CODENAME=noble\n"),
    ("etc/ssl/certs/ca-certificates.crt", "certificates"),
    ("etc/apt/sources.list", "# Ubuntu sources have moved to ubuntu.sources\n"),
    (
        "etc/apt/sources.list.d/ubuntu.sources",
        "Types: deb\nURIs: http://archive.ubuntu.com/ubuntu/\n  http://ports.ubuntu.com/ubuntu-ports\n\
         Suites: noble noble-updates noble-security\nComponents: main universe\n\
         Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n",
    ),
    (
        "etc/apt/sources.list.d/esm.sources",
        "Types: deb\nURIs: https://esm.ubuntu.com/apps/ubuntu\nSuites: noble-apps-security\nComponents: main\n",
    ),
];

fn machine(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for folder in ["etc/apt/sources.list.d", "etc/ssl/certs", "run", "var/lib/apt/lists/partial"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    files.iter().for_each(|(name, text)| fs::write(root.path().join(name), text).unwrap());
    root
}

fn snapshot(archive: Option<&str>) -> Snapshot {
    Snapshot { at: "2026-11-01T00:00:00Z".parse().unwrap(), archive: archive.map(Into::into) }
}

fn ran(script: &str, archive: Option<&str>, root: &Path) -> Output {
    let script = with_values(script, &snapshot(archive), &root.display().to_string()).unwrap();
    Command::new("sh").args(["-c", &script]).output().unwrap()
}

/// What the file says once packages come from the snapshot.
fn begun(files: &[(&str, &str)], name: &str) -> (TempDir, String) {
    let root = machine(files);
    let output = ran(BEGIN, None, root.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(root.path().join("etc/apt").join(name)).unwrap();
    (root, text)
}

fn assert_as_before(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        assert_eq!(&fs::read_to_string(root.join(name)).unwrap(), text, "{name}");
    }
    assert!(!root.join("var/lib/hornero-snapshot").exists());
}

#[test]
fn lines_of_debian_go_to_the_snapshot_and_those_of_others_stay() {
    let (root, text) = begun(&DEBIAN_12, "sources.list");
    let archive = "https://snapshot.debian.org/archive";
    let expected = format!(
        "# the distribution\ndeb [check-valid-until=no] {archive}/debian/20261101T000000Z/ bookworm main contrib\n\
         deb-src [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no] \
         {archive}/debian/20261101T000000Z/ bookworm-updates main\n\
         deb [trusted=yes check-valid-until=no] {archive}/debian-security/20261101T000000Z/ bookworm-security  main # fixes\n\
         # deb http://deb.debian.org/debian bookworm-backports main\n"
    );
    assert_eq!(text, expected);
    let (name, others) = DEBIAN_12[3];
    assert_eq!(fs::read_to_string(root.path().join(name)).unwrap(), others);
}

#[test]
fn stanzas_of_debian_go_to_the_snapshot_field_by_field() {
    let (_root, text) = begun(&DEBIAN_13, "sources.list.d/debian.sources");
    let archive = "https://snapshot.debian.org/archive";
    let expected = format!(
        "Types: deb deb-src\nURIs: {archive}/debian/20261101T000000Z/\nCheck-Valid-Until: no\n\
         Suites: trixie trixie-updates\nComponents: main\n\
         Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp\n\n\
         # fixes\nTypes: deb\nURIs: {archive}/debian-security/20261101T000000Z/\nCheck-Valid-Until: no\n\
         Suites: trixie-security\nComponents: main\n"
    );
    assert_eq!(text, expected);
}

#[test]
fn all_of_ubuntu_is_one_archive_and_its_other_services_are_not() {
    let moment = "https://snapshot.ubuntu.com/ubuntu/20261101T000000Z/";
    let (_root, lines) = begun(&UBUNTU_22_04, "sources.list");
    let expected = format!(
        "deb [check-valid-until=no] {moment} jammy main restricted\n\
         deb [check-valid-until=no] {moment} jammy-security universe\n\
         deb https://ppa.launchpadcontent.net/a/b/ubuntu/ jammy main\n"
    );
    assert_eq!(lines, expected);
    let (root, stanza) = begun(&UBUNTU_24_04, "sources.list.d/ubuntu.sources");
    let start = format!("Types: deb\nURIs: {moment}\nCheck-Valid-Until: no\nSuites: noble noble-updates");
    assert!(stanza.starts_with(&start), "{stanza}");
    for (name, text) in [UBUNTU_24_04[2], UBUNTU_24_04[4]] {
        assert_eq!(fs::read_to_string(root.path().join(name)).unwrap(), text);
    }
}

#[test]
fn the_sources_come_back_as_they_were() {
    for files in [&DEBIAN_12[..], &DEBIAN_13, &UBUNTU_22_04, &UBUNTU_24_04] {
        let root = machine(files);
        for script in [BEGIN, BEGIN, OVER, OVER] {
            let output = ran(script, None, root.path());
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert_as_before(root.path(), files);
    }
}

#[test]
fn package_lists_of_the_snapshot_go_and_others_stay() {
    let (root, _) = begun(&DEBIAN_12, "sources.list");
    let lists =
        ["mirror_debian_20261101T000000Z_dists_bookworm_Release", "packages.example.org_dists_x_Release"];
    let [ours, other] = lists.map(|name| root.path().join("var/lib/apt/lists").join(name));
    for list in [&ours, &other] {
        fs::write(list, "list").unwrap();
    }
    assert!(ran(OVER, None, root.path()).status.success());
    assert!(!ours.exists() && other.exists());
}

#[test]
fn what_a_step_has_changed_stays_unless_it_names_the_snapshot() {
    let (root, text) = begun(&DEBIAN_12, "sources.list");
    let file = root.path().join("etc/apt/sources.list");
    fs::write(&file, format!("{text}# more\n")).unwrap();
    let output = ran(OVER, None, root.path());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("/etc/apt/sources.list, and it still names"), "{told}");

    fs::write(&file, "deb http://mine.example/debian bookworm main\n").unwrap();
    assert!(ran(OVER, None, root.path()).status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), "deb http://mine.example/debian bookworm main\n");

    let (root, _) = begun(&DEBIAN_12, "sources.list");
    let file = root.path().join("etc/apt/sources.list");
    fs::remove_file(&file).unwrap();
    assert!(ran(OVER, None, root.path()).status.success());
    assert!(!file.exists());
}

#[test]
fn an_archive_of_ones_own_is_laid_out_like_the_public_one() {
    let root = machine(&DEBIAN_12);
    let output = ran(BEGIN, Some("http://mirror.example/a b\\n"), root.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(root.path().join("etc/apt/sources.list")).unwrap();
    assert!(
        text.contains(" http://mirror.example/a b\\n/debian-security/20261101T000000Z/ bookworm-security")
    );
}

#[test]
fn a_bare_base_has_no_certificates_and_asks_without() {
    let files = [DEBIAN_12[0], DEBIAN_12[2]];
    let (_root, text) = begun(&files, "sources.list");
    assert!(text.contains(" http://snapshot.debian.org/archive/debian/20261101T000000Z/ "), "{text}");
}

#[test]
fn a_machine_without_an_archive_or_without_sources_is_told_and_so_is_one_that_was_left_out() {
    let amazon = [("etc/os-release", "ID=amzn\nPRETTY_NAME=\"Amazon Linux 2023\"\n")];
    for (files, script, told) in [
        (&amazon[..], BEGIN, "Amazon Linux 2023 has no archive of its packages by date"),
        (&[DEBIAN_12[0], DEBIAN_12[3]], BEGIN, "has no source of debian"),
        (&DEBIAN_12, OVER, "did not come from the snapshot"),
    ] {
        let root = machine(files);
        let output = ran(script, None, root.path());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && stderr.contains(told), "{stderr}");
    }
}

#[test]
fn a_boot_that_was_cut_off_goes_on_with_the_next() {
    let root = machine(&DEBIAN_12);
    assert!(ran(BEGIN, None, root.path()).status.success());
    fs::remove_file(root.path().join("var/lib/hornero-snapshot/done")).unwrap();
    assert!(ran(BEGIN, None, root.path()).status.success());
    assert!(ran(OVER, None, root.path()).status.success());
    assert_as_before(root.path(), &DEBIAN_12);
}
