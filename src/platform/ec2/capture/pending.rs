//! An AMI that is being made while hornero may be told to stop: then it is named, with the command
//! that removes it.

use crate::event::Events;

/// Tells of the AMI when it is dropped before it is settled.
pub struct Pending<'a> {
    ami: &'a str,
    region: &'a str,
    events: &'a Events,
    settled: bool,
}

impl<'a> Pending<'a> {
    pub fn new(ami: &'a str, region: &'a str, events: &'a Events) -> Self {
        Self { ami, region, events, settled: false }
    }

    /// It is an AMI, or an error tells what became of it.
    pub fn settle(mut self) {
        self.settled = true;
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.events.warn(left(self.ami, self.region));
        }
    }
}

/// What to do about an AMI that nobody waits for any more.
pub fn left(ami: &str, region: &str) -> String {
    format!(
        "{ami} is left; remove it with: aws ec2 deregister-image --delete-associated-snapshots --image-id {ami} --region {region}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    #[test]
    fn only_an_ami_that_was_given_up_is_named() {
        let (events, mut told) = Events::channel();
        Pending::new("ami-1", "eu-west-1", &events).settle();
        drop(Pending::new("ami-2", "eu-west-1", &events));
        let Ok(Event::Warning { message }) = told.try_recv() else { panic!("nothing was told") };
        assert!(message.contains("--image-id ami-2 --region eu-west-1"), "{message}");
        assert!(told.try_recv().is_err());
    }
}
