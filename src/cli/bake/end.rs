//! What came of each template of a set, and of all together.

use crate::{
    cli::set::Set,
    error::Kind,
    store::ImageRecord,
    ui::{clean, table::table},
};

/// What came of one template.
#[derive(Clone, Debug)]
pub enum TemplateEnd {
    Baked(ImageRecord),
    UpToDate(ImageRecord),
    /// With this exit code, for this reason.
    Failed {
        code: u8,
        reason: String,
    },
    /// For the image of this name, which it is made from, was not baked.
    NotBegun {
        base: String,
    },
    Interrupted,
}

impl TemplateEnd {
    /// The ID of the image that there is now.
    pub fn image(&self) -> Option<&str> {
        match self {
            Self::Baked(image) | Self::UpToDate(image) => Some(&image.id),
            Self::Failed { .. } | Self::NotBegun { .. } | Self::Interrupted => None,
        }
    }

    /// The exit code that it calls for; 0 where another template's failure says it already.
    pub fn code(&self) -> u8 {
        match self {
            Self::Baked(_) | Self::UpToDate(_) | Self::NotBegun { .. } => 0,
            Self::Failed { code, .. } => *code,
            Self::Interrupted => Kind::Interrupted.exit_code(),
        }
    }

    fn result(&self) -> &'static str {
        match self {
            Self::Baked(_) => "baked",
            Self::UpToDate(_) => "up to date",
            Self::Failed { .. } => "failed",
            Self::NotBegun { .. } => "skipped",
            Self::Interrupted => "not begun",
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Baked(_) | Self::UpToDate(_) => String::new(),
            Self::Failed { reason, .. } => clean(reason.lines().next().unwrap_or_default()),
            Self::NotBegun { base } => format!("its base `{base}` was not baked"),
            Self::Interrupted => "interrupted".to_owned(),
        }
    }
}

/// Writes one line for each template, in the order of the set.
pub fn render_overview(set: &Set, ends: &[TemplateEnd]) -> String {
    let names = set.templates.iter().map(|one| one.template.image.name.clone());
    let rows = names.zip(ends).map(|(name, end)| {
        [name, end.result().to_owned(), end.image().unwrap_or_default().to_owned(), end.reason()]
    });
    format!("\n{}", table(["name", "result", "image", "reason"], rows))
}

/// Writes what standard output gets. Of one template that was named, the bare ID of its image; of several, the name and
/// the ID, with a tab between.
pub fn render_answers(set: &Set, ends: &[TemplateEnd]) -> String {
    let named = set.templates.iter().zip(ends).take(set.named);
    let line = |(name, image): (&str, &str)| match set.named {
        1 => format!("{image}\n"),
        _ => format!("{name}\t{image}\n"),
    };
    let made = named.filter_map(|(one, end)| Some((one.template.image.name.as_str(), end.image()?)));
    made.map(line).collect()
}
