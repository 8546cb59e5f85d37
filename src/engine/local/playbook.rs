//! Ansible: a playbook run from this computer against the builder.

use std::{collections::BTreeMap, path::Path};

use crate::{error::Error, provision::quote, template::model::Script};

/// The script that runs a playbook against the builder, with its own account and pinned host key.
/// Extra variables go through a file: argv can be read by everybody.
///
/// # Errors
/// When a path cannot be written into a shell script.
pub fn playbook(playbook: &Path, extra_vars: &BTreeMap<String, String>) -> Result<Script, Error> {
    let vars = serde_json::json!(extra_vars).to_string();
    let text = format!(
        "if ! command -v ansible-playbook >/dev/null; then\n\
             echo 'ansible-playbook is not installed on this computer' >&2; exit 127\nfi\n\
         vars=$(dirname \"$HORNERO_KEY\")/vars.json\nprintf %s {} >\"$vars\"\n\
         export ANSIBLE_HOST_KEY_CHECKING=True ANSIBLE_PIPELINING=True\n\
         export ANSIBLE_SSH_CONTROL_PATH_DIR=$(dirname \"$HORNERO_KEY\")\n\
         exec ansible-playbook --inventory \"$HORNERO_HOST,\" --user \"$HORNERO_USER\" --private-key \"$HORNERO_KEY\" \\\n\
         --ssh-common-args \"-o Port=$HORNERO_PORT -o UserKnownHostsFile=$HORNERO_KNOWN_HOSTS -o IdentitiesOnly=yes\" \\\n\
         --become --extra-vars \"@$vars\" {}\n",
        quote(&vars)?,
        quote(&playbook.display().to_string())?,
    );
    Ok(Script { text, file: Some(playbook.to_owned()) })
}
