//! A bake on this computer: the virtual machine and its disks.

use super::{Section, add_login};
use crate::template::model::{Accelerator, Firmware, Template};

pub fn sections(template: &Template) -> Vec<Section> {
    vec![builder(template), disks(template), image(template)]
}

fn builder(template: &Template) -> Section {
    let (mut section, qemu) = (Section::new("builder"), &template.qemu);
    section.add("virtual machine", format!("{} CPUs, {} of memory", qemu.cpus, qemu.memory));
    match qemu.accelerator {
        Accelerator::Auto => section.add_at_launch("accelerator", "KVM where it works, else emulation"),
        Accelerator::Kvm => section.add("accelerator", "KVM"),
        Accelerator::Tcg => section.add("accelerator", "none: emulation"),
    }
    section.add(
        "firmware",
        match qemu.firmware {
            Firmware::Bios => "BIOS",
            Firmware::Uefi => "UEFI",
        },
    );
    add_login(&template.ssh, &mut section);
    section
}

fn disks(template: &Template) -> Section {
    let mut section = Section::new("disks");
    match template.root_disk.size {
        Some(size) => section.add("root", size.to_string()),
        None => section.add_at_launch("root", "as large as the base's"),
    }
    for disk in &template.disks {
        section.add(&disk.name, format!("{}, {} on {}", disk.size, disk.filesystem.name(), disk.mount));
    }
    section
}

fn image(template: &Template) -> Section {
    let mut section = Section::new("image");
    section.add_at_launch("ID", "img-ID, a folder in the data directory");
    section.add_some("description", template.image.description.as_deref());
    section
}
