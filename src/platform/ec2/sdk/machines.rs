//! Instances.

use async_trait::async_trait;
use aws_sdk_ec2::{
    operation::run_instances::builders::RunInstancesFluentBuilder,
    primitives::DateTime,
    types::{
        BlockDeviceMapping, EbsBlockDevice, Filter, HttpTokensState, IamInstanceProfileSpecification,
        Instance as SdkInstance, InstanceAttributeName, InstanceInterruptionBehavior,
        InstanceMarketOptionsRequest, InstanceMetadataEndpointState, InstanceMetadataOptionsRequest,
        InstanceNetworkInterfaceSpecification, InstanceStateName, InstanceType, MarketType, ResourceType,
        ShutdownBehavior, SpotInstanceType, SpotMarketOptions, VolumeType,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::tagged;
use crate::{
    aws::{Aws, AwsError, Call},
    platform::ec2::{
        api::{Instance, Machines, Order, State, VolumeOrder},
        capture::Volume,
    },
};

#[async_trait]
impl Machines for Aws {
    async fn run(&self, order: &Order) -> Result<Instance, AwsError> {
        let what = format!("{} from {}", order.instance_type, order.ami);
        // The client token makes a second try give the first one's instance.
        let call = Call::repeatable("ec2:RunInstances", &what);
        let answer = self.call(call, || ordered(self.ec2().run_instances(), order).send()).await?;
        let made = answer.instances.unwrap_or_default().into_iter().next();
        made.map(instance).ok_or_else(|| self.incomplete(&call, "EC2 answered without an instance"))
    }

    async fn ordered(&self, tokens: &[String]) -> Result<Option<Instance>, AwsError> {
        let call = Call::read("ec2:DescribeInstances", "what was ordered");
        let by = Filter::builder().name("client-token").set_values(Some(tokens.to_vec())).build();
        let answer = self.call(call, || self.ec2().describe_instances().filters(by.clone()).send()).await?;
        let reservations = answer.reservations.unwrap_or_default();
        let found = reservations.into_iter().flat_map(|one| one.instances.unwrap_or_default()).next();
        Ok(found.map(instance))
    }

    async fn instance(&self, id: &str) -> Result<Instance, AwsError> {
        let call = Call::read("ec2:DescribeInstances", id);
        let answer = self.call(call, || self.ec2().describe_instances().instance_ids(id).send()).await?;
        let reservations = answer.reservations.unwrap_or_default();
        let found = reservations.into_iter().flat_map(|one| one.instances.unwrap_or_default()).next();
        found.map(instance).ok_or_else(|| self.missing(&call, "EC2 knows no such instance"))
    }

    async fn keep_when_off(&self, id: &str) -> Result<(), AwsError> {
        let call = Call::repeatable("ec2:ModifyInstanceAttribute", id);
        let behavior = InstanceAttributeName::InstanceInitiatedShutdownBehavior;
        let modify = || {
            let modify = self.ec2().modify_instance_attribute().instance_id(id);
            modify.attribute(behavior.clone()).value(ShutdownBehavior::Stop.as_str()).send()
        };
        self.call(call, modify).await.map(drop)
    }

    async fn stop(&self, id: &str) -> Result<(), AwsError> {
        let call = Call::repeatable("ec2:StopInstances", id);
        self.call(call, || self.ec2().stop_instances().instance_ids(id).send()).await.map(drop)
    }

    async fn terminate(&self, id: &str) -> Result<(), AwsError> {
        let call = Call::removal("ec2:TerminateInstances", id);
        self.call(call, || self.ec2().terminate_instances().instance_ids(id).send()).await.map(drop)
    }

    async fn cancel_spot(&self, request: &str) -> Result<(), AwsError> {
        let call = Call::removal("ec2:CancelSpotInstanceRequests", request);
        let cancel = || self.ec2().cancel_spot_instance_requests().spot_instance_request_ids(request).send();
        self.call(call, cancel).await.map(drop)
    }

    async fn console(&self, id: &str) -> Result<String, AwsError> {
        let call = Call::read("ec2:GetConsoleOutput", id);
        let ask = |latest| {
            self.call(call, move || self.ec2().get_console_output().instance_id(id).latest(latest).send())
        };
        // Machines of old kinds have no newest output, only what was kept some minutes ago.
        let answer = match ask(true).await {
            Err(error) if error.code.as_deref() == Some("UnsupportedOperation") => ask(false).await?,
            answer => answer?,
        };
        let bytes = STANDARD.decode(answer.output.unwrap_or_default()).unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn ordered(run: RunInstancesFluentBuilder, order: &Order) -> RunInstancesFluentBuilder {
    let mut kinds = vec![ResourceType::Instance, ResourceType::Volume, ResourceType::NetworkInterface];
    if order.spot {
        kinds.push(ResourceType::SpotInstancesRequest);
    }
    let imds = InstanceMetadataOptionsRequest::builder()
        .http_tokens(HttpTokensState::Required)
        .http_endpoint(InstanceMetadataEndpointState::Enabled);
    let profile = order.instance_profile.as_deref().map(profile);
    let run = run
        .client_token(&order.token)
        .image_id(&order.ami)
        .instance_type(InstanceType::from(order.instance_type.as_str()))
        .min_count(1)
        .max_count(1)
        .metadata_options(imds.build())
        .instance_initiated_shutdown_behavior(ShutdownBehavior::Terminate)
        .network_interfaces(interface(order))
        .set_block_device_mappings(Some(order.volumes.iter().map(volume).collect()))
        .set_user_data(order.user_data.as_ref().map(|bytes| STANDARD.encode(bytes)))
        .set_iam_instance_profile(profile)
        .set_tag_specifications(Some(kinds.into_iter().map(|kind| tagged(kind, &order.tags)).collect()));
    match order.spot {
        true => run.instance_market_options(spot(order)),
        false => run,
    }
}

/// A one-time spot instance cannot be stopped, and a builder must be before it is captured. The request
/// would bring a builder back that has ended itself, but not for ever.
fn spot(order: &Order) -> InstanceMarketOptionsRequest {
    let options = SpotMarketOptions::builder()
        .spot_instance_type(SpotInstanceType::Persistent)
        .valid_until(DateTime::from_secs(order.expires.as_second()))
        .instance_interruption_behavior(InstanceInterruptionBehavior::Stop);
    InstanceMarketOptionsRequest::builder()
        .market_type(MarketType::Spot)
        .spot_options(options.build())
        .build()
}

fn interface(order: &Order) -> InstanceNetworkInterfaceSpecification {
    InstanceNetworkInterfaceSpecification::builder()
        .device_index(0)
        .delete_on_termination(true)
        .set_subnet_id(order.subnet.clone())
        .set_groups(Some(order.groups.clone()))
        .set_associate_public_ip_address(order.public_ip)
        .build()
}

fn profile(given: &str) -> IamInstanceProfileSpecification {
    match given.starts_with("arn:") {
        true => IamInstanceProfileSpecification::builder().arn(given).build(),
        false => IamInstanceProfileSpecification::builder().name(given).build(),
    }
}

fn volume(order: &VolumeOrder) -> BlockDeviceMapping {
    let ebs = EbsBlockDevice::builder()
        .delete_on_termination(true)
        .volume_type(VolumeType::from(order.volume_type.as_str()))
        .set_volume_size(order.gib)
        .set_iops(order.iops)
        .set_throughput(order.throughput)
        .set_encrypted(order.encrypted)
        .set_kms_key_id(order.kms_key.clone());
    BlockDeviceMapping::builder().device_name(&order.device).ebs(ebs.build()).build()
}

fn instance(found: SdkInstance) -> Instance {
    let volume = |mapping: &aws_sdk_ec2::types::InstanceBlockDeviceMapping| {
        Some(Volume { id: mapping.ebs()?.volume_id()?.to_owned(), device: mapping.device_name()?.to_owned() })
    };
    let reason = found.state_reason.and_then(|reason| why(reason.code, reason.message));
    Instance {
        id: found.instance_id.unwrap_or_default(),
        state: found.state.and_then(|state| state.name).map_or(State::Pending, state),
        reason: reason.or(found.state_transition_reason).filter(|reason| !reason.is_empty()),
        public_ip: found.public_ip_address.and_then(|address| address.parse().ok()),
        private_ip: found.private_ip_address.and_then(|address| address.parse().ok()),
        volumes: found.block_device_mappings.unwrap_or_default().iter().filter_map(volume).collect(),
        vpc: found.vpc_id,
        spot_request: found.spot_instance_request_id,
    }
}

/// The code, with what EC2 says beside it; often that begins with the code.
fn why(code: Option<String>, message: Option<String>) -> Option<String> {
    match (code, message) {
        (Some(code), Some(message)) if !message.starts_with(&code) => Some(format!("{code}: {message}")),
        (code, message) => message.or(code),
    }
}

fn state(name: InstanceStateName) -> State {
    match name {
        InstanceStateName::Running => State::Running,
        InstanceStateName::Stopping => State::Stopping,
        InstanceStateName::Stopped => State::Stopped,
        InstanceStateName::ShuttingDown => State::ShuttingDown,
        InstanceStateName::Terminated => State::Terminated,
        // Also a state that this version does not know: it is looked at again.
        _ => State::Pending,
    }
}
