//! A template that is named without a folder, from where it lies: every path in it is relative to that.

use super::Cloud;

#[test]
fn a_bare_name_of_a_template_means_what_its_path_means() {
    let cloud = Cloud::start();
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
}
