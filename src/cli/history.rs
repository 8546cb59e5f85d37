use std::process::ExitCode;

use clap::Args;

use super::{
    Context,
    get::{missing, parameter_name},
    show, wiring,
};
use crate::{error::Error, time::second, ui::table::table};

/// Shows what a stage pointed at, and since when
#[derive(Debug, Args)]
pub struct History {
    /// Name of the image, or of a whole parameter when it starts with `/`
    name: String,
}

impl History {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let store = wiring::store(context, &Default::default()).await?;
        let name = parameter_name(&self.name, context);
        let versions = store.history(&name).await?;
        if versions.is_empty() {
            return Err(missing(&name, None, context));
        }
        if context.json() {
            versions.iter().try_for_each(show::stdout_json)?;
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(oldest) = versions.first().filter(|oldest| oldest.version > 1) {
            show::stderr(&format!("The store keeps no version before {}.\n", oldest.version));
        }
        let rows = versions.iter().rev().map(|one| {
            let written = second(one.written);
            [one.version.to_string(), one.value.clone(), written, shortened(&one.description)]
        });
        show::stdout(&format!("{name}\n{}", table(["version", "value", "since", "description"], rows)))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Of a fingerprint, enough to tell it from another: the whole of it takes a line.
const DIGITS: usize = 12;

/// A description with short fingerprints. As JSON it is whole.
fn shortened(description: &str) -> String {
    let shorten = |word: &str| {
        let digits = word.trim_end_matches(',');
        match digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => format!("{}{}", &digits[..DIGITS], &word[digits.len()..]),
            false => word.to_owned(),
        }
    };
    description.split(' ').map(shorten).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_takes_no_whole_line() {
        let whole = format!("web 4.5.1, fingerprint {}, run web-01ka", "0123456789abcdef".repeat(4));
        assert_eq!(shortened(&whole), "web 4.5.1, fingerprint 0123456789ab, run web-01ka");
        assert_eq!(shortened("written  by hand"), "written  by hand");
    }
}
