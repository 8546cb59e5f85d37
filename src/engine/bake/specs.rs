//! What the platform is told: how to launch the builder, and what to make of it.

use std::path::Path;

use super::{Bake, ground::Ground};
use crate::{
    engine::{machine, manifest::Manifest},
    error::Error,
    platform::{BaseImage, CaptureSpec, LaunchSpec, Origin, Settings},
    provision::user_data,
};

impl Bake<'_> {
    pub(super) fn launch_spec(&self, base: &BaseImage) -> Result<LaunchSpec, Error> {
        let template = &self.plan.template;
        let user_data = match template.cloud_init.enabled {
            true => {
                let named = self.rooms.platform.names_disks();
                Some(user_data::for_builder(template, self.keys.for_cloud_init(), named)?)
            }
            false => None,
        };
        Ok(LaunchSpec {
            name: self.folders.id.clone(),
            run: self.folders.id.clone(),
            origin: Origin::Base(base.clone()),
            root_size: template.root_disk.size,
            root_volume: template.root_disk.ec2.clone(),
            disks: template.disks.clone(),
            user_data,
            settings: self.settings(),
            image: template.image.name.clone(),
            tags: template.image.tags.clone(),
            ttl: template.image.builder_ttl.0,
            may_be_kept: self.inputs.on_error.may_keep(),
            may_be_warm: !self.inputs.cold,
            ssh: template.ssh.clone(),
            folder: machine::folder(&self.folders.run, "builder")?,
            journal: self.folders.journal.clone(),
        })
    }

    pub(super) fn settings(&self) -> Settings {
        Settings::of(&self.plan.template, self.plan.platform)
    }

    /// What the platform is told of the image; `delivery` is how it is to be published.
    pub(super) fn capture_spec<'b>(
        &'b self,
        ground: &'b Ground,
        draft: &'b Manifest,
        delivery: &'b str,
        folder: &'b Path,
    ) -> CaptureSpec<'b> {
        let (image, base) = (&self.plan.template.image, &ground.base);
        CaptureSpec {
            folder,
            name: &image.name,
            version: image.version.as_deref(),
            description: image.description.as_deref(),
            run: &self.folders.id,
            fingerprint: ground.fingerprint.short(),
            decided_by: &draft.decided_by,
            base: (&base.id, &base.description),
            tags: &image.tags,
            delivery,
        }
    }
}
