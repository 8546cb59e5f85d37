//! Getting an instance: types, subnets and ways to pay are tried in order while EC2 has none to give.

use std::time::{Duration, Instant};

use super::{
    api::{Instance, Machines, Order},
    error::failed,
    lost,
    network::KNOWN,
};
use crate::{
    aws::{AwsError, Fault},
    event::Events,
    platform::PlatformError,
    sum,
    template::model::{Arch, Ec2},
    wait::{Look, Wait, WaitError},
};

/// As long as other bakers wait; a name that is wrong is told after it.
const PROFILE: Duration = Duration::from_secs(25);

/// One order for each try, in the order of trying: spot before on demand, then by type, then by subnet.
pub fn orders(base: &Order, settings: &Ec2, arch: Arch, launch: &str) -> Vec<Order> {
    let types = settings.types_to_try(arch);
    let mut subnets: Vec<Option<&String>> = settings.subnets.iter().map(Some).collect();
    if subnets.is_empty() {
        subnets.push(None);
    }
    let pay: &[bool] = if settings.spot { &[true, false] } else { &[false] };
    let mut orders = Vec::new();
    for spot in pay {
        for instance_type in &types {
            for subnet in &subnets {
                let (instance_type, subnet) = ((*instance_type).to_owned(), subnet.cloned());
                let token = token(launch, orders.len());
                orders.push(Order { token, spot: *spot, instance_type, subnet, ..base.clone() });
            }
        }
    }
    orders
}

/// At most 64 characters, new for each try: a token of a failed try with other words is refused.
fn token(launch: &str, attempt: usize) -> String {
    sum::of_text(&format!("{launch}/{attempt}"))
}

/// The first instance that EC2 gives.
///
/// # Errors
/// When a try fails for another reason than a lack, or all of them lacked something.
pub async fn run(
    machines: &dyn Machines,
    orders: &[Order],
    name: &str,
    events: &Events,
) -> Result<Instance, PlatformError> {
    let doing = format!("starting the builder `{name}`");
    let mut lacks = Vec::new();
    for (number, order) in orders.iter().enumerate() {
        let error = match start(machines, order).await {
            Ok(instance) => return Ok(instance),
            Err(error) => error,
        };
        if error.fault == Fault::Transient {
            return taken(machines, &orders[..=number], about(error, order), doing).await;
        }
        if !elsewhere(&error, order) {
            return Err(failed(doing)(about(error, order)));
        }
        let lack = format!("{}: {}", shown(order), error.why());
        if number + 1 == orders.len() {
            let error = failed(doing)(about(error, order));
            return Err(if lacks.is_empty() { error } else { error.tail(lacks) });
        }
        events.note(format!("{lack}; trying the next"));
        lacks.push(lack);
    }
    Err(PlatformError::new(doing, "there was nothing to try").hint("set [ec2] instance_types"))
}

/// A profile or a group that was just made is unknown to EC2 for some seconds.
async fn start(machines: &dyn Machines, order: &Order) -> Result<Instance, AwsError> {
    let (wait, begun) = (Wait::new("EC2 knows what the order names", KNOWN), Instant::now());
    let look = || async {
        match machines.run(order).await {
            Err(error) if no_profile(&error) && begun.elapsed() < PROFILE => Ok(Look::Unseen(error)),
            Err(error) if order.new_groups && no_group(&error) => Ok(Look::Unseen(error)),
            // `call` has tried long enough where that helps.
            answer => Ok(Look::There(answer)),
        }
    };
    match wait.until(look).await {
        Ok(answer) => answer,
        Err(WaitError::Look(error)) => Err(error),
        Err(WaitError::TooLong { .. } | WaitError::Over { .. }) => machines.run(order).await,
    }
}

/// An instance whose answer was lost runs and costs: it is taken, or the way to it is told.
async fn taken(
    machines: &dyn Machines,
    orders: &[Order],
    error: AwsError,
    doing: String,
) -> Result<Instance, PlatformError> {
    let tokens: Vec<String> = orders.iter().map(|order| order.token.clone()).collect();
    let region = error.region.clone();
    let not_started = failed(doing)(error);
    match lost::instance(machines, &tokens).await {
        Ok(Some(instance)) => Ok(instance),
        Ok(None) => Err(not_started),
        Err(unknown) => Err(not_started.tail(vec![
            format!("whether there is an instance now is not known: {unknown}"),
            format!(
                "look for it with `aws ec2 describe-instances --region {region} --filters \
                 Name=client-token,Values={}`",
                tokens.join(",")
            ),
        ])),
    }
}

fn no_group(error: &AwsError) -> bool {
    error.code.as_deref() == Some("InvalidGroup.NotFound")
}

fn no_profile(error: &AwsError) -> bool {
    error.code.as_deref() == Some("InvalidParameterValue") && error.message.contains("iamInstanceProfile")
}

/// Whether another type, subnet or way to pay may do.
fn elsewhere(error: &AwsError, order: &Order) -> bool {
    match error.fault {
        Fault::Capacity => true,
        // Quotas differ between families, and between spot and on demand.
        Fault::Quota => true,
        Fault::Other | Fault::Invalid => {
            order.spot && error.code.as_deref().is_some_and(|code| code.contains("Spot"))
        }
        Fault::NotFound
        | Fault::Denied
        | Fault::Credentials
        | Fault::Expired
        | Fault::Throttled
        | Fault::Setup
        | Fault::Transient => false,
    }
}

/// What was asked for stands in the error: the template's own words are easier found there.
fn about(error: AwsError, order: &Order) -> AwsError {
    AwsError { resource: shown(order), ..error }
}

