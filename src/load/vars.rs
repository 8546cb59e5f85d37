//! Files of variables: TOML with `name = value` and nothing else.

use std::path::Path;

use super::text::{LARGEST_TEMPLATE, read};
use crate::template::{
    diagnose::{Fault, Mistake, Mistakes},
    raw::variables,
    sources::Sources,
};

/// The values in a file that `--var-file` names.
pub fn var_file(path: &Path) -> Result<Vec<(String, String)>, Mistakes> {
    let text = read(path, LARGEST_TEMPLATE).map_err(|trouble| {
        let mistake = Mistake::about(path, format!("cannot read the file of variables: {}", trouble.why));
        Mistakes::one(Mistake { hint: trouble.hint, ..mistake })
    })?;
    let mut sources = Sources::default();
    sources.add(path, Path::new(""), &text);
    let (values, faults): (_, Vec<Fault>) = variables(&text);
    if faults.is_empty() { Ok(values) } else { Err(Mistakes::from_faults(faults, &sources)) }
}
