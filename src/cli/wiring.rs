//! The only place that names concrete platforms, stores and listeners.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;

use super::{Context, interrupt};
use crate::{
    engine::{OverSsh, Rooms},
    error::{Error, Kind},
    event::{Event, Recorder},
    platform::{Platform, ec2::Ec2Platform, qemu::QemuPlatform},
    store::{Store, StoreError, local::LocalStore, ssm::SsmStore},
    template::model::{Ec2, PlatformKind},
    ui::{
        Listener, OutputStyle,
        bars::{Bars, row::Row},
        control_echo,
        json::Json,
        lines::Lines,
        log::LogFile,
        summary::Summary,
    },
};

impl clap::ValueEnum for PlatformKind {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Ec2, Self::Qemu]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}

/// The store of the platform that the user asked for; `ec2` says in which region and account, and
/// its default is what the environment says.
///
/// # Errors
/// When it cannot be opened.
pub async fn store(context: &Context, ec2: &Ec2) -> Result<Arc<dyn Store>, Error> {
    store_of(context.global.platform, context, ec2).await
}

/// # Errors
/// When it cannot be opened.
pub async fn store_of(kind: PlatformKind, context: &Context, ec2: &Ec2) -> Result<Arc<dyn Store>, Error> {
    let data = context.data()?;
    match kind {
        PlatformKind::Ec2 => {
            let aws = context.accounts.open(ec2.role_arn.as_deref(), ec2.region.as_deref()).await;
            let aws = aws.map_err(StoreError::aws("open Parameter Store"))?;
            Ok(Arc::new(SsmStore::new(aws, data.join("images"))))
        }
        PlatformKind::Qemu => Ok(Arc::new(LocalStore::open(&data).await?)),
    }
}

/// # Errors
/// When it cannot be used here.
pub fn platform(context: &Context) -> Result<Arc<dyn Platform>, Error> {
    platform_of(context.global.platform, context)
}

/// # Errors
/// When it cannot be used here.
pub fn platform_of(kind: PlatformKind, context: &Context) -> Result<Arc<dyn Platform>, Error> {
    Ok(match kind {
        PlatformKind::Ec2 => Arc::new(Ec2Platform::new(context.accounts.clone())),
        PlatformKind::Qemu => Arc::new(QemuPlatform::new(context.data()?)),
    })
}

/// # Errors
/// When the platform or its store cannot be used here.
pub async fn rooms(context: &Context, ec2: &Ec2) -> Result<Rooms, Error> {
    let (platform, store) = (platform(context)?, store(context, ec2).await?);
    Ok(Rooms { platform, connect: Arc::new(OverSsh), store })
}

/// What shows something that is no run.
pub fn lines() -> Vec<Box<dyn Listener>> {
    vec![Box::new(Lines::stderr())]
}

/// One event for programs, outside of a run.
///
/// # Errors
/// When standard output cannot be written.
pub fn tell(event: &Event) -> Result<(), Error> {
    let event = event.clone();
    let write = move || Json::stdout().event(&event, Timestamp::now()).map_err(std::io::Error::other);
    interrupt::write(write).map_err(|why| Error::new(Kind::Local, why.to_string()))
}

/// What keeps the log of a run.
///
/// # Errors
/// When it cannot be written.
pub fn log(path: &Path) -> Result<Recorder, Error> {
    let mut file = LogFile::open(path).map_err(|error| {
        Error::new(Kind::Local, format!("opening the log `{}`", path.display())).because(&error)
    })?;
    Ok(Box::new(move |event, at| file.event(event, at)))
}

/// What shows a run to the user.
pub fn listeners(context: &Context, run: &str) -> Vec<Box<dyn Listener>> {
    // An ID is a name and a ULID.
    let image = run.rsplit_once('-').map_or(run, |(image, _)| image);
    let (screen, label, colour) = (context.screen.clone(), context.screen.label(image), context.color());
    if context.style() == OutputStyle::Bars {
        control_echo::hide();
    }
    let style: Box<dyn Listener> = match (context.style(), &label) {
        (OutputStyle::Bars, None) => Box::new(Bars::new(screen.clone(), colour)),
        (OutputStyle::Bars, Some(label)) => Box::new(Row::new(screen.clone(), label.clone(), colour)),
        (OutputStyle::Auto | OutputStyle::Lines | OutputStyle::Dot | OutputStyle::Markdown, label) => {
            Box::new(Lines::stderr().labelled(label.as_ref()))
        }
        (OutputStyle::Json, None) => return vec![Box::new(Json::stdout())],
        (OutputStyle::Json, Some(_)) => return vec![Box::new(Json::stdout().of(run))],
    };
    let summary: Box<dyn Listener> = match label {
        // What failed is told at the end of them all.
        Some(label) => Box::new(Summary::of_several(screen, label, colour)),
        None => Box::new(Summary::on(screen, colour)),
    };
    vec![style, summary]
}
