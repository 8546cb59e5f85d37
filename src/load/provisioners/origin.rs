//! Where a provisioner may be taken from: it is code that may run on this computer.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use serde::{Serialize, Serializer};

use crate::{
    load::{boundary, disk::Disk, shipped, text::trouble},
    template::{
        check::{Files, Trouble},
        path_name::path_name,
    },
};

/// A provisioner that takes part, and where it was taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsedProvisioner {
    pub name: String,
    #[serde(flatten)]
    pub folder: ProvisionerFolder,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum ProvisionerFolder {
    /// It comes with hornero.
    Hornero,
    /// As it was found, and where that is in truth.
    Folder {
        #[serde(serialize_with = "as_text")]
        folder: PathBuf,
        #[serde(serialize_with = "as_text")]
        real: PathBuf,
    },
}

/// A provisioner's file that may be used.
pub struct FoundProvisioner {
    pub file: PathBuf,
    pub real: PathBuf,
    /// Where links of the file may lead.
    pub roots: Vec<PathBuf>,
}

/// Why a provisioner that is there is not used.
pub enum Unusable {
    /// It is the template's own and leads elsewhere: that is told, whatever else there is.
    LeadsOut(Trouble),
    /// Another may be meant.
    NotTrusted(Trouble),
}

/// Names of folders are bytes, and JSON is text.
fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path_name(path))
}

impl UsedProvisioner {
    pub fn of(name: &str, folder: &Path) -> Self {
        let folder = match shipped::is_shipped(folder) {
            true => ProvisionerFolder::Hornero,
            false => ProvisionerFolder::Folder {
                folder: folder.to_owned(),
                real: fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()),
            },
        };
        Self { name: name.to_owned(), folder }
    }
}

impl fmt::Display for ProvisionerFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hornero => f.write_str("comes with hornero"),
            Self::Folder { folder, real: _ } => write!(f, "from {}", path_name(folder)),
        }
    }
}

/// What lies in the template's repository, or in its folder, is as good as the template; what the user allows is
/// too. Everything else is code that runs here, and must be out of the reach of others.
pub fn judge(disk: &Disk, boundary: &Path, folder: &Path, file: &Path) -> Result<FoundProvisioner, Unusable> {
    if shipped::is_shipped(file) {
        return Ok(FoundProvisioner { file: file.into(), real: file.into(), roots: Vec::new() });
    }
    let own = file.parent().unwrap_or(Path::new(""));
    let found = |real, roots| Ok(FoundProvisioner { file: file.to_owned(), real, roots });
    let real = fs::canonicalize(file).map_err(|error| Unusable::LeadsOut(trouble(&error)))?;
    if disk.allows(file) {
        return found(real, vec![own.to_owned()]);
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_own = fs::canonicalize(above).is_ok_and(|above| above.starts_with(boundary));
    if is_own && !boundary::is_shared(boundary) {
        disk.inside(boundary, file).map_err(Unusable::LeadsOut)?;
        return found(real, vec![boundary.to_owned()]);
    }
    boundary::is_trusted(file).map_err(Unusable::NotTrusted)?;
    disk.inside(own, file).map_err(Unusable::LeadsOut)?;
    found(real, vec![own.to_owned()])
}
