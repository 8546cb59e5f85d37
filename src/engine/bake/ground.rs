//! What a bake stands on before there is a builder: the base, and files from the web, so that a
//! wrong address costs no boot.

use super::Bake;
use crate::{
    engine::phases::{Timings, phase},
    error::Error,
    event::Phase,
    fetch,
    plan::{Fingerprint, fingerprint},
    platform::BaseImage,
    template::model::FileSource,
};

/// What a bake starts from, and what that makes of its plan.
pub(super) struct Ground {
    pub base: BaseImage,
    pub fingerprint: Fingerprint,
}

impl Bake<'_> {
    pub(super) async fn ground(&self, timings: &mut Timings) -> Result<Ground, Error> {
        let Self { plan, rooms, events, .. } = self;
        let base = phase(events, timings, Phase::Base, async {
            Ok(rooms.platform.prepare_base(&plan.template.base, &self.settings(), events).await?)
        });
        let base = base.await?;
        self.fetch(timings).await?;
        let fingerprint = fingerprint(plan, self.inputs.given(&base.id));
        Ok(Ground { base, fingerprint })
    }

    /// What is there already is not fetched again.
    pub(super) async fn fetch(&self, timings: &mut Timings) -> Result<(), Error> {
        let from_web: Vec<_> =
            self.plan.template.files.iter().filter_map(|file| address(&file.source)).collect();
        if from_web.is_empty() {
            return Ok(());
        }
        let work = async {
            for (url, sha256) in from_web {
                fetch::fetch(url, sha256, &self.folders.downloads, self.events).await?;
            }
            Ok(())
        };
        phase(self.events, timings, Phase::Fetch, work).await
    }
}

fn address(source: &FileSource) -> Option<(&str, &str)> {
    match source {
        FileSource::Url { url, sha256 } => Some((url, sha256)),
        FileSource::Path(_) | FileSource::Content(_) => None,
    }
}
