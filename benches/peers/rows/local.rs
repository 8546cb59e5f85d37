//! Bakes on this computer, from one base: two shell steps and 2,000 files, cold and warm.
//!
//! hornero also does what Packer does not: waits for cloud-init's end, lists what is in the image,
//! seals it and compresses it. Packer gets the base that hornero built, and the same kind of machine; both
//! make an image that stands alone. Packer also takes part with the wait that its users put in front of
//! their steps, so that the cost of that alone is seen; what is to be reached is measured against the other.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    measure::{Entrant, in_turn},
    outcome::{Fresh, Outcome, Unit},
    rig::{
        bench::{Bench, said},
        data, guest,
        hornero::{Content, PROGRAM, program},
        job::{self, Ran},
        packer, seed,
    },
};

const STEPS: &[&str] = &["echo one", "echo two"];
const USER: &str = "packer";
const WAIT: &str = "cloud-init status --wait >/dev/null";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Cold,
    Warm,
    Packer,
    PackerThatWaits,
}

pub async fn run(bench: &Bench<'_>) -> Result<Fresh> {
    let local = Local::prepare(bench).await?;
    let times = bench.args.pairs(u32::MAX);
    let mut entrants = vec![
        Entrant { who: By::Cold, name: "hornero", times },
        Entrant { who: By::Packer, name: "Packer", times },
        Entrant { who: By::PackerThatWaits, name: "Packer after cloud-init", times },
    ];
    if local.knows_cold {
        // The first warm bake makes what the later ones start from.
        local.bake(By::Warm).await?;
        entrants.push(Entrant { who: By::Warm, name: "warm", times });
    }
    let mut series = in_turn(&entrants, async |by| local.bake(by).await).await?;
    let mut fresh = Fresh::default();
    if local.knows_cold
        && let Some(mut warm) = series.pop()
    {
        "hornero".clone_into(&mut warm.who);
        let all = [&[warm], &series[1..]].concat();
        let outcome = Outcome::new("local bake, warm", Unit::Seconds, all);
        fresh.outcomes.push(outcome.ratio("Packer", 0.45));
    }
    fresh.outcomes.insert(0, Outcome::new("local bake, cold", Unit::Seconds, series).ratio("Packer", 0.9));
    Ok(fresh)
}

struct Local {
    room: TempDir,
    template: PathBuf,
    /// As it is, and with the wait.
    packer: [PathBuf; 2],
    knows_cold: bool,
}

impl Local {
    async fn prepare(bench: &Bench<'_>) -> Result<Self> {
        let room = bench.room()?;
        // A template's files lie in its own folder.
        let from = data::folder(room.path(), 2000, 4096)?;
        let carried = |to: &'static str| Content {
            steps: STEPS,
            carried: Some((&from, Path::new(to))),
            ..Content::default()
        };
        let template = room.path().join("local.toml");
        let relative = carried("/srv/files").tables().replace(&format!("{}/", room.path().display()), "");
        let text = format!("[image]\nname = \"local\"\n[base]\nos = \"debian-12\"\n{relative}");
        fs::write(&template, text).with_context(|| format!("writing {}", template.display()))?;
        let help = said(PROGRAM, &["bake", "--help"]).await;
        let mut local =
            Self { room, template, packer: Default::default(), knows_cold: help.contains("--cold") };
        if guest::base().is_err() || guest::kvm().is_none() {
            // Builds the base, and finds out whether KVM works.
            local.hornero_in(&guest::data_folder(), &["--cold"]).await?;
        }
        // On the same ground as what Packer makes.
        job::run("cp", local.copied(&guest::data_folder())).await?;
        local.packer = local.packer_templates(carried("/tmp/files")).await?;
        Ok(local)
    }

    async fn bake(&self, by: By) -> Result<f64> {
        let ran = match by {
            By::Cold if self.knows_cold => self.hornero(&["--cold"]).await?,
            By::Cold | By::Warm => self.hornero(&[]).await?,
            By::Packer | By::PackerThatWaits => {
                let out = self.out();
                if out.exists() {
                    fs::remove_dir_all(&out).with_context(|| format!("removing {}", out.display()))?;
                }
                job::run("packer", packer::build(self.room.path(), self.packer(by))).await?
            }
        };
        Ok(ran.seconds)
    }

    fn data(&self) -> PathBuf {
        self.room.path().join("data")
    }

    fn copied(&self, data: &Path) -> Command {
        let mut command = Command::new("cp");
        command.arg("-r").arg(data).arg(self.data());
        command
    }

    async fn hornero(&self, more: &[&str]) -> Result<Ran> {
        self.hornero_in(&self.data(), more).await
    }

    async fn hornero_in(&self, data: &Path, more: &[&str]) -> Result<Ran> {
        let template = self.template.display().to_string();
        let arguments = [&["bake", "--force"], more, &[&template]].concat();
        let mut command = program(self.room.path(), &arguments);
        command.env("HORNERO_DATA_DIR", data);
        let ran = job::run("hornero", command).await?;
        // Each takes half a gigabyte.
        let images = data.join("images");
        fs::remove_dir_all(&images).with_context(|| format!("removing {}", images.display()))?;
        Ok(ran)
    }

    fn out(&self) -> PathBuf {
        self.room.path().join("packer-out")
    }

    fn packer(&self, by: By) -> &Path {
        &self.packer[usize::from(by == By::PackerThatWaits)]
    }

    async fn packer_templates(&self, content: Content<'_>) -> Result<[PathBuf; 2]> {
        let (room, key) = (self.room.path(), self.room.path().join("key"));
        let file = key.display().to_string();
        let told = said("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", USER, "-f", &file]).await;
        ensure!(key.is_file(), "ssh-keygen made no key {file}: {told}");
        let public = fs::read_to_string(key.with_extension("pub")).context("reading a new key")?;
        let seed = seed::volume(room, USER, &public)?;
        let builder = guest::builder(USER, &guest::base()?, &seed, &key, &self.out());
        let write = |name, before| packer::write(room, name, &builder, (before, content));
        Ok([write("local", &[])?, write("waits", &[WAIT])?])
    }
}
