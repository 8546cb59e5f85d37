//! An image is proved on a machine started from it before anything points at it.

use super::{Bake, Baked};
use crate::{
    engine::{
        Interrupt, TestedImage, machine,
        phases::{Timings, phase},
        test_image,
    },
    error::Error,
    event::Phase,
};

impl Bake<'_> {
    /// A parameter must only ever point at an image that comes up and passes its checks.
    pub(super) async fn test(
        &self,
        baked: &Baked,
        timings: &mut Timings,
        interrupt: Interrupt,
    ) -> Result<(), Error> {
        if baked.manifest.checks.is_empty() {
            return Ok(());
        }
        let image = TestedImage {
            folder: baked.folder.clone(),
            manifest: &baked.manifest,
            run: self.folders.id.clone(),
            launch_folder: machine::folder(&self.folders.run, "test")?,
            journal: self.folders.journal.clone(),
        };
        let work = test_image(self.rooms, image, interrupt, self.events);
        phase(self.events, timings, Phase::Test, work).await.map_err(|error| {
            let stays =
                format!("the image {} stays, unpublished: {}", baked.manifest.image, baked.location());
            match error.hint {
                Some(_) => error,
                None => error.hint(stays),
            }
        })
    }
}
