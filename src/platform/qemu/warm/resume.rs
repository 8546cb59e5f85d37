//! Starting a builder from a saved machine: it goes on from there, is told that it is another one, and
//! says when it is.

use std::{fs, io, path::Path, time::Duration};

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    cache::{DEVICES, MEMORY, ROOT, Saved},
    make::prepare,
    port::{Order, Port, Said},
};
use crate::time::Moment;
use crate::{
    platform::{
        LaunchSpec, PlatformError, last_lines,
        qemu::{
            disk_image, drives, firmware,
            launch::{self, Launched},
            machine::{Accel, Drive, Start},
            qmp::Qmp,
        },
    },
    quote::shell_word,
};

/// It takes a tenth of a second; a busy computer may take seconds.
const AWAKE: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_millis(5);
/// What the saved machine has written, beside the disks of this one: it stays when others are removed.
const UNDER: &str = "root.saved";

/// Starts the machine of this launch from `saved`.
///
/// # Errors
/// When it does not go on as another machine. It is ended then.
pub async fn resume(spec: &LaunchSpec, accel: Accel, saved: &Saved) -> Result<Launched, PlatformError> {
    let (what, folder) = (format!("resuming `{}`", saved.folder.display()), spec.folder.as_path());
    let disks = disks(spec, saved).await?;
    let boot = firmware::boot(spec.settings.qemu()?.firmware, folder, Some(&saved.folder))?;
    let start = Start::Saved { memory: saved.folder.join(MEMORY) };
    let machine = launch::machine(spec, accel, (disks, boot), folder, start)?;
    let mut launched = launch::run(machine, folder).await?;
    match wake(&mut launched.qmp, folder, &saved.folder.join(DEVICES)).await {
        Ok(()) => Ok(launched),
        Err(error) => {
            launched.running.kill().await;
            let said = fs::read_to_string(folder.join("qemu.log")).unwrap_or_default();
            let said = last_lines(&said, 20);
            let why = said.last().map(|line| format!(": {line}")).unwrap_or_default();
            Err(PlatformError::new(what, format!("{error}{why}")).tail(said))
        }
    }
}

async fn disks(spec: &LaunchSpec, saved: &Saved) -> Result<Vec<Drive>, PlatformError> {
    let (under, root) = (spec.folder.join(UNDER), spec.folder.join(ROOT));
    let written = saved.folder.join(ROOT);
    // Folders on two file systems have no links between them.
    fs::hard_link(&written, &under).or_else(|_| fs::copy(&written, &under).map(drop)).map_err(|error| {
        PlatformError::new(format!("taking over the saved disk `{}`", written.display()), error)
    })?;
    disk_image::overlay(&disk_image::own(&under).await?, &root, None).await?;
    let mut drives = vec![drives::drive(drives::ROOT.into(), root)?];
    drives::add_empty(&mut drives, &spec.disks, &spec.folder).await?;
    Ok(drives)
}

async fn wake(qmp: &mut Qmp, folder: &Path, devices: &Path) -> io::Result<()> {
    // The guest must not see that nobody is at the other end.
    let mut port = Port::open(folder).await?;
    prepare(qmp).await?;
    let devices = devices.to_string_lossy();
    let devices = shell_word(&devices).map_err(io::Error::other)?;
    qmp.execute("migrate-incoming", json!({ "uri": format!("exec:cat {devices}") })).await?;
    let end = Instant::now().later(AWAKE);
    while qmp.execute("query-status", json!({})).await?["status"] == "inmigrate" {
        if Instant::now() > end {
            return Err(io::Error::other("QEMU did not get done with it"));
        }
        sleep(AGAIN).await;
    }
    qmp.execute("cont", json!({})).await?;
    port.tell(&Order::new()).await?;
    port.hear(&Said::Going, AWAKE).await
}
