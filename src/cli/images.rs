use std::process::ExitCode;

use clap::Args;

use super::{Context, show, wiring};
use crate::{
    error::{Error, Kind},
    store::{ImageRecord, Store},
    template::units::Size,
    time::minute,
    ui::table::table,
};

/// Lists the images that there are, newest first
#[derive(Debug, Args)]
pub struct Images {
    /// Only images of this name
    name: Option<String>,
}

impl Images {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let store = wiring::store(context, &Default::default()).await?;
        let records = store.list(self.name.as_deref()).await?;
        if context.json() {
            records.iter().try_for_each(show::stdout_json)?;
            return Ok(ExitCode::SUCCESS);
        }
        let rows = records.iter().map(|image| {
            let version = image.version.clone().unwrap_or_default();
            let created = minute(image.created);
            [
                image.id.clone(),
                image.name.clone(),
                version,
                created,
                Size(image.bytes).to_string(),
                image.location.clone(),
            ]
        });
        show::stdout(&table(["image", "name", "version", "created", "size", "location"], rows))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The image of this ID, or of this beginning of an ID.
///
/// # Errors
/// When the store cannot be read, or none or several images go by it.
pub async fn recorded(id: &str, store: &dyn Store, context: &Context) -> Result<ImageRecord, Error> {
    let platform = context.global.platform.name();
    store.find(id).await?.ok_or_else(|| {
        Error::new(Kind::Usage, format!("there is no image `{id}` in the store of {platform}"))
            .hint(format!("`hornero images --platform {platform}` lists those that there are"))
    })
}
