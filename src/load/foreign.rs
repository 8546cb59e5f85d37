//! Templates of other tools, told as such before they are read as TOML.

use std::path::Path;

use crate::template::diagnose::Mistake;

/// What Packer's templates end in.
const PACKER: [&str; 3] = [".pkr.hcl", ".pkr.json", ".json"];

pub fn packer(path: &Path) -> Option<Mistake> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let foreign = path.is_file() && PACKER.iter().any(|end| name.ends_with(end));
    let hint = "hornero's templates are TOML: `hornero init` writes one to start from, and \
                docs/coming-from-packer.md has its word for each of Packer's";
    foreign.then(|| Mistake::about(path, "this is a template of Packer").hint(hint))
}
