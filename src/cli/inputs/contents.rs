//! What a bake is given of a template's files, and who bakes.

use std::path::{Path, PathBuf};

use super::given;
use crate::{
    cli::{Context, set},
    engine::{BakeInputs, StepInputsReader},
    error::{Error, Kind},
    load::{self, Loaded},
    plan::Content,
    template::model::PlatformKind,
};

/// The user, the computer and the process.
pub fn who() -> String {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let at = user.map_or_else(|| host.clone(), |user| format!("{user}@{host}"));
    format!("{at}, process {}", std::process::id())
}

/// Every file that was read, with its sum; the template is the first of them.
///
/// # Errors
/// When one of them cannot be read.
pub fn contents(loaded: &Loaded, platform: PlatformKind, context: &Context) -> Result<BakeInputs, Error> {
    let files: Vec<Content> = loaded.inputs.iter().map(content).collect::<Result<_, Error>>()?;
    let inputs = given::inputs(context)?;
    let again = StepInputsReader::new(move |step| {
        let found = load::inputs_again(step, &inputs).map_err(|trouble| trouble.why)?;
        found.iter().map(|file| content(file).map_err(|error| error.to_string())).collect()
    });
    let template = set::path(loaded).to_owned();
    let made_from = set::base(&loaded.template, platform).map(Path::to_owned);
    let user_agent = std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from);
    Ok(BakeInputs { template, made_from, files, again, user_agent, who: who(), ..BakeInputs::default() })
}

fn content(file: &load::InputFile) -> Result<Content, Error> {
    let sum = file.sum().map_err(|error| {
        Error::new(Kind::Local, format!("reading `{}`", file.path.display())).because(&error)
    })?;
    Ok(Content { path: file.path.clone(), mode: file.mode, sum })
}
