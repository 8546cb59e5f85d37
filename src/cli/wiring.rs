//! The only place that names concrete platforms, stores and listeners.

use std::{path::Path, sync::Arc};

use super::Context;
use crate::{
    engine::{OverSsh, Rooms},
    error::{Error, Kind},
    platform::{Platform, qemu::QemuPlatform},
    store::{Store, local::LocalStore},
    template::model::PlatformKind,
    ui::{Listener, OutputStyle, bars::Bars, json::Json, lines::Lines, log::LogFile, summary::Summary},
};

impl clap::ValueEnum for PlatformKind {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Ec2, Self::Qemu]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}

/// The store of the platform that the user asked for.
///
/// # Errors
/// When it cannot be opened.
pub async fn store(context: &Context) -> Result<Arc<dyn Store>, Error> {
    match context.global.platform {
        PlatformKind::Ec2 => Err(no_ec2()),
        PlatformKind::Qemu => Ok(Arc::new(LocalStore::open(&context.data()?).await?)),
    }
}

/// # Errors
/// When the platform cannot be used here.
pub async fn rooms(context: &Context) -> Result<Rooms, Error> {
    let platform: Arc<dyn Platform> = match context.global.platform {
        PlatformKind::Ec2 => return Err(no_ec2()),
        PlatformKind::Qemu => Arc::new(QemuPlatform::new(context.data()?)),
    };
    Ok(Rooms { platform, connect: Arc::new(OverSsh), store: store(context).await? })
}

fn no_ec2() -> Error {
    Error::new(Kind::Usage, "platform `ec2`: this version of hornero bakes on this computer only")
        .hint("add `--platform qemu`, or set HORNERO_PLATFORM=qemu")
}

/// What shows a run to the user, and the log.
///
/// # Errors
/// When the log cannot be written.
pub fn listeners(context: &Context, log: &Path) -> Result<Vec<Box<dyn Listener>>, Error> {
    let file = LogFile::open(log).map_err(|error| {
        Error::new(Kind::Local, format!("opening the log `{}`", log.display())).because(&error)
    })?;
    let mut listeners: Vec<Box<dyn Listener>> = vec![Box::new(file)];
    match context.style() {
        OutputStyle::Bars => listeners.push(Box::new(Bars::stderr(context.color()))),
        OutputStyle::Auto | OutputStyle::Lines => listeners.push(Box::new(Lines::stderr())),
        OutputStyle::Json => {
            listeners.push(Box::new(Json::stdout()));
            return Ok(listeners);
        }
    }
    listeners.push(Box::new(Summary::stderr(context.color())));
    Ok(listeners)
}
