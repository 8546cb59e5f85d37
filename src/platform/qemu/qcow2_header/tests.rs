//! Headers that `qemu-img` writes, and any bytes at all.

use std::{path::Path, process::Command};

use proptest::prelude::*;

use super::*;

fn qemu_img(folder: &Path, arguments: &[&str]) {
    let done = Command::new("qemu-img").args(arguments).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// What is said of the disk `d` that qemu-img makes with these options.
fn made(options: &[&str]) -> Result<Qcow2Header, Qcow2Error> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), vec![0; 4 << 20]).unwrap();
    qemu_img(folder.path(), &[&["create", "-q", "-f", "qcow2"][..], options, &["d", "4M"]].concat());
    let mut bytes = std::fs::read(folder.path().join("d")).unwrap();
    bytes.truncate(LONGEST_HEADER_BYTES);
    parse(&bytes)
}

#[test]
fn disks_that_are_whole_are_read_and_others_are_told_as_what_they_are() {
    let whole = Ok(Qcow2Header { virtual_size: 4 << 20 });
    for options in [
        &[][..],
        &["-o", "compat=0.10"],
        &["-o", "cluster_size=512"],
        &["-o", "cluster_size=2M"],
        &["-o", "compression_type=zstd"],
        &["-o", "extended_l2=on"],
        &["-o", "lazy_refcounts=on"],
    ] {
        assert_eq!(made(options), whole, "{options:?}");
    }
    let backing =
        |options: &[&str]| matches!(made(options), Err(Qcow2Error::Backing(name)) if name == b"secret");
    assert!(backing(&["-b", "secret", "-F", "raw"]));
    assert!(backing(&["-o", "compat=0.10,backing_file=secret,backing_fmt=raw"]));
    for raw in ["off", "on"] {
        let data = made(&["-o", &format!("data_file=other,data_file_raw={raw}")]);
        assert_eq!(data, Err(Qcow2Error::DataFile(b"other".to_vec())));
    }
    // To make one of LUKS, qemu-img measures the processor, and fails where that is busy.
    let secret = "--object=secret,id=s,data=abc";
    assert_eq!(made(&[secret, "-o", "encrypt.format=aes,encrypt.key-secret=s"]), Err(Qcow2Error::Encrypted));
}

/// A header with a changed part.
fn with(changes: &[(usize, &[u8])]) -> Result<Qcow2Header, Qcow2Error> {
    let mut bytes = vec![0; 1 << 16];
    let fields: [(usize, &[u8]); 5] =
        [(0, &MAGIC), (7, &[3]), (23, &[16]), (24, &[0, 0, 0, 0, 0, 0x40]), (103, &[112])];
    for (at, part) in fields.iter().chain(changes) {
        bytes[*at..*at + part.len()].copy_from_slice(part);
    }
    parse(&bytes)
}

#[test]
fn a_name_of_another_file_is_found_wherever_it_stands() {
    assert!(with(&[]).is_ok());
    // The bit alone, the name alone, and the name behind another extension.
    assert_eq!(with(&[(79, &[4])]), Err(Qcow2Error::DataFile(Vec::new())));
    let name = [b"DATA".as_slice(), &[0, 0, 0, 3], b"/x/"].concat();
    assert_eq!(with(&[(112, &name)]), Err(Qcow2Error::DataFile(b"/x/".to_vec())));
    let behind = [b"abcd".as_slice(), &[0, 0, 0, 5], b"12345\0\0\0", &name].concat();
    assert_eq!(with(&[(112, &behind)]), Err(Qcow2Error::DataFile(b"/x/".to_vec())));
    assert_eq!(with(&[(15, &[1])]), Err(Qcow2Error::Backing(Vec::new())));
    // AES, LUKS, and the extension that says where the header of LUKS lies.
    let luks_header = [&[0x05, 0x37, 0xbe, 0x77, 0, 0, 0, 16][..], &[0; 16]].concat();
    for encrypted in [(35, &[1][..]), (35, &[2]), (112, &luks_header)] {
        assert_eq!(with(&[encrypted]), Err(Qcow2Error::Encrypted), "{encrypted:?}");
    }
    assert_eq!(with(&[(78, &[1])]), Err(Qcow2Error::UnknownFeatures));
    assert_eq!(with(&[(79, &[2])]), Err(Qcow2Error::Corrupt));
    for broken in [(103, 96), (103, 113), (23, 8), (23, 22), (119, 255)] {
        let kind = [1, 2, 3, 4, 0, 255, 0, 0];
        let change = (broken.0, [broken.1]);
        let extended =
            if broken.0 == 119 { vec![(112, kind.as_slice())] } else { vec![(change.0, &change.1[..])] };
        assert_eq!(with(&extended), Err(Qcow2Error::Broken), "{broken:?}");
    }
    assert_eq!(with(&[(24, &[0; 8])]), Err(Qcow2Error::Size));
    assert_eq!(with(&[(24, &[255; 8])]), Err(Qcow2Error::Size));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever stands there, it is read without a panic, and nothing that is taken names another file.
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400), version in 2_u8..4, bits in 9_u8..22) {
        parse(&bytes).ok();
        let mut near = bytes;
        near.resize(near.len().max(120), 0);
        near[..8].copy_from_slice(&[MAGIC.as_slice(), &[0, 0, 0, version]].concat());
        near[20..24].copy_from_slice(&[0, 0, 0, bits]);
        near[32..36].fill(0);
        for has_backing in [false, true] {
            if !has_backing {
                near[8..16].fill(0);
            }
            let no_data = number64(&near, 72).unwrap() & EXTERNAL_DATA == 0;
            if parse(&near).is_ok() {
                prop_assert!(number64(&near, 8).unwrap() == 0 && (version == 2 || no_data));
            }
        }
    }
}
