//! Follows `base.template` from template to template, to find one that is made from itself.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    boundary,
    disk::Disk,
    text::{LARGEST_TEMPLATE, read},
};
use crate::{
    open_file::Confinement,
    template::{
        check::{Bundle, confined},
        diagnose::Fault,
        raw,
    },
};

/// A chain that goes on for longer leads nowhere.
const LONGEST: usize = 32;

/// The fault of a template whose base, or the base's base, is the template itself.
pub fn circle(bundle: &Bundle, disk: &Disk) -> Option<Fault> {
    let main = bundle.sources.main()?;
    let base = bundle.parts.first()?.read.raw.base.as_ref()?;
    let text = base.get_ref().template.as_ref()?;
    let mut seen = vec![main.path.clone()];
    let mut next = confined(&main.root, main.folder(), text.get_ref()).ok()?;
    while seen.len() <= LONGEST {
        let again = seen.iter().any(|known| same_file(known, &next));
        seen.push(next.clone());
        if again {
            let names: Vec<String> = seen.iter().map(|path| path.display().to_string()).collect();
            return Some(
                Fault::at(text.span(), "a template cannot be made from itself")
                    .label("leads back to a template on the way here")
                    .hint(format!(
                        "the bases are {}; let one of them start from an `os`",
                        names.join(" -> ")
                    )),
            );
        }
        next = base_of(&next, disk)?;
    }
    Some(Fault::at(text.span(), format!("a chain of more than {LONGEST} templates made from each other")))
}

/// Only reads: what is wrong with the other template is told when it is loaded itself.
fn base_of(path: &Path, disk: &Disk) -> Option<PathBuf> {
    let reach = disk.reach(&boundary::of_file(path).ok()?).ok()?;
    let text = read(path, Confinement::Within(&reach), LARGEST_TEMPLATE).ok()?.text;
    let base = raw::read(&[(&text, 0)]);
    let base = base.raw.base?.into_inner().template?;
    let folder = path.parent().unwrap_or(Path::new(""));
    confined(folder, folder, base.get_ref()).ok()
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        (Ok(_) | Err(_), Err(_)) | (Err(_), Ok(_)) => a == b,
    }
}