fn shown(order: &Order) -> String {
    let place = order.subnet.as_deref().map(|subnet| format!(" in {subnet}")).unwrap_or_default();
    let pay = if order.spot { " (spot)" } else { "" };
    format!("{}{pay} from {}{place}", order.instance_type, order.ami)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ec2::fake::FakeEc2;

    fn settings(types: &[&str], subnets: &[&str], spot: bool) -> Ec2 {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Ec2 { instance_types: list(types), subnets: list(subnets), spot, ..Ec2::default() }
    }

    async fn tried(ec2: &FakeEc2, settings: &Ec2) -> Result<Instance, PlatformError> {
        let base = Order { ami: "ami-1".into(), ..Order::default() };
        let (events, _listener) = Events::channel();
        run(ec2, &orders(&base, settings, Arch::X86_64, "web-1"), "web-1", &events).await
    }

    #[tokio::test]
    async fn subnets_and_then_types_are_tried_while_there_is_no_capacity() {
        let ec2 = FakeEc2::default().lacking(3, "InsufficientInstanceCapacity");
        tried(&ec2, &settings(&["t3.large", "m6i.large"], &["subnet-a", "subnet-b"], false)).await.unwrap();
        assert_eq!(
            ec2.calls(),
            [
                "run t3.large subnet-a",
                "run t3.large subnet-b",
                "run m6i.large subnet-a",
                "run m6i.large subnet-b"
            ]
        );
    }

    #[tokio::test]
    async fn spot_falls_back_to_on_demand() {
        let ec2 = FakeEc2::default().lacking(1, "MaxSpotInstanceCountExceeded");
        tried(&ec2, &settings(&[], &[], true)).await.unwrap();
        assert_eq!(ec2.calls(), ["run t3.medium spot", "run t3.medium"]);
    }

    #[tokio::test]
    async fn when_all_lack_the_error_lists_what_was_tried() {
        let ec2 = FakeEc2::default().lacking(9, "InsufficientInstanceCapacity");
        let error = tried(&ec2, &settings(&["t3.large", "m6i.large"], &[], false)).await.unwrap_err();
        assert!(error.to_string().contains("ec2:RunInstances for m6i.large from ami-1"), "{error}");
        assert!(error.tail[0].starts_with("t3.large from ami-1: "), "{:?}", error.tail);
        assert!(error.hint.unwrap().contains("instance_types"));
    }

    #[tokio::test]
    async fn a_profile_that_ec2_does_not_know_yet_is_waited_for() {
        let ec2 = FakeEc2::default().lacking(1, "InvalidParameterValue");
        tried(&ec2, &settings(&["t3.large", "m6i.large"], &[], false)).await.unwrap();
        assert_eq!(ec2.calls(), ["run t3.large", "run t3.large"]);
    }

    #[tokio::test]
    async fn a_group_of_our_own_that_ec2_does_not_know_yet_is_waited_for() {
        let group = |new_groups| Order { ami: "ami-1".into(), new_groups, ..Order::default() };
        let tried = async |order: &Order| {
            let ec2 = FakeEc2::default().lacking(1, "InvalidGroup.NotFound");
            let (orders, (events, _listener)) =
                (orders(order, &settings(&[], &[], false), Arch::X86_64, "web-1"), Events::channel());
            (run(&ec2, &orders, "web-1", &events).await, ec2.calls().len())
        };
        let (instance, calls) = tried(&group(true)).await;
        assert_eq!((instance.unwrap().id.as_str(), calls), ("i-1", 2));
        let (instance, calls) = tried(&group(false)).await;
        assert_eq!((instance.is_err(), calls), (true, 1), "a group of the template is there or wrong");
    }

    #[tokio::test]
    async fn an_instance_whose_answer_was_lost_is_taken() {
        let lost = FakeEc2::default().first("run", "InsufficientInstanceCapacity");
        let lost = lost.first("run", "ServiceUnavailable");
        let instance = tried(&lost, &settings(&["t3.large", "m6i.large"], &[], false)).await.unwrap();
        assert_eq!(instance.id, "i-1");
        assert_eq!(lost.calls(), ["run t3.large", "run m6i.large", "ordered 2"]);
    }

    #[tokio::test]
    async fn when_nobody_can_tell_whether_there_is_an_instance_the_way_to_it_is_told() {
        let ec2 = FakeEc2::default().first("run", "ServiceUnavailable").refusing("ordered");
        let error = tried(&ec2, &settings(&[], &[], false)).await.unwrap_err();
        assert!(error.to_string().contains("ServiceUnavailable"), "{error}");
        let token = token("web-1", 0);
        assert!(error.tail[1].contains(&format!("Name=client-token,Values={token}")), "{:?}", error.tail);
    }

    #[tokio::test]
    async fn another_mistake_is_not_tried_elsewhere() {
        let ec2 = FakeEc2::default().lacking(9, "InvalidSubnetID.NotFound");
        let error =
            tried(&ec2, &settings(&["t3.large", "m6i.large"], &["subnet-a"], false)).await.unwrap_err();
        assert_eq!(ec2.calls(), ["run t3.large subnet-a"]);
        assert!(error.to_string().contains("subnet-a"), "{error}");
    }

    #[test]
    fn each_try_has_a_token_of_its_own_that_the_same_launch_gives_again() {
        let base = Order::default();
        let make = |launch| orders(&base, &settings(&["a", "b"], &["c", "d"], true), Arch::X86_64, launch);
        let mut tokens: Vec<String> = make("run-1").into_iter().map(|order| order.token).collect();
        assert!(make("run-1").iter().zip(&tokens).all(|(order, token)| order.token == *token));
        tokens.extend(make("run-2").into_iter().map(|order| order.token));
        tokens.sort();
        tokens.dedup();
        assert_eq!(tokens.len(), 16);
        assert!(tokens.iter().all(|token| token.len() <= 64));
    }
}
