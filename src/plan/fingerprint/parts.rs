//! What of a plan decides the image. Everything is taken apart without a rest, so that whoever adds
//! a field decides here whether it counts.

use super::Parts;
use crate::{
    plan::Plan,
    provision::seal,
    template::model::{
        Action, CloudInit, Disk, Ec2, Ec2Disk, Image, Packages, PlatformKind, Qemu, RootDisk, Seal, Step,
        Template,
    },
};

pub fn of_plan(plan: &Plan, parts: &mut Parts) {
    // `base` and `actions` say for people what the base's ID and the template say already.
    let Plan { platform, arch, base: _, actions: _, template } = plan;
    parts.add("platform", platform);
    parts.add("architecture", arch);
    of_template(template, *platform, parts);
}

fn of_template(template: &Template, platform: PlatformKind, parts: &mut Parts) {
    let Template {
        image,
        // A variable counts where it is used.
        variables: _,
        // Their names are in the steps that use them; their values are no matter of a plan.
        secrets: _,
        base: _,
        root_disk,
        disks,
        groups,
        users,
        packages,
        files: _,
        steps,
        checks,
        cloud_init,
        // How the builder is reached.
        ssh: _,
        seal,
        ec2,
        qemu,
        publish: _,
        notify: _,
    } = template;
    of_image(image, parts);
    let RootDisk { size, ec2: root_volume } = root_disk;
    parts.add("root disk", size);
    disks.iter().for_each(|disk| of_disk(disk, parts));
    groups.iter().for_each(|group| parts.add(format!("group {}", group.name), group));
    users.iter().for_each(|user| parts.add(format!("user {}", user.name), user));
    of_packages(packages, parts);
    for (number, step) in (1..).zip(steps) {
        of_step(number, step, parts);
    }
    for check in checks {
        parts.add(format!("check {}", check.name), &check.probe);
    }
    let CloudInit { enabled, user_data } = cloud_init;
    parts.add("cloud-init", enabled);
    user_data.iter().for_each(|(name, text)| parts.add(format!("user-data {name}"), text));
    let Seal { enabled, keep } = seal;
    parts.add("seal", &(enabled, sorted(keep), seal::version(&template.seal)));
    match platform {
        PlatformKind::Ec2 => of_ec2(ec2, root_volume, disks, parts),
        PlatformKind::Qemu => of_qemu(qemu, parts),
    }
}

fn of_image(image: &Image, parts: &mut Parts) {
    let Image { name, version, description: _, tags: _, timeout: _, builder_ttl: _ } = image;
    parts.add("name", name);
    parts.add("version", version);
}

fn of_disk(disk: &Disk, parts: &mut Parts) {
    let Disk { name, size, filesystem, mount, owner, mode, ec2: _ } = disk;
    parts.add(
        format!("disk {name}"),
        &(size, filesystem, mount, owner.user.as_ref(), owner.group.as_ref(), mode),
    );
}

fn of_packages(packages: &Packages, parts: &mut Parts) {
    let Packages { upgrade, install, remove, snapshot, repositories } = packages;
    parts.add("upgrade", upgrade);
    install.iter().for_each(|package| parts.add(format!("package {}", package.name), &package.version));
    remove.iter().for_each(|package| parts.add(format!("without package {package}"), &()));
    repositories.iter().for_each(|one| parts.add(format!("repository {}", one.name), one));
    snapshot.iter().for_each(|snapshot| parts.add("package snapshot", snapshot));
}

fn of_step(number: usize, step: &Step, parts: &mut Parts) {
    // The files that it reads are parts of their own.
    let Step { name, action, timeout: _, retries: _, may_reboot: _, inputs: _ } = step;
    let part = format!("step {number}: {name}");
    // Where a script was read from is no matter; what it says is.
    match action {
        Action::Shell { script, env, user, allowed_exit_codes } => {
            parts.add(part, &("shell", &script.text, env, user, allowed_exit_codes));
        }
        Action::Ansible { playbook: _, extra_vars, settings: _ } => parts.add(part, &("ansible", extra_vars)),
        Action::Reboot => parts.add(part, &"reboot"),
        Action::Local { script, env, allowed_exit_codes, folder: _ } => {
            parts.add(part, &("local", &script.text, env, allowed_exit_codes));
        }
        Action::Download { source, destination: _ } => parts.add(part, &("download", source)),
    }
}

fn of_ec2(ec2: &Ec2, root: &Ec2Disk, disks: &[Disk], parts: &mut Parts) {
    // The rest says where and how the builder runs, and who gets the image.
    parts.add("encryption key", &ec2.kms_key);
    parts.add("volume root", root);
    disks.iter().for_each(|disk| parts.add(format!("volume {}", disk.name), &disk.ec2));
}

fn of_qemu(qemu: &Qemu, parts: &mut Parts) {
    let Qemu { memory: _, cpus: _, accelerator: _, firmware } = qemu;
    parts.add("firmware", firmware);
}

fn sorted(names: &[String]) -> Vec<&String> {
    let mut names: Vec<&String> = names.iter().collect();
    names.sort_unstable();
    names
}
