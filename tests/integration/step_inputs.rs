//! Files of this computer that steps read: which of them decide the image.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use hornero::{
    load::{Inputs, Loaded, load},
    plan::{Content, Given, compile, fingerprint},
    template::{diagnose::Mistakes, model::PlatformKind},
};
use tempfile::TempDir;

const HEAD: &str = "[image]\nname = \"web\"\n[base]\nos = \"debian-12\"\n";

/// A folder with files, in which templates are loaded.
struct Folder {
    folder: TempDir,
    allowed: Vec<PathBuf>,
    ansible: BTreeMap<String, String>,
    home: Option<PathBuf>,
}

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let (folder, ansible) = (tempfile::tempdir().unwrap(), BTreeMap::new());
        let folder = Self { folder, allowed: Vec::new(), ansible, home: None };
        files.iter().for_each(|(name, text)| folder.write(OsStr::new(name), text));
        folder
    }

    fn write(&self, name: &OsStr, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn load(&self, name: &str, step: &str) -> Result<Loaded, Mistakes> {
        self.write(OsStr::new(name), &format!("{HEAD}[[steps]]\nname = \"work\"\n{step}\n"));
        let (allowed, ansible, home) = (self.allowed.clone(), self.ansible.clone(), self.home.clone());
        let inputs = Inputs { allowed, ansible, home, ..Inputs::for_platform(PlatformKind::Qemu) };
        load(&self.folder.path().join(name), &inputs)
    }

    /// The parts that are of what the step reads, by the names of the files, with their sums.
    fn read(&self, name: &str, step: &str) -> BTreeMap<String, String> {
        let loaded = self.load(name, step).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let content = |file: &hornero::load::InputFile| Content {
            path: file.path.clone(),
            mode: file.mode,
            sum: file.sum().unwrap(),
        };
        let files: Vec<Content> = loaded.inputs.iter().map(content).collect();
        let plan = compile(loaded.template, PlatformKind::Qemu).unwrap();
        let given = Given { base: "base", files: &files, secrets: &Default::default() };
        let parts = fingerprint(&plan, given).parts;
        let own =
            |(name, sum): (String, String)| Some((name.strip_prefix("content of step 1: ")?.to_owned(), sum));
        parts.into_iter().filter_map(own).collect()
    }

    fn names(&self, name: &str, step: &str) -> Vec<String> {
        self.read(name, step).into_keys().collect()
    }

    fn unknown(&self, name: &str, step: &str) -> Vec<String> {
        self.load(name, step).unwrap().template.steps[0].inputs.unknown.clone()
    }

    fn refused(&self, step: &str) -> String {
        self.load("web.toml", step)
            .unwrap_err()
            .records()
            .iter()
            .map(|record| format!("{record:?}\n"))
            .collect()
    }
}

fn local(inputs: &str) -> String {
    format!("kind = \"local\"\nrun = \"true\"\ninputs = {inputs}")
}

const PLAYBOOK: &str = "kind = \"ansible\"\nplaybook = \"ansible/plays/site.yml\"";

#[test]
fn patterns_name_files_folders_and_everything_below() {
    let folder = Folder::with(&[
        ("a.json", "1"),
        ("b.json", "1"),
        ("sub/c.json", "1"),
        ("dir/x", "1"),
        ("dir/deep/y", "1"),
        ("dir/.git/config", "1"),
        ("other", "1"),
        ("odd[1].txt", "1"),
    ]);
    let names = |inputs: &str| folder.names("web.toml", &local(inputs));
    assert_eq!(names("[\"dir/\", \"*.json\"]"), ["a.json", "b.json", "dir/deep/y", "dir/x"]);
    assert_eq!(names("[\"**/*.json\"]"), ["a.json", "b.json", "sub/c.json"]);
    assert_eq!(names("[\"{sub,dir}/\", \"other\"]"), ["dir/deep/y", "dir/x", "other", "sub/c.json"]);
    assert_eq!(names("[\"odd[1].txt\"]"), ["odd[1].txt"]);
    let before = folder.read("web.toml", &local("[\"dir/\"]"));
    folder.write(OsStr::new("dir/deep/y"), "2");
    folder.write(OsStr::new("dir/z"), "1");
    let after = folder.read("web.toml", &local("[\"dir/\"]"));
    assert_eq!(before["dir/x"], after["dir/x"]);
    assert_ne!(before["dir/deep/y"], after["dir/deep/y"]);
    assert!(after.contains_key("dir/z") && !before.contains_key("dir/z"));
}

