//! What a bake would only find out at its end, asked before its builder is launched.

use super::Bake;
use crate::{error::Error, store::ValueKind, template::model::DataType};

impl Bake<'_> {
    /// Whether the parameter can be written, here and in every region that gets a copy.
    pub(super) async fn check_targets(&self) -> Result<(), Error> {
        let publish = &self.plan.template.publish;
        let kind = match publish.data_type {
            DataType::Image => ValueKind::Image,
            DataType::Text => ValueKind::Text,
        };
        let store = self.rooms.store.as_ref();
        store.check_writable(&publish.parameter, kind).await?;
        for region in self.settings().copies() {
            if let Some(there) = store.in_region(region).await? {
                there.check_writable(&publish.parameter, kind).await?;
            }
        }
        Ok(())
    }
}
