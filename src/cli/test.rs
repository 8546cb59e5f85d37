use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{
    Context,
    images::recorded,
    interrupt,
    run::{Run, private_folder},
    wiring,
};
use crate::{
    engine::{TestedImage, clean, manifest::Manifest, test_phase},
    error::Error,
    redact::Redact,
    template::model::{Ec2, PlatformKind},
};

/// Starts a machine from an image and runs the image's checks on it
#[derive(Debug, Args)]
pub struct Test {
    /// ID of the image, or a beginning of it that no other has
    image: String,
}

impl Test {
    /// The account and region that the image was made in, if it was made on this computer.
    fn ec2(&self, context: &Context) -> Result<Ec2, Error> {
        let folder = context.data()?.join("images").join(&self.image);
        match context.global.platform {
            PlatformKind::Ec2 if folder.is_dir() => Ok(Manifest::read(&folder)?.machine.ec2()?.clone()),
            PlatformKind::Ec2 | PlatformKind::Qemu => Ok(Ec2::default()),
        }
    }

    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let rooms = wiring::rooms(context, &self.ec2(context)?).await?;
        let record = recorded(&self.image, &*rooms.store, context).await?;
        let folder = record.manifest.parent().map_or_else(|| PathBuf::from(&record.location), PathBuf::from);
        let manifest = Manifest::read(&folder)?;
        let interrupt = interrupt::listen()?;
        let run = Run::start(&format!("test-{}", record.name), Redact::default(), context)?;
        run.announce(&record.name, record.version.clone(), &record.platform);
        let launch_folder = run.folders.run.join("builder");
        private_folder(&launch_folder)?;
        let image = TestedImage {
            folder,
            manifest: &manifest,
            run: run.folders.id.clone(),
            launch_folder,
            journal: run.folders.journal.clone(),
        };
        let result = test_phase(&rooms, image, interrupt, &run.events).await;
        if result.is_err() {
            clean::after_failure(&rooms, &run.folders, &run.events).await;
        }
        Ok(run.finish(result).await.map_or_else(ExitCode::from, |()| ExitCode::SUCCESS))
    }
}
