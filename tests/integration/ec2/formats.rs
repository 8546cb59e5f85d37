//! Files that a newer hornero has written: each that is read back says so, and nothing is done with it.

use std::{fs, path::Path};

use super::Cloud;

/// Raises the format in the first line of a file that has one, or in its only object.
fn raise(path: &Path) -> Vec<u8> {
    let before = fs::read(path).unwrap();
    let text = String::from_utf8(before.clone()).unwrap();
    let raised =
        text.replacen("\"format\":1", "\"format\":2", 1).replacen("\"format\": 1", "\"format\": 2", 1);
    assert_ne!(raised, text, "{} does not say its format", path.display());
    fs::write(path, raised).unwrap();
    before
}

#[test]
fn a_file_of_a_later_format_is_told_as_such_and_taken_for_nothing_else() {
    let cloud = Cloud::start();
    let template = cloud.template("", "");
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (image, run) = (ran.stdout.trim().to_owned(), cloud.run_id());
    let folder = cloud.hornero.folder.path().join("state/runs").join(&run);
    let manifest = cloud.hornero.data().join("images").join(&image).join("manifest.json");
    let commands: [(&Path, &[&str]); 5] = [
        (&manifest, &["test", &image]),
        (&manifest, &["diff", &image, &image]),
        (&folder.join("journal"), &["clean", &run]),
        (&folder.join("image.json"), &["publish", &run]),
        (&folder.join("plan.json"), &["publish", &run]),
    ];
    for (file, arguments) in commands {
        let before = raise(file);
        let raised = fs::read(file).unwrap();
        let ran = cloud.run(arguments);
        assert_eq!(ran.code, 1, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("written by a newer hornero"), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("hint: use the hornero that wrote it, or a newer one"), "{}", ran.stderr);
        assert_eq!(fs::read(file).unwrap(), raised, "{} was changed", file.display());
        fs::write(file, before).unwrap();
    }
    assert_eq!(cloud.images("eu-west-1").len(), 1);
    let before = raise(&folder.join("journal"));
    let ran = cloud.run(&["runs", "--output", "json"]);
    assert_eq!((ran.code, ran.stdout.contains(&run)), (0, false), "{}", ran.stderr);
    assert!(ran.stderr.contains("written by a newer hornero"), "{}", ran.stderr);
    let ran = cloud.run(&["bake", &template, "--force"]);
    assert_eq!(ran.code, 0, "the run of another hornero is no matter of this bake: {}", ran.stderr);
    assert!(ran.stderr.contains("written by a newer hornero"), "{}", ran.stderr);
    fs::write(folder.join("journal"), before).unwrap();
}
