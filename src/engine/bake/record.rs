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
    /// Takes the parts of the fingerprint: with many files there should not be two of them.
    pub(super) fn manifest(
        &self,
        ground: &mut Ground,
        captured: Captured,
        survey: Survey,
        timings: &Timings,
    ) -> Manifest {
        let template = &self.plan.template;
        let Ground { base, fingerprint } = ground;
        let id = || format!("img-{}", ulid::Ulid::generate().to_string().to_lowercase());
        let (id, region, unfinished, copies) = match captured.cloud {
            Some(cloud) => (cloud.id, Some(cloud.region), cloud.unfinished, cloud.copies),
            None => (id(), None, None, Vec::new()),
        };
        let machine = self.settings().in_region(region.as_deref());
        Manifest {
            format: FORMAT,
            tool: env!("CARGO_PKG_VERSION").into(),
            image: id,
            name: template.image.name.clone(),
            version: template.image.version.clone(),
            description: template.image.description.clone(),
            run: self.folders.id.clone(),
            platform: self.plan.platform.name().into(),
            created: Timestamp::now(),
            base: BaseEntry::of(base),
            system: survey.system,
            kernel: survey.kernel,
            disks: captured.disks,
            region,
            unfinished,
            copies,
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
            machine,
            ssh: template.ssh.clone(),
            resumed: self.inputs.resumed.clone(),
            cloud_init: template.cloud_init.enabled,
            timings: timings.clone(),
        }
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
