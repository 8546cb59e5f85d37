//! Packer, with its JSON templates: the last version under a free licence is the one of Debian.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::process::Command;

use super::{
    cloud::{BASE, Cloud, REGION},
    hornero::Content,
    job::Line,
};

/// Packer with its own folders in `room`, and no question home whether there is a newer one.
pub fn build(room: &Path, template: &Path) -> Command {
    let mut command = Command::new("packer");
    command.args(["build", "-color=false"]).arg(template).current_dir(room);
    command.env("CHECKPOINT_DISABLE", "1").env("TMPDIR", room).env("HOME", room);
    command.env("PACKER_CONFIG_DIR", room).env("PACKER_CACHE_DIR", room.join("packer-cache"));
    for name in ["AWS_PROFILE", "AWS_ENDPOINT_URL", "PACKER_LOG"] {
        command.env_remove(name);
    }
    command
}

/// The same image as [`super::hornero::template`]'s.
pub fn template(cloud: &Cloud<'_>, name: &str, port: u16, content: Content<'_>) -> Result<PathBuf> {
    let sshd = &cloud.sshd;
    let builder = json!({
        "type": "amazon-ebs",
        "access_key": "testing",
        "secret_key": "testing",
        "region": REGION,
        "custom_endpoint_ec2": cloud.moto.endpoint(),
        "skip_region_validation": true,
        "skip_metadata_api_check": true,
        "source_ami": BASE,
        "instance_type": "t3.medium",
        "ami_name": format!("{name}-{{{{uuid}}}}"),
        "temporary_security_group_source_cidrs": ["127.0.0.1/32"],
        "ssh_username": sshd.user,
        "ssh_private_key_file": sshd.key,
        "ssh_host": "127.0.0.1",
        "ssh_port": port,
        "ssh_timeout": "60s",
    });
    write(cloud.room(), name, &builder, (&[], content))
}

/// A template of one builder, on which these commands run before everything else.
pub fn write(
    room: &Path,
    name: &str,
    builder: &Value,
    (before, content): (&[&str], Content<'_>),
) -> Result<PathBuf> {
    let provisioners: Vec<Value> = before.iter().map(shell).chain(provisioners(content)).collect();
    let template = json!({ "builders": [builder], "provisioners": provisioners });
    let path = room.join(format!("{name}.packer.json"));
    fs::write(&path, template.to_string()).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

fn provisioners(content: Content<'_>) -> Vec<Value> {
    let files = content.carried.iter().map(|(from, to)| {
        // A slash at the end: what is in the folder, and not the folder.
        let slash = if from.is_dir() { "/" } else { "" };
        json!({ "type": "file", "source": format!("{}{slash}", from.display()), "destination": to })
    });
    files.chain(content.steps.iter().map(shell)).collect()
}

fn shell(step: &&str) -> Value {
    json!({ "type": "shell", "inline": [step] })
}

/// How long it carried files: from their line to the next provisioner's.
pub fn upload(lines: &[Line]) -> Result<f64> {
    let at = |text: &str| {
        let found = lines.iter().find(|line| line.text.contains(text)).map(|line| line.at);
        found.with_context(|| format!("Packer printed no line with `{text}`"))
    };
    Ok((at("Provisioning with shell script")?.saturating_sub(at("Uploading ")?)).as_secs_f64())
}
