//! A running instance as a builder.

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

use super::{
    api::Machines,
    capture::{self, Source, Volume},
    destroy::{Made, destroy},
    disks, endpoint,
    error::failed,
    kept::Written,
    states,
};
use crate::{
    aws::Aws,
    event::Events,
    platform::{Builder, CaptureSpec, Captured, PlatformError, PowerOff, last_lines},
    remote::endpoint::Endpoint,
    template::model::{Disk, DiskName, Ec2},
    time::Moment,
};

/// Between two questions whether it still runs: every question counts against the account's limit.
const LOOK: Duration = Duration::from_secs(3);

/// Shutting an instance down takes EC2 longer than its guest needs.
const STOP: Duration = Duration::from_secs(10 * 60);

/// An instance that runs, and what was made for it.
#[derive(Debug)]
pub struct Running {
    pub aws: Aws,
    pub id: String,
    pub address: SocketAddr,
    pub settings: Ec2,
    pub root: Volume,
    pub disks: Vec<(Disk, Volume)>,
    pub made: Made,
}

#[derive(Debug)]
pub struct Ec2Builder {
    machine: Running,
    /// When it may be asked again whether it runs.
    next_look: Mutex<Instant>,
    stopped: bool,
}

impl Ec2Builder {
    pub fn new(machine: Running) -> Self {
        Self { machine, next_look: Mutex::new(Instant::now()), stopped: false }
    }
}

#[async_trait]
impl Builder for Ec2Builder {
    fn id(&self) -> String {
        self.machine.id.clone()
    }

    fn address(&self) -> SocketAddr {
        self.machine.address
    }

    fn disks(&self) -> Vec<DiskName> {
        self.machine.disks.iter().map(|(disk, volume)| disks::name(disk, volume)).collect()
    }

    async fn endpoint(&self, id: Option<&str>) -> Result<Endpoint, PlatformError> {
        let aws = &self.machine.aws;
        let found = endpoint::find(aws, &self.machine.id, id).await?;
        let credentials = aws.sdk().credentials_provider().ok_or_else(|| {
            let what = format!("signing a tunnel through {}", found.id);
            PlatformError::new(what, "there are no AWS credentials").hint("set AWS_PROFILE, or log in to AWS")
        })?;
        let region = aws.region().to_owned();
        Ok(Endpoint { id: found.id, url: found.url, region, credentials })
    }

    async fn gone(&self) -> Option<String> {
        let mut next = self.next_look.lock().await;
        sleep_until(*next).await;
        *next = Instant::now().later(LOOK);
        states::gone(&self.machine.aws, &self.machine.id).await
    }

    async fn console_tail(&self, lines: usize) -> Vec<String> {
        match self.machine.aws.console(&self.machine.id).await {
            Ok(text) => last_lines(&text, lines),
            // It is told beside another error, which counts.
            Err(error) => vec![format!("the console could not be read: {error}")],
        }
    }

    async fn keep_when_off(&mut self) -> Result<(), PlatformError> {
        let Running { aws, id, .. } = &self.machine;
        let what = format!("letting the builder {id} be stopped without an end");
        aws.keep_when_off(id).await.map_err(failed(what))
    }

    /// EC2 runs it whoever is there; only what it was launched as has to be known.
    async fn kept(&self) -> Result<serde_json::Value, PlatformError> {
        let what = format!("writing down what the builder {} is", self.machine.id);
        serde_json::to_value(Written::of(&self.machine)).map_err(|error| PlatformError::new(what, error))
    }

    async fn stop(&mut self, by: PowerOff, deadline: Duration) -> Result<(), PlatformError> {
        let Running { aws, id, .. } = &self.machine;
        if by == PowerOff::Platform {
            aws.stop(id).await.map_err(failed(format!("stopping the builder {id}")))?;
        }
        match states::stopped(aws, id, by, deadline.max(STOP)).await {
            Ok(()) => {
                self.stopped = true;
                Ok(())
            }
            Err(error) => Err(error.tail(self.console_tail(20).await)),
        }
    }

    async fn capture(&mut self, spec: &CaptureSpec<'_>, events: &Events) -> Result<Captured, PlatformError> {
        if !self.stopped {
            let what = format!("making an AMI of the builder {}", self.machine.id);
            return Err(PlatformError::new(what, "it was not stopped, so its disks may be half-written"));
        }
        let Running { aws, id, settings, root, disks, made, .. } = &mut self.machine;
        let source = Source { instance: id, root, disks, settings };
        let aws = aws.telling(events);
        let release = destroy(&aws, aws.region(), made);
        capture::capture(&aws, &source, spec, events, release).await
    }

    async fn destroy(&mut self) -> Result<(), PlatformError> {
        let Running { aws, made, .. } = &mut self.machine;
        destroy(aws, aws.region(), made).await
    }
}
