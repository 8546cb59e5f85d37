//! `[base]`: one way to say what a bake starts from, looked up for each platform.

use std::path::PathBuf;

use toml::Spanned;

use super::{cx::Cx, names};
use crate::template::{
    catalogue,
    diagnose::{Fault, closest, listed, visible},
    model::{Arch, Base, Ec2Base, QemuBase},
    raw::{self, Raw},
    sources::Place,
    words,
};

const ONE_OF: &str = "write one of `os = \"debian-12\"`, `template = \"base.toml\"`, or `ec2 = {...}` and \
                      `qemu = {...}`";

impl Cx<'_> {
    /// `base.arch` comes first: other strings use it.
    pub fn declare_arch(&mut self, raw: &Raw) -> Arch {
        let text = raw.base.as_ref().and_then(|base| base.get_ref().arch.as_ref());
        let words = [("x86_64", Arch::X86_64), ("arm64", Arch::Arm64)];
        let arch = self.choice(&text.cloned(), "architecture", &words);
        match (arch, text) {
            (None, Some(_)) => self.scope.poison("base.arch"),
            (Some(Arch::X86_64) | None, _) => self.scope.set_in("base", "arch", "x86_64"),
            (Some(Arch::Arm64), _) => self.scope.set_in("base", "arch", "arm64"),
        }
        arch.unwrap_or_default()
    }

    pub fn base(&self, raw: &Raw, root: &Place, arch: Arch) -> Base {
        let mut base = Base { arch, os: None, ec2: None, qemu: None };
        let Some(given) = self.need(&raw.base, root, "the template", "base") else { return base };
        let (place, table) = (given.span(), given.get_ref());
        let platforms = table.ec2.is_some() || table.qemu.is_some();
        let ways = [table.os.is_some(), table.template.is_some(), platforms];
        match ways.iter().filter(|given| **given).count() {
            1 => {}
            0 if ["os", "ec2", "qemu", "template"].iter().any(|key| self.pruned.contains(&place, key)) => {}
            0 => self.fault(Fault::at(place, "`[base]` does not say what to start from").hint(ONE_OF)),
            _ => {
                self.fault(Fault::at(place, "`[base]` says in several ways what to start from").hint(ONE_OF))
            }
        }
        self.base_os(table, &mut base);
        if let Some(template) = self.base_template(table) {
            base.ec2 = Some(Ec2Base::Template(template.clone()));
            base.qemu = Some(QemuBase::Template(template));
        }
        base.ec2 = table.ec2.as_ref().and_then(|ec2| self.ec2_base(ec2)).or(base.ec2);
        base.qemu = table.qemu.as_ref().and_then(|qemu| self.qemu_base(qemu)).or(base.qemu);
        base
    }

    fn base_os(&self, table: &raw::Base, base: &mut Base) {
        let Some(text) = &table.os else { return };
        let Some(name) = self.text(text) else { return };
        match catalogue::find(&name) {
            Some(os) => {
                base.ec2 = Some(os.ec2(base.arch));
                base.qemu = os.qemu();
                base.os = Some(name);
            }
            None => self.fault(self.unknown_system(text, &name)),
        }
    }

    fn unknown_system(&self, text: &raw::Text, name: &str) -> Fault {
        const WHAT: &str = "operating system";
        let names: Vec<&str> = catalogue::names().collect();
        // Another release is no slip of the hand: `ubuntu-20.04` does not mean `ubuntu-24.04`.
        let other = words::other_system(name).filter(|_| words::our_value(WHAT, name).is_none());
        let slip = closest(name, names.iter().copied()).is_some_and(|near| near.len() != name.len());
        let other = other.filter(|_| !slip);
        match other {
            Some(other) => {
                let fault = Fault::at(text.span(), format!("unknown {WHAT} `{}`", visible(name)));
                let known = listed(names);
                fault
                    .hint(format!("hornero knows {known}; any other is found by its owner and name: {other}"))
            }
            None => self.unknown_word(text, WHAT, name, &names),
        }
    }

    fn base_template(&self, table: &raw::Base) -> Option<PathBuf> {
        let text = table.template.as_ref()?;
        self.plain(text, "the order of bakes is decided by this name, before anything is rendered")?;
        let path = self.own_path(text)?;
        // The image counts as an input, not the file that describes it.
        self.ordinary(&path, text.span());
        Some(path)
    }

    fn ec2_base(&self, spanned: &Spanned<raw::Ec2Base>) -> Option<Ec2Base> {
        let base = spanned.get_ref();
        let newest = base.owner.is_some() || base.name.is_some();
        if [base.ami.is_some(), base.parameter.is_some(), newest].iter().filter(|given| **given).count() != 1
        {
            self.fault(
                Fault::at(spanned.span(), "`ec2` of `[base]` needs exactly one way to find an AMI").hint(
                    "write one of { ami = \"ami-...\" }, { parameter = \"/aws/service/...\" }, \
                 { owner = \"136693071363\", name = \"debian-12-amd64-*\" }",
                ),
            );
            return None;
        }
        if let Some(ami) = &base.ami {
            return self.name(ami, &names::AMI).map(Ec2Base::Ami);
        }
        if let Some(parameter) = &base.parameter {
            return self.name(parameter, &names::PARAMETER).map(Ec2Base::Parameter);
        }
        let owner = self.need(&base.owner, &spanned.span(), "`ec2` of `[base]`", "owner");
        let name = self.need(&base.name, &spanned.span(), "`ec2` of `[base]`", "name");
        let owner = owner.and_then(|owner| self.name(owner, &names::AMI_OWNER));
        let name = name.and_then(|name| self.name(name, &names::VALUE));
        Some(Ec2Base::Newest { owner: owner?, name: name? })
    }

    fn qemu_base(&self, spanned: &Spanned<raw::QemuBase>) -> Option<QemuBase> {
        let base = spanned.get_ref();
        let url = base.url.is_some() || base.sha256.is_some();
        if [base.bootstrap.is_some(), base.image.is_some(), url].iter().filter(|given| **given).count() != 1 {
            self.fault(
                Fault::at(spanned.span(), "`qemu` of `[base]` needs exactly one way to get a disk").hint(
                    "write one of { bootstrap = \"bookworm\" }, { image = \"base.qcow2\" }, \
                 { url = \"https://...\", sha256 = \"...\" }",
                ),
            );
            return None;
        }
        if base.bootstrap.is_some() {
            let suites: Vec<(&str, &str)> = catalogue::suites().map(|suite| (suite, suite)).collect();
            return self
                .choice(&base.bootstrap, "suite", &suites)
                .map(|suite| QemuBase::Bootstrap(suite.into()));
        }
        if let Some(image) = &base.image {
            return self.base_image(image);
        }
        let url = self.need(&base.url, &spanned.span(), "`qemu` of `[base]`", "url");
        let sha256 = self.need(&base.sha256, &spanned.span(), "`qemu` of `[base]`", "sha256");
        let url = url.and_then(|url| self.name(url, &names::URI));
        let sha256 = sha256.and_then(|sum| self.name(sum, &names::SHA256));
        Some(QemuBase::Url { url: url?, sha256: sha256?.to_ascii_lowercase() })
    }

    fn base_image(&self, image: &raw::Text) -> Option<QemuBase> {
        let path = self.any_path(image)?;
        self.ordinary(&path, image.span());
        Some(QemuBase::Image(path))
    }
}
