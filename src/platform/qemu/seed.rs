//! The volume that cloud-init reads: what it is called, how large it is, and what is in it.

use std::path::{Path, PathBuf};

use super::fat;
use crate::{platform::PlatformError, private};

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
    let meta_data = format!("instance-id: {name}\nlocal-hostname: {}\n", hostname(name));
    let files = [("meta-data", meta_data.as_bytes()), ("user-data", user_data)];
    fat::volume(bytes, "CIDATA", &files)
        .and_then(|volume| private::write(&file, volume))
        .map_err(|error| PlatformError::new(format!("writing the seed `{}`", file.display()), error))?;
    Ok(file)
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
    fn seeds_of_usual_templates_have_one_size() {
        assert_eq!(size(900), size(2 << 20));
        assert!(size(5 << 20) >= 6 << 20);
    }
}
