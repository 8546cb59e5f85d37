//! The firmware that starts the boot loader: BIOS, which QEMU brings, or UEFI with variables of the
//! machine's own.

use std::{fs, path::Path};

use super::machine::Boot;
use crate::{platform::PlatformError, private, sum, template::model::Firmware};

/// Firmware for UEFI and the template of its variables, where distributions put them.
const UEFI: [(&str, &str); 3] = [
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
];
/// The variables of a machine, in its folder.
pub const VARIABLES: &str = "firmware-variables.fd";
const WHAT: &str = "preparing the UEFI firmware";

/// What a machine in `folder` boots with. `from` holds the variables that it begins with, where that is not
/// the template.
///
/// # Errors
/// When there is no UEFI firmware, or its variables cannot be copied.
pub fn boot(firmware: Firmware, folder: &Path, from: Option<&Path>) -> Result<Boot, PlatformError> {
    match firmware {
        Firmware::Bios => Ok(Boot::Bios),
        Firmware::Uefi => {
            let (code, template) = installed()?;
            let variables = folder.join(VARIABLES);
            let from = from.map_or_else(|| template.into(), |from| from.join(VARIABLES));
            fs::read(from)
                .and_then(|bytes| private::write(&variables, bytes))
                .map_err(|error| PlatformError::new(WHAT, error))?;
            Ok(Boot::Uefi { code: code.into(), variables })
        }
    }
}

/// Tells one firmware from another.
///
/// # Errors
/// When it cannot be read.
pub fn identity(firmware: Firmware) -> Result<String, PlatformError> {
    match firmware {
        Firmware::Bios => Ok("bios".into()),
        Firmware::Uefi => {
            let (code, template) = installed()?;
            let sum =
                |path: &str| sum::of_file(Path::new(path)).map_err(|error| PlatformError::new(WHAT, error));
            Ok(format!("uefi {} {}", sum(code)?, sum(template)?))
        }
    }
}

fn installed() -> Result<(&'static str, &'static str), PlatformError> {
    let there = |path: &str| Path::new(path).exists();
    UEFI.into_iter().find(|(code, variables)| there(code) && there(variables)).ok_or_else(|| {
        PlatformError::new(WHAT, "none is installed")
            .hint("install the package `ovmf`, or use the firmware `bios`")
    })
}
