//! What came of each template of a set, and of all together.

use crate::{cli::set::Set, error::Kind, store::ImageRecord};

/// What came of one template.
#[derive(Clone, Debug)]
pub enum End {
    Baked(ImageRecord),
    UpToDate(ImageRecord),
    /// With this exit code; shown already.
    Failed(u8),
    /// For the image of this name, which it is made from, was not baked.
    NotBegun {
        base: String,
    },
    Interrupted,
}

impl End {
    /// The ID of the image that there is now.
    pub fn image(&self) -> Option<&str> {
        match self {
            Self::Baked(image) | Self::UpToDate(image) => Some(&image.id),
            Self::Failed(_) | Self::NotBegun { .. } | Self::Interrupted => None,
        }
    }

    /// The exit code that it calls for; 0 where another template's failure says it already.
    pub fn code(&self) -> u8 {
        match self {
            Self::Baked(_) | Self::UpToDate(_) | Self::NotBegun { .. } => 0,
            Self::Failed(code) => *code,
            Self::Interrupted => Kind::Interrupted.exit_code(),
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Baked(image) => format!("baked       {}", image.id),
            Self::UpToDate(image) => format!("up to date  {}", image.id),
            Self::Failed(_) => "failed".to_owned(),
            Self::NotBegun { base } => format!("not baked   {base}, which it is made from, was not"),
            Self::Interrupted => "not begun   interrupted".to_owned(),
        }
    }
}

/// One line a template, as a tree.
pub fn overview(set: &Set, ends: &[End]) -> String {
    let names = set.templates.iter().map(|one| one.template.image.name.as_str());
    let lines: Vec<String> = names.zip(ends).map(|(name, end)| format!("{name}: {}", end.told())).collect();
    format!("\n{}", set.graph.tree(|number| lines.get(number).cloned().unwrap_or_default()))
}
