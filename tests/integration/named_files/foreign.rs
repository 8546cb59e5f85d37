//! A template of somebody else, as in a pull request: links and names in it that lead to what is none of its business.

use std::{fs, os::unix::fs::symlink};

use super::{BASE, CANARY, IMAGE, NamedFiles, loaded_in_time, told};
use crate::rig::hornero::Hornero;

#[test]
fn no_file_of_a_foreign_template_shows_what_lies_elsewhere() {
    let place = NamedFiles::new();
    let uses = format!("{IMAGE}{BASE}[[use]]\nprovisioner = \"x\"\n");
    fs::create_dir_all(place.own().join("provisioners/x")).unwrap();
    let file = place.own().join("provisioners/x/provisioner.toml");
    let leads_out = |told: Option<String>| {
        let told = told.expect("it is refused");
        assert!(told.contains("leads out") && !told.contains("CANARY"), "{told}");
    };
    symlink("../../../foreign/credentials", &file).unwrap();
    leads_out(place.refused(&uses));
    fs::remove_file(&file).unwrap();
    // A link to the folder, and one to a folder in it.
    fs::write(place.folder.path().join("foreign/provisioner.toml"), CANARY).unwrap();
    fs::remove_dir(place.own().join("provisioners/x")).unwrap();
    symlink("../../foreign", place.own().join("provisioners/x")).unwrap();
    leads_out(place.refused(&uses));
    fs::remove_file(place.own().join("provisioners/x")).unwrap();
    // A script of a good provisioner.
    place.write("provisioners/x/provisioner.toml", "[[steps]]\nscript = \"run.sh\"\n");
    symlink("../../../foreign/credentials", place.own().join("provisioners/x/run.sh")).unwrap();
    leads_out(place.refused(&uses));
    // The template itself, and the folder that it is in.
    symlink("../foreign/credentials", place.own().join("link.toml")).unwrap();
    leads_out(told(loaded_in_time(place.own().join("link.toml"))));
    fs::create_dir(place.own().join(".git")).unwrap();
    symlink("../foreign", place.own().join("templates")).unwrap();
    leads_out(told(loaded_in_time(place.own().join("templates/credentials"))));
}

#[test]
fn what_git_keeps_for_itself_is_no_text_of_a_template() {
    let place = NamedFiles::new();
    place.write(".git/config", &format!("[http \"https://example.org/\"]\n\textraheader = {CANARY}\n"));
    fs::create_dir_all(place.own().join("provisioners/x")).unwrap();
    symlink("../../.git/config", place.own().join("provisioners/x/provisioner.toml")).unwrap();
    symlink(".git/config", place.own().join("linked")).unwrap();
    for text in [
        format!("include = [\".git/config\"]\n{IMAGE}{BASE}"),
        format!("include = [\"linked\"]\n{IMAGE}{BASE}"),
        format!("{IMAGE}{BASE}[[use]]\nprovisioner = \"x\"\n"),
        format!("{IMAGE}{BASE}[[files]]\ntemplate = \".git/config\"\ndestination = \"/a\"\n"),
    ] {
        let told = place.refused(&text).expect("it is refused");
        assert!(told.contains("git's own files") && !told.contains("CANARY"), "{text}: {told}");
    }
}

#[test]
fn the_command_shows_nothing_of_it_and_takes_what_it_is_allowed() {
    let hornero = Hornero::alone();
    let (own, foreign) = (hornero.folder.path().join("own"), hornero.folder.path().join("foreign"));
    fs::create_dir_all(own.join("provisioners/x")).unwrap();
    fs::create_dir_all(&foreign).unwrap();
    fs::write(foreign.join("credentials"), format!("[default]\n{CANARY}\n")).unwrap();
    fs::write(own.join("web.toml"), format!("{IMAGE}{BASE}[[use]]\nprovisioner = \"x\"\n")).unwrap();
    symlink("../../../foreign/credentials", own.join("provisioners/x/provisioner.toml")).unwrap();
    symlink("../foreign/credentials", own.join("vars.toml")).unwrap();
    for style in ["lines", "json"] {
        for more in [&[][..], &["--var-file", "own/vars.toml"]] {
            let ran = hornero.run(&[&["validate", "own/web.toml", "--output", style], more].concat());
            assert_eq!(ran.code, 3, "{}", ran.stderr);
            let all = format!("{}{}", ran.stdout, ran.stderr);
            assert!(all.contains("leads out") && !all.contains("CANARY"), "{all}");
        }
    }
    // Whoever allows the folder sees what is wrong there.
    let ran = hornero.run(&["validate", "own/web.toml", "--allow-path", "foreign"]);
    assert!(ran.code == 3 && !ran.stderr.contains("leads out"), "{}", ran.stderr);
}
