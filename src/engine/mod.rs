//! The engine walks a plan over the platform, the line to the builder and the store. It sends
//! events and prints nothing; whatever it started it ends, however a bake ends.

mod alive;
mod answer;
mod bake;
mod checks;
pub mod clean;
mod cloud_init;
mod deliver;
pub mod delivery_note;
pub mod due;
mod follow;
mod held;
pub mod image;
mod interrupt;
pub mod kept;
mod launch_keys;
mod leftover;
mod line;
mod local;
pub mod lock;
mod machine;
pub mod manifest;
pub mod on_error;
pub mod outcome;
mod phases;
mod prepare;
mod publish;
mod reboot;
mod restart;
mod seal;
mod secrets;
pub mod settle;
mod steps;
mod stop;
pub mod survey;
mod test;
pub mod visit;
mod way;
pub mod way_in;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;

pub use alive::put_off_end;
pub use bake::{BakeInputs, Made, bake, fits, resume};
pub use deliver::{Delivery, deliver};
pub use follow::end_steps;
pub use held::StepInputsReader;
pub use interrupt::Interrupt;
pub use test::{TestedImage, test_image, test_phase};

use crate::{
    journal::Journal,
    platform::Platform,
    remote::{Remote, RemoteError, patience::Patience, route::Account, ssh::SshRemote},
    store::Store,
};

/// The wires of a bake.
#[derive(Clone)]
pub struct Rooms {
    pub platform: Arc<dyn Platform>,
    pub connect: Arc<dyn Connect>,
    pub store: Arc<dyn Store>,
}

/// How a line to a builder is opened.
#[async_trait]
pub trait Connect: Send + Sync {
    async fn connect(&self, account: Account, patience: Patience) -> Result<Box<dyn Remote>, RemoteError>;
}

/// Over SSH.
pub struct OverSsh;

#[async_trait]
impl Connect for OverSsh {
    async fn connect(&self, account: Account, patience: Patience) -> Result<Box<dyn Remote>, RemoteError> {
        Ok(Box::new(SshRemote::connect(account, patience).await?))
    }
}

/// The folders of one run.
#[derive(Clone, Debug)]
pub struct RunFolders {
    /// The run's ID.
    pub id: String,
    /// Journal, plan and log.
    pub run: PathBuf,
    /// Where images lie; the new one appears here under its ID when it is complete.
    pub images: PathBuf,
    /// Files fetched from the web, by their sum.
    pub downloads: PathBuf,
    /// Told before anything is made outside.
    pub journal: Journal,
}

/// The last lines of something that printed many.
#[derive(Default)]
struct Tail(std::collections::VecDeque<String>);

impl Tail {
    /// As many as a failure shows.
    const LINES: usize = 20;

    fn push(&mut self, line: &str) {
        if self.0.len() == Self::LINES {
            self.0.pop_front();
        }
        self.0.push_back(line.to_owned());
    }

    fn lines(self) -> Vec<String> {
        self.0.into()
    }
}
