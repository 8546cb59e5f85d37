use std::process::ExitCode;

use clap::Args;

use super::{Context, show, wiring};
use crate::error::{Error, Kind};

/// Prints the image ID that a stage points at
///
/// This is the door for deploy tooling: the ID and nothing else on standard output.
#[derive(Debug, Args)]
pub struct Get {
    /// Name of the image, or of a whole parameter when it starts with `/`
    name: String,
    /// An earlier version of the parameter
    #[arg(long, value_name = "N")]
    version: Option<u64>,
}

impl Get {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let store = wiring::store(context, &Default::default()).await?;
        let name = parameter_name(&self.name, context);
        let found = match self.version {
            Some(version) => store.version(&name, version).await?,
            None => store.get(&name).await?,
        };
        let Some(parameter) = found else {
            return Err(missing(&name, self.version, context));
        };
        if context.json() {
            show::stdout_json(&parameter)?;
        } else {
            show::stdout(&format!("{}\n", parameter.value))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Nothing goes by this name, or not in this version.
pub fn missing(name: &str, version: Option<u64>, context: &Context) -> Error {
    let platform = context.global.platform.name();
    let which = version.map(|version| format!(" version {version}")).unwrap_or_default();
    let hint = match version {
        Some(_) => {
            format!("`hornero history {name} --platform {platform}` lists the versions that there are")
        }
        None => format!("bake the image first, or see `hornero images --platform {platform}`"),
    };
    Error::new(Kind::Usage, format!("there is no parameter `{name}`{which} in the store of {platform}"))
        .hint(hint)
}

/// The parameter that an image of this name is recorded under when its template says nothing else.
pub fn parameter_name(name: &str, context: &Context) -> String {
    if name.starts_with('/') {
        return name.to_owned();
    }
    format!("/images/{name}/{}", context.global.stage.as_deref().unwrap_or("dev"))
}
