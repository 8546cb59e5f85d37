//! Saving a machine: one like the builder boots, and is written down when nothing stirs in it any more.

use std::{fs, io, path::Path, time::Duration};

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    cache::{DEVICES, MEMORY},
    guest,
    port::{Port, Said},
};
use crate::{
    platform::{
        LaunchSpec, PlatformError, last_lines,
        qemu::{
            control::{PORT_SOCKET, SOCKET},
            drives, firmware,
            launch::{self, Launched},
            machine::{Accel, Machine, Start},
            qmp::Qmp,
            seed,
        },
    },
    private,
    time::Moment,
};

/// A boot that takes longer is one that does not come to its end.
const BOOT: Duration = Duration::from_secs(5 * 60);
/// Without the memory it is less than a megabyte.
const WRITTEN: Duration = Duration::from_secs(60);
const END: Duration = Duration::from_secs(60);
const AGAIN: Duration = Duration::from_millis(20);
/// Its memory is a file that later machines map too, and stays out of what is written.
const CAPABILITIES: &str = "x-ignore-shared";

/// Saves a machine like the one of this launch in `folder`.
///
/// # Errors
/// When it does not come up, or cannot be saved. It is ended then.
pub async fn make(spec: &LaunchSpec, accel: Accel, folder: &Path) -> Result<(), PlatformError> {
    let what = "saving a machine that later builders start from";
    let failed = |error: io::Error| PlatformError::new(what, error);
    let memory = folder.join(MEMORY);
    // QEMU would make these readable for all.
    [&memory, &folder.join(DEVICES)]
        .into_iter()
        .try_for_each(|file| private::create(file).map(drop))
        .map_err(failed)?;
    let mut launched =
        launch::run(machine(spec, accel, folder, Start::ToBeSaved { memory }).await?, folder).await?;
    let saved = save(&mut launched, folder).await;
    if saved.is_err() || !launched.running.ends_within(END).await {
        launched.running.kill().await;
    }
    saved.map_err(|error| {
        let console = fs::read(&launched.machine.console).unwrap_or_default();
        failed(error).tail(last_lines(&String::from_utf8_lossy(&console), 20))
    })?;
    remove_rest(&launched.machine, folder).map_err(failed)
}

/// The same in everything that its guest can see, short of what a template says.
async fn machine(
    spec: &LaunchSpec,
    accel: Accel,
    folder: &Path,
    start: Start,
) -> Result<Machine, PlatformError> {
    let disks = drives::make(spec, folder).await?;
    let boot = firmware::boot(spec.settings.qemu()?.firmware, folder, None)?;
    let machine = launch::machine(spec, accel, (disks, boot), folder, start)?;
    let bytes = seed::size(spec.user_data.as_ref().map_or(0, Vec::len));
    let seed = seed::write(folder, "hornero-warm", guest::user_data().as_bytes(), bytes)?;
    Ok(Machine { seed: Some(seed), may_be_kept: false, ..machine })
}

async fn save(launched: &mut Launched, folder: &Path) -> io::Result<()> {
    let mut port = Port::open(folder).await?;
    port.hear(&Said::Ready, BOOT).await?;
    let qmp = &mut launched.qmp;
    qmp.execute("stop", json!({})).await?;
    prepare(qmp).await?;
    qmp.execute("migrate", json!({ "uri": format!("exec:cat >{DEVICES}") })).await?;
    let end = Instant::now().later(WRITTEN);
    loop {
        let state = qmp.execute("query-migrate", json!({})).await?;
        match state["status"].as_str() {
            Some("completed") => break,
            Some("failed" | "cancelled") => {
                return Err(io::Error::other(format!("QEMU did not write it down: {}", state["error-desc"])));
            }
            _ if Instant::now() > end => return Err(io::Error::other("QEMU did not get done with it")),
            _ => sleep(AGAIN).await,
        }
    }
    qmp.execute("quit", json!({})).await.map(drop)
}

/// What QEMU has to know before it writes a machine down, and before it reads one.
pub async fn prepare(qmp: &mut Qmp) -> io::Result<()> {
    let wanted = json!([{ "capability": CAPABILITIES, "state": true }]);
    qmp.execute("migrate-set-capabilities", json!({ "capabilities": wanted })).await.map(drop)
}

/// Removes what no later machine needs: empty disks, the seed, logs, sockets.
fn remove_rest(machine: &Machine, folder: &Path) -> io::Result<()> {
    let disks = machine.disks.iter().skip(1).map(|drive| drive.file.clone());
    let others = [seed::FILE, "console.log", "qemu.log", SOCKET, PORT_SOCKET].map(|name| folder.join(name));
    disks.chain(others).try_for_each(|file| match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    })
}
