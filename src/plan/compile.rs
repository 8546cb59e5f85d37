//! A checked template becomes a plan for one platform, or the reason why it can't.

use super::{Action, Plan, PlanError, PlannedBase};
use crate::{
    provision::seal,
    template::model::{FileSource, PlatformKind, Template},
};

/// Everything that baking `template` on `platform` will do.
///
/// # Errors
/// When the template says nothing that can be done on that platform.
pub fn compile(template: Template, platform: PlatformKind) -> Result<Plan, PlanError> {
    let base = base(&template, platform)?;
    reachable(&template, platform)?;
    let actions = actions(&template, &base);
    Ok(Plan { platform, arch: template.base.arch, base, actions, template })
}

fn refuse(template: &Template, platform: PlatformKind, why: &str, hint: &str) -> PlanError {
    let image = template.image.name.clone();
    PlanError { image, platform: platform.name(), why: why.into(), hint: hint.into() }
}

fn base(template: &Template, platform: PlatformKind) -> Result<PlannedBase, PlanError> {
    let base = match platform {
        PlatformKind::Ec2 => template.base.ec2.clone().map(PlannedBase::Ec2),
        PlatformKind::Qemu => template.base.qemu.clone().map(PlannedBase::Qemu),
    };
    base.ok_or_else(|| {
        let why = match &template.base.os {
            Some(os) => format!("the catalogue has no {} base for `{os}`", platform.name()),
            None => format!("[base] says nothing for {}", platform.name()),
        };
        refuse(template, platform, &why, &format!("add `{} = {{ ... }}` to [base]", platform.name()))
    })
}

/// Without cloud-init nobody makes accounts or installs packages before hornero logs in.
fn reachable(template: &Template, platform: PlatformKind) -> Result<(), PlanError> {
    if template.cloud_init.enabled {
        return Ok(());
    }
    let declared = [
        ("[[users]]", !template.users.is_empty()),
        ("[packages] install", !template.packages.install.is_empty()),
        ("[packages] upgrade", template.packages.upgrade),
        ("[[packages.repositories]]", !template.packages.repositories.is_empty()),
        ("[cloud_init] user_data", !template.cloud_init.user_data.is_empty()),
    ];
    let names: Vec<&str> = declared.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
    if names.is_empty() {
        return Ok(());
    }
    let why = format!("{} need cloud-init, which [cloud_init] switches off", names.join(", "));
    Err(refuse(template, platform, &why, "do it in a shell step, or leave cloud-init on"))
}

fn actions(template: &Template, base: &PlannedBase) -> Vec<Action> {
    let mut list = vec![Action { phase: "base", what: base.to_string() }];
    let mut add = |phase, what: String| list.push(Action { phase, what });
    if let Some(size) = template.root_disk.size {
        add("launch", format!("root disk of {size}"));
    }
    for disk in &template.disks {
        let filesystem = disk.filesystem.name();
        add("launch", format!("disk {} of {}, {filesystem} on {}", disk.name, disk.size, disk.mount));
    }
    for group in &template.groups {
        add("cloud-init", format!("group {}", group.name));
    }
    for user in &template.users {
        add("cloud-init", format!("user {}", user.name));
    }
    if let Some(snapshot) = &template.packages.snapshot {
        // Without cloud-init the sources are exchanged over the line.
        let phase = if template.cloud_init.enabled { "cloud-init" } else { "upload" };
        add(phase, format!("packages of the distribution as of {snapshot}"));
    }
    for repository in &template.packages.repositories {
        add("cloud-init", format!("repository {}", repository.name));
    }
    if template.packages.upgrade {
        add("cloud-init", "upgrade all packages".into());
    }
    for package in &template.packages.install {
        add("cloud-init", format!("package {package}"));
    }
    for package in &template.packages.remove {
        add("upload", format!("remove package {package}"));
    }
    for file in &template.files {
        add("upload", format!("{} from {}", file.destination, source(&file.source)));
    }
    for step in &template.steps {
        add("steps", format!("{} ({})", step.name, step.action.kind().name()));
    }
    for check in &template.checks {
        add("checks", check.name.clone());
    }
    if template.packages.snapshot.is_some() {
        add("seal", "the base's own package sources come back".into());
    }
    for part in seal::parts(&template.seal) {
        add("seal", part.removes.into());
    }
    for secret in template.secrets.iter().filter(|secret| secret.in_image.is_none()) {
        add("seal", format!("search of all files for the secret {}", secret.name));
    }
    add("capture", "the disks as an image".into());
    if !template.checks.is_empty() {
        add("test", format!("a machine started from the image, {} checks", template.checks.len()));
    }
    add("publish", template.publish.parameter.clone());
    list
}

fn source(source: &FileSource) -> String {
    match source {
        FileSource::Path(path) => path.display().to_string(),
        FileSource::Content(_) => "the template".into(),
        FileSource::Url { url, .. } => url.clone(),
    }
}
