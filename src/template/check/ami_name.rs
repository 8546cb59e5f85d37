//! The name that an image has on EC2: it must leave room for what makes it unique.

use super::cx::Cx;
use crate::template::{diagnose::Fault, model::Image, raw::Text};

/// Characters that EC2 takes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html>.
pub const LONGEST_AMI_NAME: usize = 128;

/// What hornero adds to image and version: a dash, and the end of the run's ID, which no other run has.
const UNIQUE_END: usize = 1 + 26;

impl Cx<'_> {
    /// An image's name alone is always short enough.
    pub fn ami_name_fits(&self, written: &Option<Text>, image: &Image) {
        let (Some(text), Some(version)) = (written, &image.version) else { return };
        let length = image.name.chars().count() + 1 + version.chars().count() + UNIQUE_END;
        let Some(beyond) = length.checked_sub(LONGEST_AMI_NAME).filter(|beyond| *beyond > 0) else { return };
        let message =
            format!("the AMI's name would have {length} characters, and EC2 takes {LONGEST_AMI_NAME}");
        let room = version.chars().count().saturating_sub(beyond);
        self.fault(Fault::at(text.span(), message).hint(format!(
            "write a version of at most {room} characters: the name is made of the image's name, the version and the \
             {} characters that no other run has",
            UNIQUE_END - 1
        )));
    }
}
