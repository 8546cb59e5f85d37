//! Regions in a template: a name that no region can have is an error, one that is near to a known region a warning.

use super::{cx::Cx, names::REGION};
use crate::template::{diagnose::Fault, raw::Text, regions};

impl Cx<'_> {
    /// A region, with a warning where it is not known and near to one that is.
    pub fn region(&self, text: &Text) -> Option<String> {
        let region = self.name(text, &REGION)?;
        if !regions::is_known(&region)
            && let Some(near) = regions::meant(&region)
        {
            let warning = Fault::at(text.span(), format!("is `{region}` an AWS region?"));
            let warning = warning.hint(format!("did you mean `{near}`?"));
            self.warn(if *text.get_ref() == region { warning.edit(&format!("\"{near}\"")) } else { warning });
        }
        Some(region)
    }
}
