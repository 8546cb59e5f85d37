//! What any computer needs to publish an image that another has captured. It is in the tags of the image from its
//! first moment, and until it is published.

use serde::{Deserialize, Serialize};

use super::manifest::Manifest;
use crate::{plan::tag_text, redact::Redact, template::model::Publish};

const FORMAT: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeliveryNote {
    format: u32,
    /// Without what is long and no matter for that: packages, accounts, files and sums.
    pub manifest: Manifest,
    pub publish: Publish,
}

impl DeliveryNote {
    pub fn of(manifest: &Manifest, publish: &Publish) -> Self {
        let manifest = Manifest {
            decided_by: Default::default(),
            variables: Default::default(),
            inputs: Vec::new(),
            packages: Vec::new(),
            users: Vec::new(),
            timings: Default::default(),
            ..manifest.clone()
        };
        Self { format: FORMAT, manifest, publish: publish.clone() }
    }

    /// As text for tags, without secrets; empty for what cannot be told. Where it is published is never a secret.
    pub fn packed(&self, redact: &Redact) -> String {
        let manifest = self.manifest.without_secrets(redact).into_owned();
        tag_text::pack(&Self { manifest, ..self.clone() }).unwrap_or_default()
    }

    /// `None` for what is none of ours, or was written by a newer hornero.
    pub fn unpacked(text: &str) -> Option<Self> {
        tag_text::unpack(text).filter(|read: &Self| read.format == FORMAT)
    }
}
