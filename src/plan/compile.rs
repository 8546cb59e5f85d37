//! A checked template becomes a plan for one platform, or the reason why it can't.

use super::{Action, Plan, PlanError, PlannedBase};
use crate::{
    amount,
    provision::{
        packed, seal,
        user_data::{self, Keys},
    },
    template::model::{FileSource, FileSpec, PlatformKind, Template},
};

/// Everything that baking `template` on `platform` will do.
///
/// # Errors
/// When the template says nothing that can be done on that platform.
pub fn compile(template: Template, platform: PlatformKind) -> Result<Plan, PlanError> {
    let base = base(&template, platform)?;
    reachable(&template, platform)?;
    user_data_fits(&template, platform)?;
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

/// Text like that of a key, in which compression finds nothing to shorten.
fn sample_key(chars: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state: u64 = 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(LETTERS[(state >> 58) as usize])
    };
    (0..chars).map(|_| next()).collect()
}

/// EC2 refuses user-data above its limit when a builder is launched.
fn user_data_fits(template: &Template, platform: PlatformKind) -> Result<(), PlanError> {
    if platform != PlatformKind::Ec2 || !template.cloud_init.enabled {
        return Ok(());
    }
    // As long as real ones.
    let (public, private) = (sample_key(100), sample_key(420));
    let keys = Keys { account_public: &public, host_private: &private, host_public: &public };
    // What cannot be made at all is told when it is made.
    let Ok(Ok(packed)) = user_data::for_builder(template, keys, false).map(|text| packed::packed(&text))
    else {
        return Ok(());
    };
    let (size, most) = (packed.len(), packed::MOST_USER_DATA_BYTES);
    if size <= most {
        return Ok(());
    }
    let why = format!("its user-data has {size} bytes compressed, and EC2 takes {most}");
    let hint = "bring what is large with [[files]] or a step, and keep [cloud_init] user_data and the keys of [[users]] short";
    Err(refuse(template, platform, &why, hint))
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
    list.extend(uploads_and_steps(template));
    let mut add = |phase, what: String| list.push(Action { phase, what });
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
        add(
            "test",
            format!("a machine started from the image, {}", amount::count(template.checks.len(), "check")),
        );
    }
    add("publish", template.publish.parameter.clone());
    list
}

/// The files that go up before the first step, then the steps with the files that go up after each.
fn uploads_and_steps(template: &Template) -> Vec<Action> {
    let files_after = |done: usize| template.files.iter().filter(move |file| file.after == done).map(upload);
    let mut list: Vec<Action> = files_after(0).map(|what| Action { phase: "upload", what }).collect();
    for (done, step) in (1..).zip(&template.steps) {
        let what = format!("{} ({})", step.name, step.action.kind().name());
        list.push(Action { phase: "steps", what });
        list.extend(
            files_after(done).map(|file| Action { phase: "steps", what: format!("upload of {file}") }),
        );
    }
    list
}

fn upload(file: &FileSpec) -> String {
    let source = source(&file.source);
    format!("{} from {source}", file.destination)
}

fn source(source: &FileSource) -> String {
    match source {
        FileSource::Path(path) => path.display().to_string(),
        FileSource::Content(_) => "the template".into(),
        FileSource::Url { url, .. } => url.clone(),
    }
}
