//! Which AMI a bake starts from: given by ID, named by a parameter, or the newest of an owner.

use super::{
    api::{Ami, Images},
    error::failed,
};
use crate::{
    platform::{BaseImage, PlatformError},
    template::model::{Arch, Base, Ec2Base},
};

/// Looks the AMI up. Reads only.
///
/// # Errors
/// When there is none, or it is not one to start a builder from.
pub async fn resolve(images: &dyn Images, base: &Base) -> Result<Ami, PlatformError> {
    let ami = match &base.ec2 {
        Some(Ec2Base::Ami(id)) => images.ami(id).await.map_err(failed(finding(id)))?,
        Some(Ec2Base::Parameter(name)) => {
            let id = images.parameter(name).await.map_err(failed(finding(name)))?;
            images.ami(&id).await.map_err(failed(finding(&format!("{name}, which names {id}"))))?
        }
        Some(Ec2Base::Newest { owner, name }) => newest(images, owner, name, base.arch).await?,
        Some(Ec2Base::Template(template)) => {
            let why = format!("it is the image of `{}`, which is not baked yet", template.display());
            return Err(PlatformError::new("finding the base", why).hint("bake that template first"));
        }
        None => {
            return Err(PlatformError::new("finding the base", "the template names none for EC2")
                .hint("set `os`, or `ec2` under [base]"));
        }
    };
    usable(&ami, base.arch)?;
    Ok(ami)
}

async fn newest(images: &dyn Images, owner: &str, name: &str, arch: Arch) -> Result<Ami, PlatformError> {
    let found = images.amis(owner, name, arch).await.map_err(failed(finding(name)))?;
    found.into_iter().max_by_key(|ami| ami.created).ok_or_else(|| {
        let why = format!("{owner} has no available AMI of that name for {}", word(arch));
        PlatformError::new(finding(name), why)
            .hint("look at `owner`, `name` and `arch` in [base], and at the region in [ec2]")
    })
}

fn usable(ami: &Ami, arch: Arch) -> Result<(), PlatformError> {
    let refuse = |why: String, hint: &str| Err(PlatformError::new(finding(&ami.id), why).hint(hint));
    match ami.arch {
        _ if ami.state != "available" => {
            refuse(format!("it is {}", ami.state), "wait until it is available, or take another one")
        }
        Some(other) if other != arch => refuse(
            format!("it is an AMI for {}, and the template is for {}", word(other), word(arch)),
            "set `arch` in [base], or take another AMI",
        ),
        Some(_) => Ok(()),
        None => refuse("it is for an architecture that hornero does not bake".into(), "take another AMI"),
    }
}

fn finding(name: &str) -> String {
    format!("finding the base {name}")
}

fn word(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "x86_64",
        Arch::Arm64 => "arm64",
    }
}

/// As the rest of hornero knows a base.
pub fn described(ami: &Ami) -> BaseImage {
    let date = ami.created.map(|date| date.strftime(" of %Y-%m-%d").to_string()).unwrap_or_default();
    BaseImage { id: ami.id.clone(), description: format!("{}{date}", ami.name), disk: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ec2::fake::{FakeImages, ami};

    fn base(ec2: Ec2Base) -> Base {
        Base { arch: Arch::X86_64, os: None, ec2: Some(ec2), qemu: None }
    }

    fn by_name() -> Base {
        base(Ec2Base::Newest { owner: "136693071363".into(), name: "debian-12-*".into() })
    }

    #[tokio::test]
    async fn the_newest_of_an_owner_is_taken() {
        let mut images = FakeImages::default();
        images.amis.push(Ami { created: "2024-05-01T00:00:00Z".parse().ok(), ..ami("ami-old") });
        images.amis.push(Ami { created: "2025-05-01T00:00:00Z".parse().ok(), ..ami("ami-new") });
        let found = resolve(&images, &by_name()).await.unwrap();
        assert_eq!(found.id, "ami-new");
        assert_eq!(described(&found).description, "debian-12 of 2025-05-01");
    }

    #[tokio::test]
    async fn a_parameter_names_the_ami() {
        let mut images = FakeImages::default();
        images.amis.push(ami("ami-1"));
        images.parameters.insert("/aws/service/debian".into(), "ami-1".into());
        let found = resolve(&images, &base(Ec2Base::Parameter("/aws/service/debian".into()))).await.unwrap();
        assert_eq!(found.id, "ami-1");
    }

    #[tokio::test]
    async fn an_ami_that_cannot_be_used_is_refused_with_the_reason() {
        let mut images = FakeImages::default();
        images.amis.push(Ami { arch: Some(Arch::Arm64), ..ami("ami-arm") });
        images.amis.push(Ami { state: "failed".into(), ..ami("ami-bad") });
        for (id, why) in [
            ("ami-arm", "finding the base ami-arm: it is an AMI for arm64, and the template is for x86_64"),
            ("ami-bad", "finding the base ami-bad: it is failed"),
        ] {
            let error = resolve(&images, &base(Ec2Base::Ami(id.into()))).await.unwrap_err();
            assert_eq!((error.to_string().as_str(), error.hint.is_some()), (why, true));
        }
        let error = resolve(&FakeImages::default(), &by_name()).await.unwrap_err();
        assert!(error.to_string().contains("136693071363 has no available AMI"), "{error}");
    }
}
