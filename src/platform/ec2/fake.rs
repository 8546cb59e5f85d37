//! A strict EC2 for tests: it does what it was set to, writes down what it was asked, and knows
//! nothing that was not put into it.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;

use super::api::{Ami, GroupOrder, Images, Instance, Machines, Network, Order, State};
use crate::{
    aws::{AwsError, Fault},
    template::model::Arch,
};

#[derive(Default)]
pub struct FakeImages {
    pub amis: Vec<Ami>,
    pub parameters: BTreeMap<String, String>,
}

pub fn ami(id: &str) -> Ami {
    Ami {
        id: id.into(),
        name: "debian-12".into(),
        created: None,
        arch: Some(Arch::X86_64),
        state: "available".into(),
        root_device: "/dev/xvda".into(),
        root_gib: 8,
        devices: vec!["/dev/xvda".into()],
    }
}

pub fn refusal(code: &str) -> AwsError {
    let fault = match code {
        "InsufficientInstanceCapacity" => Fault::Capacity,
        "MaxSpotInstanceCountExceeded" => Fault::Quota,
        "UnauthorizedOperation" => Fault::Denied,
        "ServiceUnavailable" => Fault::Transient,
        _ => Fault::NotFound,
    };
    AwsError {
        fault,
        action: "ec2:RunInstances",
        resource: "it".into(),
        region: "eu-west-1".into(),
        code: Some(code.into()),
        message: match code {
            "InvalidParameterValue" => {
                "Value (builder) for parameter iamInstanceProfile.name is invalid".into()
            }
            _ => "no".into(),
        },
        request_id: None,
        hint: None,
    }
}

#[async_trait]
impl Images for FakeImages {
    async fn ami(&self, id: &str) -> Result<Ami, AwsError> {
        self.amis.iter().find(|ami| ami.id == id).cloned().ok_or_else(|| refusal("InvalidAMIID.NotFound"))
    }

    async fn amis(&self, _: &str, _: &str, arch: Arch) -> Result<Vec<Ami>, AwsError> {
        Ok(self.amis.iter().filter(|ami| ami.arch == Some(arch)).cloned().collect())
    }

    async fn parameter(&self, name: &str) -> Result<String, AwsError> {
        self.parameters.get(name).cloned().ok_or_else(|| refusal("ParameterNotFound"))
    }
}

#[derive(Default)]
pub struct FakeEc2 {
    images: FakeImages,
    calls: Mutex<Vec<String>>,
    /// The verb of a call that is always refused.
    refused: Option<&'static str>,
    /// What comes first of a call, by its verb: the codes in order, then the usual answer.
    first: Mutex<Vec<(&'static str, &'static str)>>,
    /// How often an instance is refused, and with which code.
    lacks: Mutex<(usize, &'static str)>,
    /// From this look on an instance has a public address.
    public_after: Option<usize>,
    /// What becomes of an instance, and why; terminated when `None`.
    state: Option<(State, &'static str)>,
}

impl FakeEc2 {
    pub fn refusing(mut self, verb: &'static str) -> Self {
        self.refused = Some(verb);
        self
    }

    /// The next call of this verb fails with this code. Can be said again for the one after it.
    pub fn first(self, verb: &'static str, code: &'static str) -> Self {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).push((verb, code));
        self
    }

    pub fn lacking(self, times: usize, code: &'static str) -> Self {
        *self.lacks.lock().unwrap_or_else(PoisonError::into_inner) = (times, code);
        self
    }

    pub fn public_after(mut self, looks: usize) -> Self {
        self.public_after = Some(looks);
        self
    }

    pub fn in_state(mut self, state: State, reason: &'static str) -> Self {
        self.state = Some((state, reason));
        self
    }

    /// What it was asked, in order.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn asked(&self, verb: &str, what: &str) -> Result<(), AwsError> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{verb} {what}"));
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(next) = first.iter().position(|(of, _)| *of == verb) {
            return Err(refusal(first.remove(next).1));
        }
        match self.refused {
            Some(refused) if refused == verb => Err(refusal("UnauthorizedOperation")),
            Some(_) | None => Ok(()),
        }
    }
}

