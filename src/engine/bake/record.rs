//! What is written about an image when it is captured.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Bake, ground::Ground};
use crate::{
    engine::{
        manifest::{BaseEntry, FORMAT, InputEntry, Manifest},
        phases::Timings,
        survey::Survey,
    },
    plan::Content,
    platform::Captured,
    provision::seal::parts,
    template::model::{Secret, Variable},
};

impl Bake<'_> {
    /// What is known of the image before it is captured. Takes the parts of the fingerprint: with many files there
    /// should not be two of them.
    pub(super) fn draft(&self, ground: &mut Ground, survey: Survey, timings: &Timings) -> Manifest {
        let template = &self.plan.template;
        let Ground { base, fingerprint } = ground;
        Manifest {
            format: FORMAT,
            tool: env!("CARGO_PKG_VERSION").into(),
            image: format!("img-{}", ulid::Ulid::generate().to_string().to_lowercase()),
            name: template.image.name.clone(),
            version: template.image.version.clone(),
            description: template.image.description.clone(),
            run: self.folders.id.clone(),
            platform: self.plan.platform.name().into(),
            created: Timestamp::now(),
            base: BaseEntry::of(base),
            system: survey.system,
            kernel: survey.kernel,
            disks: Vec::new(),
            region: None,
            unfinished: None,
            copies: Vec::new(),
            sealed: parts(&template.seal).map(|part| part.name.into()).collect(),
            secrets_in_image: reasons(&template.secrets),
            fingerprint: Some(fingerprint.sum.clone()),
            decided_by: std::mem::take(&mut fingerprint.parts),
            variables: Variable::used(&template.variables),
            inputs: self.inputs.files.iter().map(input).collect(),
            packages: survey.packages,
            package_snapshot: template.packages.snapshot.clone(),
            users: survey.users,
            checks: template.checks.clone(),
            machine: self.settings(),
            ssh: template.ssh.clone(),
            resumed: self.inputs.resumed.clone(),
            cloud_init: template.cloud_init.enabled,
            timings: timings.clone(),
        }
    }
}

/// The manifest of the image that was captured.
pub(super) fn completed(draft: Manifest, captured: Captured, timings: &Timings) -> Manifest {
    let (created, timings, disks) = (Timestamp::now(), timings.clone(), captured.disks);
    let Some(cloud) = captured.cloud else { return Manifest { created, timings, disks, ..draft } };
    Manifest {
        created,
        timings,
        disks,
        machine: draft.machine.in_region(Some(&cloud.region)),
        image: cloud.id,
        region: Some(cloud.region),
        unfinished: cloud.unfinished,
        copies: cloud.copies,
        ..draft
    }
}

fn reasons(secrets: &[Secret]) -> BTreeMap<String, String> {
    let reason = |secret: &Secret| Some((secret.name.clone(), secret.in_image.clone()?));
    secrets.iter().filter_map(reason).collect()
}

fn input(content: &Content) -> InputEntry {
    let (path, sha256) = (content.path.display().to_string(), content.sum.clone());
    InputEntry { path, sha256, mode: format!("{:04o}", content.mode) }
}
