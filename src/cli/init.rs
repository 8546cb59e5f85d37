use std::{fs::File, io::Write, path::PathBuf, process::ExitCode};

use clap::Args;

use super::{Context, show};
use crate::{
    error::{Error, Kind},
    quote::shell_word,
};

const STARTER: &str = include_str!("starter.toml");

/// Writes a template to start from
#[derive(Debug, Args)]
pub struct Init {
    /// File to write; one that exists is left alone
    #[arg(default_value = "image.toml")]
    file: PathBuf,
}

impl Init {
    pub fn run(self, _context: &Context) -> Result<ExitCode, Error> {
        let shown = self.file.display();
        let written = File::create_new(&self.file).and_then(|mut file| file.write_all(STARTER.as_bytes()));
        written.map_err(|error| {
            Error::new(Kind::Usage, format!("writing the template `{shown}`"))
                .because(&error)
                .hint("give another name: `hornero init NAME.toml`")
        })?;
        let shown = shown.to_string();
        let word = shell_word(&shown).unwrap_or_else(|_| shown.clone());
        show::stderr(&format!("Wrote {shown}. Next: hornero bake {word} --platform qemu\n"));
        Ok(ExitCode::SUCCESS)
    }
}