pub fn instance(state: State) -> Instance {
    Instance {
        id: "i-1".into(),
        state,
        reason: None,
        public_ip: None,
        private_ip: None,
        volumes: Vec::new(),
        vpc: None,
        spot_request: None,
    }
}

#[async_trait]
impl Images for FakeEc2 {
    async fn ami(&self, id: &str) -> Result<Ami, AwsError> {
        self.images.ami(id).await
    }

    async fn amis(&self, owner: &str, name: &str, arch: Arch) -> Result<Vec<Ami>, AwsError> {
        self.images.amis(owner, name, arch).await
    }

    async fn parameter(&self, name: &str) -> Result<String, AwsError> {
        self.images.parameter(name).await
    }
}

#[async_trait]
impl Machines for FakeEc2 {
    async fn run(&self, order: &Order) -> Result<Instance, AwsError> {
        let spot = if order.spot { " spot" } else { "" };
        let subnet = order.subnet.as_ref().map(|subnet| format!(" {subnet}")).unwrap_or_default();
        self.asked("run", &format!("{}{spot}{subnet}", order.instance_type))?;
        let mut lacks = self.lacks.lock().unwrap_or_else(PoisonError::into_inner);
        if lacks.0 > 0 {
            lacks.0 -= 1;
            return Err(refusal(lacks.1));
        }
        Ok(instance(State::Pending))
    }

    async fn ordered(&self, tokens: &[String]) -> Result<Option<Instance>, AwsError> {
        self.asked("ordered", &tokens.len().to_string()).map(|()| Some(instance(State::Pending)))
    }

    async fn instance(&self, id: &str) -> Result<Instance, AwsError> {
        self.asked("look", id)?;
        let (state, reason) = self.state.unwrap_or((State::Terminated, ""));
        let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
        let looks = self.calls().iter().filter(|call| call.starts_with("look ")).count();
        let public = self.public_after.is_some_and(|after| looks >= after);
        let public_ip = public.then_some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)));
        Ok(Instance { reason, public_ip, ..instance(state) })
    }

    async fn keep_when_off(&self, id: &str) -> Result<(), AwsError> {
        self.asked("keep", id)
    }

    async fn stop(&self, id: &str) -> Result<(), AwsError> {
        self.asked("stop", id)
    }

    async fn terminate(&self, id: &str) -> Result<(), AwsError> {
        self.asked("terminate", id)
    }

    async fn cancel_spot(&self, request: &str) -> Result<(), AwsError> {
        self.asked("cancel", request)
    }

    async fn console(&self, id: &str) -> Result<String, AwsError> {
        self.asked("console", id).map(|()| String::new())
    }
}

#[async_trait]
impl Network for FakeEc2 {
    async fn vpcs_of(&self, subnets: &[String]) -> Result<Vec<String>, AwsError> {
        self.asked("vpcs", &subnets.join(" ")).map(|()| vec!["vpc-1".into()])
    }

    async fn ranges(&self, _: Option<&str>) -> Result<Vec<String>, AwsError> {
        Ok(vec!["10.0.0.0/16".into()])
    }

    async fn make_group(&self, group: &GroupOrder) -> Result<String, AwsError> {
        self.asked("make", &group.name).map(|()| "sg-made".into())
    }

    async fn made_group(&self, group: &GroupOrder) -> Result<Option<String>, AwsError> {
        self.asked("find", &group.name).map(|()| Some("sg-made".into()))
    }

    async fn open_port(&self, group: &str, port: u16, ranges: &[String]) -> Result<(), AwsError> {
        self.asked("open", &format!("{group} {port} {}", ranges.join(" ")))
    }

    async fn delete_group(&self, group: &str) -> Result<(), AwsError> {
        self.asked("delete", group)
    }
}
