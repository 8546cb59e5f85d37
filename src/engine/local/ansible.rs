//! Ansible: runs a playbook from this computer against the builder.

use std::{
    collections::BTreeMap,
    env, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tokio::process::Command as Process;

use super::{playbook_record, run_process};
use crate::{
    engine::{machine::Machine, way_in::WayIn},
    error::{Error, Kind},
    event::Events,
    private,
    quote::{QuoteError, shell_word, ssh_option, yaml_value},
    remote::Exit,
    template::model::{AnsibleSettings, Step},
};

/// The builder's name in the inventory, and that of its group: the one that Packer gives.
const HOST: &str = "default";

/// The plugin that writes the record, as it lies in the folder of a run.
const PLUGIN: &str = include_str!("hornero_record.py");

/// Ansible warns of an inventory in which a group and a host share a name, as ours do.
const SHARED_NAME: &str = "[WARNING]: Found both group and host with same name: default";

/// One playbook and what it is given.
pub struct PlaybookJob<'a> {
    pub playbook: &'a Path,
    pub extra_vars: &'a BTreeMap<String, String>,
    pub settings: &'a AnsibleSettings,
}

/// Runs a playbook with the builder's own account and its pinned host key. It has succeeded only when
/// Ansible has told, play by play, that something was done on the builder.
///
/// # Errors
/// When Ansible cannot be started, runs out of time, or ends well and has done nothing on the builder.
pub async fn run_playbook(
    step: &Step,
    job: &PlaybookJob<'_>,
    machine: &Machine<'_>,
    events: &Events,
) -> Result<(Exit, Vec<String>), Error> {
    let way = WayIn::open(machine.run_id(), machine.account(), machine.user_keys.clone()).await?;
    let record = way.folder().join("record.jsonl");
    let files = write_files(&way, job).map_err(|error| {
        Error::new(Kind::Local, format!("step `{}`: writing the inventory for Ansible", step.name))
            .because(&error)
    })?;
    let process = ansible_playbook(&way, job, &files, &record)?;
    let is_noise = |line: &str| line.trim() == SHARED_NAME;
    let (exit, tail) = run_process(step, process, &way, &[], is_noise, events).await?;
    if exit.success() {
        playbook_record::prove_work(step, job.playbook, &record, &tail)?;
    }
    Ok((exit, tail))
}

/// Files that Ansible reads beside the key.
struct Written {
    inventory: PathBuf,
    extra_vars: PathBuf,
}

fn write_files(way: &WayIn, job: &PlaybookJob<'_>) -> io::Result<Written> {
    way.write("hornero_record.py", PLUGIN)?;
    // `--become` is meant for the builder. A play on this computer runs as whoever bakes.
    private::folder(&way.folder().join("host_vars"))?;
    way.write("host_vars/localhost.yml", "ansible_become: false\n")?;
    let inventory = way.write("inventory.yml", &inventory(way).map_err(io::Error::other)?.to_string())?;
    // The command line can be read by everybody.
    let extra_vars = way.write("vars.yml", &extra_vars(job.extra_vars)?)?;
    Ok(Written { inventory, extra_vars })
}

/// The inventory, in JSON, which is YAML too. What stands at the host wins over `remote_user` and
/// `connection` of a play: no other account can log in, and nothing that is meant for the builder may
/// be done to this computer.
fn inventory(way: &WayIn) -> Result<Value, QuoteError> {
    let address = way.address();
    let known_hosts = format!("UserKnownHostsFile={}", ssh_option(&way.known_hosts().to_string_lossy()));
    let known_hosts = shell_word(&known_hosts)?;
    let options = format!("-o {known_hosts} -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes");
    let host = json!({
        "ansible_connection": "ssh",
        "ansible_host": address.ip().to_string(),
        "ansible_port": address.port(),
        "ansible_user": way.user,
        "ansible_ssh_private_key_file": way.key().display().to_string(),
        "ansible_ssh_common_args": options,
    });
    Ok(json!({ "all": { "hosts": { HOST: host }, "children": { HOST: { "hosts": { HOST: {} } } } } }))
}

/// Variables as a file that Ansible reads. `!unsafe` keeps it from rendering what stands in a value: a text in
/// braces is a text, and no expression that is worked out on this computer.
fn extra_vars(variables: &BTreeMap<String, String>) -> Result<String, serde_json::Error> {
    let mut text = String::from("---\n");
    if variables.is_empty() {
        text += "{}\n";
    }
    for (name, value) in variables {
        text += &format!("{}: !unsafe {}\n", yaml_value(name)?, yaml_value(value)?);
    }
    Ok(text)
}

fn ansible_playbook(
    way: &WayIn,
    job: &PlaybookJob<'_>,
    files: &Written,
    record: &Path,
) -> Result<Process, Error> {
    let AnsibleSettings { config, callback_plugins } = job.settings;
    let plugins =
        env::join_paths([way.folder()].into_iter().chain(callback_plugins.iter().map(PathBuf::as_path)));
    let plugins = plugins.map_err(|error| {
        Error::new(Kind::Local, "putting together where Ansible looks for callback plugins").because(&error)
    })?;
    let mut process = Process::new("ansible-playbook");
    process
        .env("ANSIBLE_HOST_KEY_CHECKING", "True")
        .env("ANSIBLE_PIPELINING", "True")
        .env("ANSIBLE_SSH_CONTROL_PATH_DIR", way.folder())
        .env("ANSIBLE_INVENTORY_ENABLED", "yaml")
        .env("ANSIBLE_CALLBACK_PLUGINS", plugins)
        .env("HORNERO_ANSIBLE_RECORD", record)
        .env("HORNERO_ANSIBLE_HOST", HOST)
        .envs(config.iter().map(|config| ("ANSIBLE_CONFIG", config)))
        .envs(super::variables(way));
    process.arg("--inventory").arg(&files.inventory).arg("--become");
    process.arg("--extra-vars").arg(format!("@{}", files.extra_vars.display())).arg(job.playbook);
    Ok(process)
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;

    /// Nothing in them is worked out on this computer, and conditions read them as they read any other text.
    #[test]
    fn a_playbook_gets_variables_as_the_texts_that_they_are() {
        let texts = ["{{ 7 * 7 }}", "{% raw %}a'b\"c\\ #x $(id)", "line\nbreak: [x", "007\u{2028}é🦀", "yes"];
        let names = ["a", "b", "c", "d", "flag"];
        let variables =
            names.iter().zip(texts).map(|(name, text)| ((*name).to_owned(), text.to_owned())).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("vars.yml"), extra_vars(&variables).unwrap()).unwrap();
        let content = "{{ [a, b, c, d, flag] | to_json }}";
        let copy = json!({ "copy": { "content": content, "dest": path("out.json") }, "when": "flag | bool" });
        let play =
            json!([{ "hosts": "localhost", "connection": "local", "gather_facts": false, "tasks": [copy] }]);
        fs::write(path("play.yml"), play.to_string()).unwrap();
        let extra = format!("@{}", path("vars.yml").display());
        let mut ansible = Command::new("ansible-playbook");
        ansible.args(["-i", "localhost,", "--extra-vars", &extra]).arg(path("play.yml")).current_dir(&folder);
        let output = ansible.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let read: Vec<String> = serde_json::from_slice(&fs::read(path("out.json")).unwrap()).unwrap();
        assert_eq!(read, texts);
    }
}
