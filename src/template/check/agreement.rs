//! Tables that cannot be done together: what needs cloud-init where it is off, a platform that the base has
//! no image for, and machines of another architecture than the image.

use toml::Spanned;

use super::{cx::Cx, draft::Draft};
use crate::template::{
    diagnose::Fault,
    model::{Arch, Base, Ec2Base, PlatformKind},
    raw::Raw,
    sources::Place,
};

impl Cx<'_> {
    /// Without cloud-init nobody makes accounts or installs packages before hornero logs in.
    pub fn declared_needs_cloud_init(&self, raw: &Raw, draft: &Draft) {
        let Some(table) = raw.cloud_init.as_ref().map(Spanned::get_ref) else { return };
        let Some(off) = table.enabled.as_ref().filter(|_| self.flag(&table.enabled) == Some(false)) else {
            return;
        };
        let user_data = table.user_data.as_ref().filter(|parts| !parts.get_ref().is_empty());
        let declared: [(&str, Option<Place>); 5] = [
            ("[[users]]", draft.users.first().map(|user| user.place.clone())),
            ("[packages] install", draft.install.first().map(|package| package.place.clone())),
            ("[packages] upgrade", draft.upgrade_place.clone()),
            ("[[packages.repositories]]", draft.repositories.first().map(|one| one.place.clone())),
            ("[cloud_init] user_data", user_data.map(Spanned::span)),
        ];
        for (what, place) in declared {
            let Some(place) = place else { continue };
            let fault = Fault::at(place, format!("{what} needs cloud-init"));
            self.fault(
                fault
                    .also(off.span(), "which is switched off here")
                    .hint("do it in a step, or leave cloud-init on"),
            );
        }
    }

    /// What is baked on a platform starts from an image for it.
    pub fn base_is_there(&self, raw: &Raw, base: &Base, platform: PlatformKind) {
        let there = match platform {
            PlatformKind::Ec2 => base.ec2.is_some(),
            PlatformKind::Qemu => base.qemu.is_some(),
        };
        let Some(table) = raw.base.as_ref().filter(|_| !there) else { return };
        let (name, other) = match platform {
            PlatformKind::Ec2 => ("ec2", base.qemu.is_some().then_some("qemu")),
            PlatformKind::Qemu => ("qemu", base.ec2.is_some().then_some("ec2")),
        };
        // A base that says nothing for any platform is a mistake of its own.
        let Some(other) = other else { return };
        let hint = format!("bake with --platform {other}");
        let fault = match (&base.os, &table.get_ref().os, &base.ec2) {
            (Some(os), Some(text), Some(Ec2Base::Parameter(parameter))) => {
                let message = format!("`{os}` has no base for {name}");
                Fault::at(text.span(), message).hint(format!(
                    "{hint}, or write in the place of `os`: ec2 = {{ parameter = \"{parameter}\" }} and {name} = {{ url = \"https://...\", sha256 = \"...\" }}"
                ))
            }
            (_, _, _) => Fault::at(table.span(), format!("[base] says nothing for {name}"))
                .hint(format!("{hint}, or add `{name} = {{ ... }}` to [base]")),
        };
        self.fault(fault);
    }

    /// A type of instance has one architecture, which its name tells.
    pub fn machines_fit(&self, raw: &Raw, base: &Base) {
        let types = raw.ec2.as_ref().and_then(|ec2| ec2.get_ref().instance_types.as_ref());
        let said = raw.base.as_ref().and_then(|base| base.get_ref().arch.as_ref());
        for text in types.iter().flat_map(|types| types.get_ref()) {
            let Some((name, arch)) = self.text(text).and_then(|name| Some((name.clone(), arch_of(&name)?)))
            else {
                continue;
            };
            if arch == base.arch {
                continue;
            }
            let (its, ours) = (word(arch), word(base.arch));
            let fault = Fault::at(
                text.span(),
                format!("`{name}` is a machine for {its}, and the image is for {ours}"),
            );
            let hint = match base.arch {
                Arch::Arm64 => {
                    "take a type for arm64, such as \"t4g.medium\", or leave out `arch`".to_owned()
                }
                Arch::X86_64 => {
                    format!("take a type such as \"t3.medium\", or write arch = \"{its}\" in [base]")
                }
            };
            let fault = fault.hint(hint);
            self.fault(match said {
                Some(said) => fault.also(said.span(), "the architecture of the image"),
                None => fault,
            });
        }
    }
}

fn word(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "x86_64",
        Arch::Arm64 => "arm64",
    }
}

/// What a type's name tells of its processor: a `g` behind the generation is for Graviton, and the first
/// Graviton was the family a1. Names of another form are not judged.
/// <https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html>
fn arch_of(instance_type: &str) -> Option<Arch> {
    let (family, _) = instance_type.split_once('.')?;
    let digits = family.find(|c: char| c.is_ascii_digit())?;
    let (series, rest) = family.split_at(digits);
    if series.is_empty() || series.contains('-') || series == "mac" {
        return None;
    }
    let attributes = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let attributes = attributes.split('-').next().unwrap_or_default();
    let graviton = attributes.contains('g') || (series == "a" && rest.starts_with('1'));
    Some(if graviton { Arch::Arm64 } else { Arch::X86_64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_type_tells_its_architecture() {
        for name in [
            "t4g.medium",
            "m6gd.large",
            "c7gn.xlarge",
            "im4gn.large",
            "is4gen.large",
            "x2gd.medium",
            "g5g.xlarge",
            "a1.large",
            "hpc7g.16xlarge",
            "m8g.metal-24xl",
        ] {
            assert_eq!(arch_of(name), Some(Arch::Arm64), "{name}");
        }
        for name in [
            "t2.micro",
            "t3.medium",
            "t3a.small",
            "m7i-flex.large",
            "g4dn.xlarge",
            "g6.xlarge",
            "gr6.4xlarge",
            "p5en.48xlarge",
            "trn1n.32xlarge",
            "u7i-12tb.224xlarge",
            "inf2.xlarge",
        ] {
            assert_eq!(arch_of(name), Some(Arch::X86_64), "{name}");
        }
        for name in ["mac2.metal", "u-6tb1.metal", "nothing"] {
            assert_eq!(arch_of(name), None, "{name}");
        }
    }
}
