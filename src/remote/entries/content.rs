//! What is at the place of an entry: bytes, a file of this computer, a folder or a link.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use super::FileSum;

#[derive(Debug)]
pub enum Content {
    Bytes(Vec<u8>),
    File {
        path: PathBuf,
        size: u64,
        /// The parts that are data, where there are holes between them.
        data: Option<Vec<Range<u64>>>,
        /// What it must be, where that is known.
        sum: Option<FileSum>,
    },
    Folder {
        /// One that is there keeps its mode, for the template says none. So it is with its owner.
        keeps_mode: bool,
    },
    Link(PathBuf),
    /// Another name for what an earlier entry has brought to this destination.
    HardLink(PathBuf),
}

impl Content {
    /// A local file without holes, whatever it holds.
    pub fn file(path: impl Into<PathBuf>, size: u64) -> Self {
        Self::File { path: path.into(), size, data: None, sum: None }
    }

    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { size, .. } => *size,
            Self::Folder { .. } | Self::Link(_) | Self::HardLink(_) => 0,
        }
    }

    /// Whether the file has holes.
    pub(in crate::remote) fn holes(&self) -> bool {
        matches!(self, Self::File { data: Some(_), .. })
    }

    /// The parts of the file that are sent.
    pub(in crate::remote) fn data(&self) -> Vec<Range<u64>> {
        match self {
            Self::File { data: Some(data), .. } => data.clone(),
            Self::File { data: None, .. }
            | Self::Bytes(_)
            | Self::Folder { .. }
            | Self::Link(_)
            | Self::HardLink(_) => std::iter::once(0..self.size()).collect(),
        }
    }

    /// The local path where there is one, for messages.
    pub(in crate::remote) fn shown(&self, destination: &Path) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Bytes(_) | Self::Folder { .. } | Self::Link(_) | Self::HardLink(_) => {
                destination.display().to_string()
            }
        }
    }
}
