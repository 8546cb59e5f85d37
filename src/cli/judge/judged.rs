//! What is known of a template that has been judged, and what that means for those made from it.

use crate::{
    engine::{BakeInputs, due::Verdict},
    load::UsedProvisioner,
    plan::Plan,
    platform::BaseImage,
    store::ImageRecord,
};

/// A template that has been judged.
#[derive(Debug)]
pub struct Judged {
    pub plan: Plan,
    /// What it would start from, where that can be told without making it.
    pub base: Option<BaseImage>,
    /// Of the image that a bake would make, where that can be told.
    pub fingerprint: Option<String>,
    pub verdict: Verdict,
    /// What it would be given, where that has been read: with many files that takes a while.
    pub inputs: Option<BakeInputs>,
    /// Where its provisioners were taken from.
    pub provisioners: Vec<UsedProvisioner>,
}

impl Judged {
    /// By what is known without reading its files.
    pub fn new(plan: Plan, base: Option<BaseImage>, verdict: Verdict) -> Self {
        Self { plan, base, fingerprint: None, verdict, inputs: None, provisioners: Vec::new() }
    }

    /// Whether a bake has anything to do.
    pub fn is_due(&self) -> bool {
        matches!(self.verdict, Verdict::Due { .. } | Verdict::Unpublished { .. })
    }
}

/// What became of the template that another is made from.
#[derive(Clone, Copy, Debug)]
pub enum Below<'a> {
    /// There is none.
    Nothing,
    Image(&'a ImageRecord),
    /// Its image has this name and is to be baked first.
    Due(&'a str),
}

/// What a template shows as its base when all that is known is how another was judged.
pub fn below<'a>(judged: Option<&'a Judged>) -> Below<'a> {
    match judged {
        None => Below::Nothing,
        Some(Judged { verdict: Verdict::UpToDate { image } | Verdict::Unpublished { image }, .. }) => {
            Below::Image(image)
        }
        Some(Judged { plan, .. }) => Below::Due(&plan.template.image.name),
    }
}
