//! Disks as `qemu-img` makes them in every format that it writes.

use std::{path::Path, process::Command};

use super::*;

fn qemu_img(folder: &Path, arguments: &[&str]) {
    let done = Command::new("qemu-img").args(arguments).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn only_qcow2_and_raw_are_taken_and_only_where_they_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (format, options) in [("qcow2", "compat=v3"), ("raw", "preallocation=off")] {
        qemu_img(path, &["create", "-q", "-f", format, "-o", options, format, "4M"]);
        let found = inspect(&path.join(format)).await.unwrap();
        assert_eq!((found.format.name(), found.virtual_size), (format, 4 << 20));
    }
    let formats = [
        ("vmdk", "subformat=monolithicSparse"),
        ("vmdk", "subformat=monolithicFlat"),
        ("vmdk", "subformat=streamOptimized"),
        ("vmdk", "subformat=twoGbMaxExtentFlat"),
        ("vdi", "static=off"),
        ("vhdx", "subformat=dynamic"),
        ("vpc", "subformat=dynamic"),
        ("vpc", "subformat=fixed"),
        ("qed", "cluster_size=65536"),
        ("parallels", "cluster_size=1048576"),
    ];
    for (number, (format, options)) in (0..).zip(formats) {
        let name = format!("{number}.{format}");
        qemu_img(path, &["create", "-q", "-f", format, "-o", options, &name, "4M"]);
        let error = inspect(&path.join(&name)).await.unwrap_err();
        assert!(error.why.contains("not qcow2 or raw"), "{name}: {error}");
        assert!(error.hint.unwrap().contains(&format!("-f {format} ")), "{name}");
    }
    let packed = path.join("packed.qcow2.gz");
    std::fs::write(&packed, b"\x1f\x8b\x08 and so on").unwrap();
    assert!(inspect(&packed).await.unwrap_err().hint.unwrap().contains("unpack"));
}

/// The file of the host that a disk names must not be opened by anybody.
#[tokio::test]
async fn a_disk_that_names_a_file_of_this_computer_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let secret = path.join("hostsecret");
    std::fs::write(&secret, "TOP SECRET".repeat(60_000)).unwrap();
    let named = secret.to_str().unwrap();
    let disks = [
        ("backing", vec!["-b", named, "-F", "raw"]),
        ("protocol", vec!["-u", "-b", "nbd:unix:/run/x", "-F", "raw"]),
        ("json", vec!["-u", "-b", "json:{\"driver\":\"file\",\"filename\":\"/etc/shadow\"}", "-F", "raw"]),
    ];
    for (name, options) in disks {
        qemu_img(path, &[&["create", "-q", "-f", "qcow2"][..], &options, &[name, "1M"]].concat());
        let error = inspect(&path.join(name)).await.unwrap_err();
        assert!(error.why.contains("only an overlay on"), "{name}: {error}");
    }
    // A data file as in an attack: made with a file of one's own, then pointed at the host's.
    let own = path.join("hostsecreX");
    let options = format!("data_file={},data_file_raw=on", own.display());
    qemu_img(path, &["create", "-q", "-f", "qcow2", "-o", &options, "data", "1M"]);
    let mut bytes = std::fs::read(path.join("data")).unwrap();
    let at = bytes.windows(own.as_os_str().len()).position(|part| part == own.as_os_str().as_encoded_bytes());
    let at = at.unwrap();
    bytes[at..at + named.len()].copy_from_slice(named.as_bytes());
    std::fs::write(path.join("data"), &bytes).unwrap();
    let error = inspect(&path.join("data")).await.unwrap_err();
    assert!(error.why.contains("content is in another file") && error.why.contains(named), "{error}");
    assert!(!error.to_string().contains("TOP SECRET"));
}

#[tokio::test]
async fn what_is_no_ordinary_file_is_no_disk() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(inspect(&pipe).await.unwrap_err().why.contains("named pipe"));
    assert!(inspect(Path::new("/dev/zero")).await.unwrap_err().why.contains("device"));
    std::fs::write(folder.path().join("empty"), "").unwrap();
    assert!(inspect(&folder.path().join("empty")).await.unwrap_err().why.contains("empty"));
    let error = inspect(Path::new("/nonexistent/a.qcow2")).await.unwrap_err();
    assert!(error.to_string().contains("/nonexistent/a.qcow2"), "{error}");
}
