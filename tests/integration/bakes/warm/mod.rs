//! Builders that go on from a saved machine: each is a machine of its own, and what comes out is what
//! comes out of builders that boot.

mod tree;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde_json::Value;

use crate::rig::{ec2::base, guests, hornero::Hornero, image::manifest};
use tree::Tree;

/// What tells one machine from another, as it says itself.
const TOLD: [&str; 5] = ["machine-id", "host-key", "instance", "name", "random"];

const TEMPLATE: &str = r#"
[[disks]]
name = "data"
size = "1GiB"
mount = "/srv/data"
owner = "ana"
[[groups]]
name = "campus"
[[users]]
name = "ana"
groups = ["campus"]
[[users]]
name = "eva"
sudo = "ALL=(ALL) NOPASSWD:ALL"
[[files]]
content = "of the template\n"
destination = "/etc/twin/file"
[[steps]]
name = "tell"
run = """
echo made >/srv/data/by-the-step
echo "told machine-id $(cat /etc/machine-id)"
echo "told host-key $(cat /etc/ssh/ssh_host_ed25519_key.pub)"
echo "told instance $(cat /var/lib/cloud/data/instance-id)"
echo "told name $(uname -n)"
echo "told random $(head -c 16 /dev/urandom | base64)"
echo "told clock $(date +%s)"
echo "told hornero $(ls -d /run/hornero-warm /run/systemd/transient/hornero-warm* 2>/dev/null)"
echo "told failed $(systemctl list-units --failed --no-legend --plain)"
echo "told units $(systemctl list-units --no-legend --plain | cut -d' ' -f1 | grep -v -e '^dev-' -e '^sys-' | tr '\\n' ' ')"
"""
"#;

/// One bake and what came of it.
struct Baked {
    lines: Vec<Value>,
    folder: PathBuf,
}

impl Baked {
    fn of(hornero: &Hornero, template: &str, how: &[&str]) -> Self {
        let ran = hornero.run(&[&["bake", "--force", "--output", "json", template], how].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let captured = lines.iter().find(|line| line["type"] == "image_captured").unwrap();
        let folder = hornero.data().join("images").join(captured["image"].as_str().unwrap());
        Self { lines, folder }
    }

    /// What the machine said of itself, and when.
    fn told(&self, what: &str) -> (String, Timestamp) {
        let start = format!("told {what} ");
        let said = |line: &Value| Some(line["line"].as_str()?.strip_prefix(&start)?.trim().to_owned());
        let (line, said) = self.lines.iter().find_map(|line| Some((line, said(line)?))).unwrap();
        (said, line["time"].as_str().unwrap().parse().unwrap())
    }

    fn says(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line["message"].as_str().is_some_and(|said| said.contains(text)))
    }

    fn is_a_machine_of_its_own(&self, than: &[&Self]) {
        for what in TOLD {
            let mine = self.told(what).0;
            assert!(
                !mine.is_empty() && than.iter().all(|other| other.told(what).0 != mine),
                "{what}: {mine}"
            );
        }
        let (clock, heard) = self.told("clock");
        let apart = clock.parse::<i64>().unwrap() - heard.as_second();
        assert!(apart.abs() < 60, "its clock is {apart} s off");
        assert_eq!(self.told("hornero").0, "");
        assert_eq!(self.told("failed").0, "");
    }
}

#[test]
fn an_image_of_a_warm_builder_is_that_of_a_cold_one() {
    let _turn = guests::long_turn();
    let base = tokio::runtime::Runtime::new().unwrap().block_on(base());
    let hornero = Hornero::alone().warm();
    let head = format!("[image]\nname = \"twin\"\n[base]\nqemu = {{ image = \"{}\" }}\n", base.display());
    let allow = base.parent().unwrap().to_str().unwrap();
    let template = hornero.template("twin.toml", &(head + TEMPLATE + guests::SMALL + guests::PATIENT));
    let bake = |how: &[&str]| Baked::of(&hornero, &template, &[how, &["--allow-path", allow]].concat());

    let booted = bake(&["--cold"]);
    assert_eq!(saved(&hornero), Vec::<PathBuf>::new(), "--cold saves nothing");
    let first = bake(&[]);
    assert!(first.says("booting a machine like this builder"));
    let second = bake(&[]);
    assert!(!second.says("boot"), "it was there already");
    let [there] = saved(&hornero).try_into().unwrap();
    std::fs::write(there.join("devices"), "spoilt").unwrap();
    let fallen_back = bake(&[]);
    assert!(fallen_back.says("the saved machine could not be used"));
    assert_eq!(saved(&hornero), Vec::<PathBuf>::new());

    first.is_a_machine_of_its_own(&[&booted]);
    second.is_a_machine_of_its_own(&[&booted, &first]);
    let cold = [&booted, &fallen_back];
    let trees = |baked: &Baked| ["root.qcow2", "data.qcow2"].map(|disk| Tree::of(&baked.folder.join(disk)));
    let cold_trees = cold.map(trees);
    for warm in [&first, &second] {
        same_manifest(cold, warm);
        let units =
            |baked: &Baked| baked.told("units").0.split(' ').map(Into::into).collect::<BTreeSet<String>>();
        let missing: Vec<_> = units(&booted).intersection(&units(&fallen_back)).cloned().collect();
        let missing: Vec<_> = missing.into_iter().filter(|unit| !units(warm).contains(unit)).collect();
        assert_eq!(missing, Vec::<String>::new(), "what a boot starts runs here too");
        for (disk, tree) in trees(warm).iter().enumerate() {
            let [one, two] = [&cold_trees[0][disk], &cold_trees[1][disk]];
            assert_eq!(tree.beyond(one, two), Vec::<String>::new(), "on disk {disk}");
        }
    }
    assert_eq!(hornero.leftovers(), Vec::<String>::new());
}

/// Machines that builders can start from.
fn saved(hornero: &Hornero) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(hornero.data().join("warm")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

/// In all that two images of cold builders have in common.
fn same_manifest(cold: [&Baked; 2], warm: &Baked) {
    let [one, two, other] = [cold[0], cold[1], warm].map(|baked| manifest(Path::new(&baked.folder)));
    for (key, value) in one.as_object().unwrap() {
        if two[key] == *value {
            assert_eq!(other[key], *value, "`{key}` in the manifest");
        }
    }
    let keys = |manifest: &Value| manifest.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&other), keys(&one));
    assert_eq!(one["users"], other["users"]);
    assert_eq!(one["packages"], other["packages"]);
}
