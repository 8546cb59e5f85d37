//! Package repositories in cloud-init's words: lines of apt, and files of dnf.

use serde_json::{Value, json};

use super::ProvisionError;
use crate::{
    quote::{apt_word, dnf_value},
    template::model::Repository,
};

/// cloud-init puts the path of the key that it has stored in the place of this.
const KEY_FILE_OPTION: &str = "[signed-by=$KEY_FILE] ";

/// Where dnf looks for signing keys.
const RPM_KEY_FOLDER: &str = "/etc/pki/rpm-gpg";

/// The repositories of apt: a name, a line and a key for each.
///
/// # Errors
/// When a value cannot stand in such a line.
pub(super) fn apt_sources(repositories: &[Repository]) -> Result<Vec<Value>, ProvisionError> {
    let mut sources = Vec::new();
    for repository in repositories {
        let Some(suite) = &repository.suite else { continue };
        let words = [&repository.uri, suite].into_iter().chain(&repository.components);
        let words: Vec<String> = words.map(|word| apt_word(word)).collect::<Result<_, _>>()?;
        let option = if repository.key.is_some() { KEY_FILE_OPTION } else { "" };
        let line = format!("deb {option}{}", words.join(" "));
        sources.push(json!({ "name": repository.name, "line": line, "key": repository.key }));
    }
    Ok(sources)
}

/// The files of dnf's repositories and of their keys: a path and a content for each. They are written as files:
/// releases of cloud-init before 2026 pass over `yum_repos` on Amazon Linux and say nothing.
///
/// # Errors
/// When a value cannot stand in such a file.
pub(super) fn dnf_files(repositories: &[Repository]) -> Result<Vec<Value>, ProvisionError> {
    let mut files = Vec::new();
    for Repository { name, uri, key, .. } in repositories.iter().filter(|one| one.suite.is_none()) {
        let (name, uri) = (dnf_value(name)?, dnf_value(uri)?);
        let key_path = format!("{RPM_KEY_FOLDER}/RPM-GPG-KEY-{name}");
        let mut text = format!("[{name}]\nname={name}\nbaseurl={uri}\nenabled=1\ngpgcheck=1\n");
        if let Some(key) = key {
            text += &format!("gpgkey=file://{key_path}\n");
            files.push(json!({ "path": key_path, "content": key }));
        }
        files.push(json!({ "path": format!("/etc/yum.repos.d/{name}.repo"), "content": text }));
    }
    Ok(files)
}
