//! What kind of machine a launch asks for: builders of one kind can begin as copies of one saved machine.
//! Everything that the guest has seen by then is in it, and everything that QEMU has to find as it was.

use std::{fs, path::Path};

use super::guest;
use crate::{
    platform::{
        LaunchSpec, Origin, PlatformError,
        qemu::{
            accel,
            drives::ROOT,
            firmware,
            machine::{Accel, Boot, Drive, Machine, Start, arguments},
            seed,
        },
    },
    sum,
    template::{model::Firmware, units::Size},
};

/// Raised when machines that were saved before must not be used any more.
const FORMAT: u32 = 1;

/// # Errors
/// When QEMU or its firmware cannot be looked at.
pub async fn of(spec: &LaunchSpec, accel: Accel) -> Result<String, PlatformError> {
    let firmware = spec.settings.qemu()?.firmware;
    let around = [accel::version().await?, processor(accel), firmware::identity(firmware)?];
    Ok(sum::of_text(&text(spec, accel, &around)?)[..16].to_owned())
}

fn text(spec: &LaunchSpec, accel: Accel, around: &[String]) -> Result<String, PlatformError> {
    let (base, disk) = match &spec.origin {
        Origin::Base(base) => (base.id.as_str(), base.disk.as_deref()),
        Origin::Image { id, .. } => (id.as_str(), None),
    };
    let seed = seed::size(spec.user_data.as_ref().map_or(0, Vec::len));
    let size = |size: Size| size.0.to_string();
    let mut words = vec![FORMAT.to_string(), base.into(), seed.to_string()];
    words.push(disk.map(|disk| disk.display().to_string()).unwrap_or_default());
    words.push(spec.root_size.map(size).unwrap_or_default());
    words.extend(spec.disks.iter().map(|disk| size(disk.size)));
    words.extend(arguments(&outline(spec, accel)?));
    words.extend_from_slice(around);
    words.push(guest::user_data());
    Ok(words.join("\n"))
}

/// The machine without what is a launch's own: its name, its folder, how it ends.
fn outline(spec: &LaunchSpec, accel: Accel) -> Result<Machine, PlatformError> {
    let settings = spec.settings.qemu()?;
    let names = std::iter::once(ROOT).chain(spec.disks.iter().map(|disk| disk.name.as_str()));
    let boot = match settings.firmware {
        Firmware::Bios => Boot::Bios,
        Firmware::Uefi => Boot::Uefi { code: "code".into(), variables: firmware::VARIABLES.into() },
    };
    Ok(Machine {
        name: "machine".into(),
        memory: settings.memory,
        cpus: settings.cpus,
        accel,
        boot,
        disks: names.map(|name| Drive { file: name.into(), serial: name.into() }).collect(),
        seed: Some(seed::FILE.into()),
        console: "console.log".into(),
        may_be_kept: false,
        start: Start::ToBeSaved { memory: "memory".into() },
    })
}

/// A guest that runs on the processor itself has seen which one it is.
fn processor(accel: Accel) -> String {
    match accel {
        Accel::Tcg => "emulated".into(),
        Accel::Kvm => {
            let about = fs::read_to_string(Path::new("/proc/cpuinfo")).unwrap_or_default();
            let tells = |line: &&str| {
                ["model name", "stepping", "microcode", "flags"].iter().any(|key| line.starts_with(key))
            };
            let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
            let lines: Vec<&str> =
                about.split("\n\n").next().unwrap_or_default().lines().filter(tells).collect();
            format!("{kernel}\n{}", lines.join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::Journal,
        platform::{BaseImage, Settings},
        template::model::{Accelerator, Qemu},
    };

    fn spec() -> LaunchSpec {
        let base =
            BaseImage { id: "sha256:1".into(), description: "a base".into(), disk: Some("/base".into()) };
        let qemu =
            Qemu { memory: Size(1 << 30), cpus: 2, accelerator: Accelerator::Auto, firmware: Firmware::Bios };
        LaunchSpec {
            name: "web-1".into(),
            run: "web-1".into(),
            origin: Origin::Base(base),
            root_size: None,
            root_volume: Default::default(),
            disks: Vec::new(),
            user_data: Some(b"#cloud-config\n".to_vec()),
            settings: Settings::Qemu(qemu),
            image: "web".into(),
            tags: Default::default(),
            ttl: Default::default(),
            may_be_kept: false,
            may_be_warm: true,
            ssh: Default::default(),
            folder: "/run".into(),
            journal: Journal::of_a_test(),
        }
    }

    fn of(spec: &LaunchSpec) -> String {
        text(spec, Accel::Tcg, &["QEMU 7".into()]).unwrap()
    }

    #[test]
    fn what_is_a_launchs_own_makes_no_other_machine() {
        let user_data = Some(b"#cloud-config\nusers: [a]\n".to_vec());
        let other = LaunchSpec {
            name: "app-2".into(),
            folder: "/other".into(),
            user_data,
            may_be_kept: true,
            ..spec()
        };
        assert_eq!(of(&other), of(&spec()));
    }

    #[test]
    fn what_the_guest_has_seen_does() {
        let qemu = |change: fn(&mut Qemu)| {
            let mut settings = spec().settings.qemu().unwrap().clone();
            change(&mut settings);
            LaunchSpec { settings: Settings::Qemu(settings), ..spec() }
        };
        let base = |id: &str, disk: &str| {
            let base = BaseImage { id: id.into(), description: String::new(), disk: Some(disk.into()) };
            LaunchSpec { origin: Origin::Base(base), ..spec() }
        };
        let others = [
            qemu(|qemu| qemu.memory = Size(2 << 30)),
            qemu(|qemu| qemu.cpus = 4),
            qemu(|qemu| qemu.firmware = Firmware::Uefi),
            base("sha256:2", "/base"),
            base("sha256:1", "/moved"),
            LaunchSpec { root_size: Some(Size(8 << 30)), ..spec() },
            LaunchSpec { user_data: Some(vec![b'#'; 9 << 20]), ..spec() },
        ];
        others.iter().for_each(|other| assert_ne!(of(other), of(&spec())));
        assert_ne!(text(&spec(), Accel::Kvm, &["QEMU 7".into()]).unwrap(), of(&spec()));
        assert_ne!(text(&spec(), Accel::Tcg, &["QEMU 8".into()]).unwrap(), of(&spec()));
    }
}