#[test]
fn a_pattern_that_matches_nothing_or_leads_out_is_a_mistake_and_what_is_allowed_is_none() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("shared.json"), "1").unwrap();
    let mut folder = Folder::with(&[("dir/x", "1")]);
    assert!(folder.refused(&local("[\"*.json\"]")).contains("no file matches `*.json`"));
    assert!(folder.refused(&local("[\"dir/*/../../x\"]")).contains("goes up again"));
    for path in ["../x", "/etc/hostname", "/etc/*"] {
        assert!(folder.refused(&local(&format!("[\"{path}\"]"))).contains("--allow-path"), "{path}");
    }
    std::os::unix::fs::symlink(outside.path(), folder.folder.path().join("dir/link")).unwrap();
    assert_eq!(folder.names("web.toml", &local("[\"dir/\"]")), ["dir/x"], "a link does not lead out");
    folder.allowed = vec![fs::canonicalize(outside.path()).unwrap()];
    let shared = format!("[\"{}/*.json\"]", outside.path().display());
    assert_eq!(folder.names("web.toml", &local(&shared)).len(), 1);
    assert_eq!(folder.names("web.toml", &local("[\"dir/\"]")), ["dir/link/shared.json", "dir/x"]);
}

#[test]
fn names_are_bytes() {
    let folder = Folder::with(&[]);
    let named = |name: &[u8]| {
        fs::remove_dir_all(folder.folder.path().join("dir")).ok();
        folder.write(OsStr::from_bytes(&[b"dir/", name].concat()), "1");
        folder.names("web.toml", &local("[\"dir/\"]"))
    };
    let (first, second) = (named(b"caf\xe9"), named(b"caf\xe8"));
    assert!(first.len() == 1 && second.len() == 1 && first != second, "{first:?} {second:?}");
}

#[test]
fn what_a_local_step_reads_is_unknown_until_it_says_so() {
    let folder = Folder::with(&[]);
    let unknown = |step: &str| folder.unknown("web.toml", step).len();
    assert_eq!(unknown("kind = \"local\"\nrun = \"true\""), 1);
    assert_eq!(unknown(&local("[]")), 0);
    assert_eq!(unknown("run = \"true\""), 0, "a step on the builder cannot read them");
}

#[test]
fn a_playbook_reaches_its_folder_its_roles_path_and_what_it_mentions() {
    let mut folder = Folder::with(&[
        (
            "ansible/plays/site.yml",
            "- hosts: default\n  vars_files: [../vars/{{ env }}.yml]\n  roles: [web]\n",
        ),
        ("ansible/plays/group_vars/all.yml", "a: b"),
        ("ansible/plays/requirements.yml", "roles: []"),
        ("ansible/vars/prod.yml", "src: ../../conf/site.conf"),
        ("conf/site.conf", "1"),
        ("conf/unused.conf", "1"),
        ("ansible/ansible.cfg", "[defaults]\nroles_path = shared/roles:/nowhere/roles:/etc ; and more\n"),
        ("ansible/shared/roles/web/tasks/main.yml", "[]"),
        ("ansible/shared/roles/web/.git/HEAD", "1"),
        ("README.md", "1"),
    ]);
    let names = [
        "ansible/ansible.cfg",
        "ansible/plays/group_vars/all.yml",
        "ansible/plays/requirements.yml",
        "ansible/shared/roles/web/tasks/main.yml",
        "ansible/vars/prod.yml",
        "conf/site.conf",
    ];
    assert_eq!(folder.names("web.toml", PLAYBOOK), names);
    assert_eq!(folder.unknown("web.toml", PLAYBOOK), ["what `/etc` holds"]);
    folder.write(OsStr::new("more/roles/db/tasks/main.yml"), "[]");
    let more = folder.folder.path().join("more/roles").display().to_string();
    folder.ansible.insert("ANSIBLE_ROLES_PATH".into(), more);
    let names = folder.names("web.toml", PLAYBOOK);
    assert!(names.contains(&"more/roles/db/tasks/main.yml".into()), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("shared")), "the environment wins: {names:?}");
}

