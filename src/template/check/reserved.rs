//! What hornero needs for itself on a builder is refused at the place where a template asks for it.

use super::{cx::Cx, names::Rule};
use crate::template::{
    diagnose::{Fault, visible},
    model::BUILDER_ACCOUNT,
    raw::Text,
    reserved,
    sources::Place,
};

impl Cx<'_> {
    /// The name of an account of the image.
    pub fn account_name(&self, text: &Text, rule: &Rule) -> Option<String> {
        let name = self.name(text, rule)?;
        self.refuse_reserved_account(&name, &text.span());
        Some(name)
    }

    pub fn maybe_account_name(&self, text: &Option<Text>, rule: &Rule) -> Option<String> {
        text.as_ref().and_then(|text| self.account_name(text, rule))
    }

    /// hornero's own account is taken on a builder, and gone from the image.
    pub fn refuse_reserved_account(&self, name: &str, place: &Place) {
        if reserved::is_account(name) {
            let message = format!("`{BUILDER_ACCOUNT}` is the name of the account that hornero works with");
            let fault = Fault::at(place.clone(), message);
            self.fault(fault.hint("choose another name: that account is removed from the image"));
        }
    }

    /// A path on the builder at which something of the image is to be.
    pub fn path_on_builder(&self, text: &Text, rule: &Rule) -> Option<String> {
        let path = self.name(text, rule)?;
        if reserved::is_path(&path) {
            let message = format!("`{}` is a path that hornero uses on the builder", visible(&path));
            let fault = Fault::at(text.span(), message);
            self.fault(fault.hint("choose another path: what lies there is not in the image"));
        }
        Some(path)
    }

    /// Where a disk is mounted, after all other rules for it.
    pub fn refuse_needed_folder(&self, mount: &str, place: Place) {
        if reserved::is_needed_folder(mount) {
            let message = format!("a disk cannot be mounted on `{}`", visible(mount));
            self.fault(
                Fault::at(place, message)
                    .hint("the builder needs what is there; mount it on a folder of its own"),
            );
        }
    }

    /// The name of a disk is also its filesystem label.
    pub fn refuse_reserved_disk(&self, name: &str, place: Place) {
        if reserved::is_disk(name) {
            let message = format!("`{name}` is a label that cloud-init or hornero looks for");
            self.fault(Fault::at(place, message).hint("choose another name for the disk"));
        }
    }
}
