//! A template that is named without a folder, from where it lies: every path in it is relative to that.

use super::Cloud;

#[test]
fn a_bare_name_of_a_template_means_what_its_path_means() {
    let mut cloud = Cloud::start();
    let folder = cloud.hornero.folder.path().to_owned();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("vars.toml", "word = \"spoken\"\n");
    write("scripts/note.sh", "pwd >where; cat site/page >>where\n");
    write("site/page", "hello\n");
    write("more.toml", "[variables]\nword = \"\"\n");
    write(
        "provisioners/own/provisioner.toml",
        "[provisioner]\ndescription = \"own\"\n[[steps]]\nname = \"own\"\nscript = \"own.sh\"\n",
    );
    write("provisioners/own/own.sh", "true\n");
    let target = folder.join("uploaded");
    let more = format!(
        "[[use]]\nprovisioner = \"own\"\n\
         [[files]]\nsource = \"site\"\ndestination = \"{0}\"\n\
         [[steps]]\nname = \"local\"\nkind = \"local\"\nscript = \"scripts/note.sh\"\ninputs = [\"si*/pa*\"]\n\
         [[steps]]\nname = \"say\"\nkind = \"local\"\nrun = \"echo {{{{ word }}}} >said\"\n\
         [[steps]]\nname = \"deep\"\nkind = \"download\"\nsource = \"{0}/page\"\ndestination = \"got/page\"\n\
         [[steps]]\nname = \"here\"\nkind = \"download\"\nsource = \"{0}/page\"\ndestination = \"page\"\n",
        target.display()
    );
    let path = cloud.template("", &more);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("include = [\"more.toml\"]\n{text}")).unwrap();
    let ran = cloud.run(&["bake", "web.toml", "--var-file", "vars.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let real = std::fs::canonicalize(&folder).unwrap();
    assert_eq!(read("where"), format!("{}\nhello\n", real.display()));
    assert_eq!((read("said").as_str(), read("got/page").as_str()), ("spoken\n", "hello\n"));
    assert_eq!(read("page"), "hello\n");
    // The other ways to name it mean the same image.
    for name in ["./web.toml", path.as_str()] {
        let again = cloud.run(&["bake", name, "--var-file", "vars.toml"]);
        assert_eq!((again.code, again.stdout.as_str()), (0, ran.stdout.as_str()), "{name}: {}", again.stderr);
    }
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 1);
}

#[test]
fn the_folder_itself_can_be_a_source_and_hold_a_playbook() {
    let cloud = Cloud::start();
    let folder = cloud.hornero.folder.path();
    let alone = folder.join("alone");
    std::fs::create_dir(&alone).unwrap();
    std::fs::write(alone.join("site.yml"), "- hosts: all\n  tasks: []\n").unwrap();
    let more = "[[files]]\nsource = \".\"\ndestination = \"/srv/all\"\n\
                [[steps]]\nkind = \"ansible\"\nplaybook = \"site.yml\"\n\
                [[steps]]\nkind = \"local\"\nrun = \"true\"\ninputs = [\"*.yml\"]\n";
    std::fs::rename(cloud.template("", more), alone.join("web.toml")).unwrap();
    let plan = |name: &str| {
        let mut command = cloud.command(&["plan", name, "--output", "json"]);
        let ran = cloud.hornero.finish(command.current_dir(&alone));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let plan: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        plan["fingerprint"].as_str().unwrap().to_owned()
    };
    assert_eq!(plan("web.toml"), plan("./web.toml"));
}
