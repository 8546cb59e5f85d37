//! The volume that cloud-init reads: what it is called, how large it is, and what is in it.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::fat;
use crate::{platform::PlatformError, private, quote::yaml_value};

/// Its name in the machine's folder.
pub const FILE: &str = "seed.img";
/// Machines of one kind have seeds of one size, so that one can take the place of another.
const SMALLEST: u64 = 4 << 20;

/// The size of the volume for so much user-data.
pub fn size(user_data: usize) -> u64 {
    (user_data as u64 + (1 << 20)).next_power_of_two().max(SMALLEST)
}

/// Writes it for the machine `name` into its folder. cloud-init looks for a volume with this label. The
/// instance ID is the launch's own, so that an image's earlier life is not taken for this one.
///
/// # Errors
/// When it cannot be written.
pub fn write(folder: &Path, name: &str, user_data: &[u8], bytes: u64) -> Result<PathBuf, PlatformError> {
    let file = folder.join(FILE);
    let failed =
        |error: io::Error| PlatformError::new(format!("writing the seed `{}`", file.display()), error);
    let meta_data = meta_data(name).map_err(|error| failed(error.into()))?;
    let files = [("meta-data", meta_data.as_bytes()), ("user-data", user_data)];
    fat::volume(bytes, "CIDATA", &files).and_then(|volume| private::write(&file, volume)).map_err(failed)?;
    Ok(file)
}

fn meta_data(name: &str) -> Result<String, serde_json::Error> {
    let (id, host) = (yaml_value(&name)?, yaml_value(&hostname(name))?);
    Ok(format!("instance-id: {id}\nlocal-hostname: {host}\n"))
}

/// A host name has letters, digits and hyphens, and at most 63 of them.
fn hostname(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(allowed).take(63).collect();
    name.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_made_of_any_name() {
        assert_eq!(hostname("01JX_hello.web-"), "01jx-hello-web");
    }

    #[test]
    fn an_id_that_looks_like_a_number_is_a_text() {
        assert_eq!(meta_data("1e5").unwrap(), "instance-id: \"1e5\"\nlocal-hostname: \"1e5\"\n");
    }

    #[test]
    fn seeds_of_usual_templates_have_one_size() {
        assert_eq!(size(900), size(2 << 20));
        assert!(size(5 << 20) >= 6 << 20);
    }
}