#[test]
fn roles_and_collections_of_the_user_that_a_playbook_uses_are_inputs_or_told_not_to_be() {
    let play = "- hosts: default\n  roles: [acme.web]\n  tasks:\n    - acme.tools.hello: {}\n";
    let mut folder = Folder::with(&[("ansible/plays/site.yml", play)]);
    let home = Folder::with(&[
        (".ansible/roles/acme.web/meta/main.yml", "dependencies:\n  - role: acme.base\n"),
        (".ansible/roles/acme.base/tasks/main.yml", "[]"),
        (".ansible/roles/other/tasks/main.yml", "[]"),
        (".ansible/collections/ansible_collections/acme/tools/plugins/modules/hello.py", "1"),
        (".ansible/collections/ansible_collections/acme/toolsmith/plugins/modules/hello.py", "1"),
        (".ansible.cfg", "[defaults]\n"),
    ]);
    let at_home = |name: &str| home.folder.path().join(name).display().to_string();
    folder.home = Some(home.folder.path().to_owned());
    let unknown = [
        format!("what `{}` says", at_home(".ansible.cfg")),
        format!("the role `{}`", at_home(".ansible/roles/acme.web")),
        format!("the collection `{}`", at_home(".ansible/collections/ansible_collections/acme/tools")),
    ];
    assert_eq!(folder.unknown("web.toml", PLAYBOOK), unknown);
    folder.allowed = vec![fs::canonicalize(home.folder.path()).unwrap()];
    assert_eq!(folder.unknown("web.toml", PLAYBOOK), Vec::<String>::new());
    let names = folder.names("web.toml", PLAYBOOK);
    let has = |part: &str| names.iter().any(|name| name.contains(part));
    assert!(has("acme.web/meta") && has("acme.base/tasks") && has("acme/tools/"), "{names:?}");
    assert!(!has("roles/other") && !has("toolsmith"), "{names:?}");
    let before = folder.read("web.toml", PLAYBOOK);
    home.write(OsStr::new(".ansible/roles/acme.base/tasks/main.yml"), "[a]");
    assert_ne!(folder.read("web.toml", PLAYBOOK), before);
    folder.ansible.insert("ANSIBLE_ROLES_PATH".into(), "/nowhere".into());
    assert!(!folder.names("web.toml", PLAYBOOK).iter().any(|name| name.contains("acme.web")));
}

#[test]
fn beside_the_template_only_what_ansible_looks_for_counts() {
    let folder = Folder::with(&[
        (
            "site.yml",
            "- hosts: default\n  tasks:\n    - copy: {src: payload, dest: /x}\n    - service: {name: x, state: started}\n",
        ),
        ("roles/web/tasks/main.yml", "[]"),
        ("vars.yml", "a: b"),
        ("payload/file", "1"),
        ("state/journal", "1"),
        ("other.toml", "1"),
        ("notes.txt", "1"),
        (".hidden.yml", "1"),
    ]);
    let step = "kind = \"ansible\"\nplaybook = \"site.yml\"";
    assert_eq!(folder.names("web.toml", step), ["payload/file", "roles/web/tasks/main.yml", "vars.yml"]);
    let more = format!("{step}\ninputs = [\"notes.txt\"]");
    assert!(folder.names("web.toml", &more).contains(&"notes.txt".into()));
}

#[test]
fn a_provisioners_files_are_named_from_its_own_folder() {
    let folder = Folder::with(&[
        (
            "provisioners/own/provisioner.toml",
            "[[steps]]\nkind = \"local\"\nrun = \"true\"\ninputs = [\"data/\"]\n",
        ),
        ("provisioners/own/data/x", "1"),
    ]);
    let names = folder.names("web.toml", "run = \"true\"\n[[use]]\nprovisioner = \"own\"");
    assert_eq!(names, ["data/x"], "the step of the provisioner comes first");
}

#[test]
fn everything_is_the_same_from_another_current_folder() {
    let folder = Folder::with(&[("dir/x", "1")]);
    let here = folder.read("web.toml", &local("[\"dir/\"]"));
    let moved = Folder::with(&[("deeper/dir/x", "1")]);
    assert_eq!(moved.read("deeper/web.toml", &local("[\"dir/\"]")), here);
    assert!(Path::new("Cargo.toml").exists());
}
