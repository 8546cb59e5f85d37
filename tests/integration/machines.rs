//! The EC2 of real machines held to what EC2 does, so that bakes on it mean something. What takes a guest that boots
//! is seen where one template is baked on two platforms.

use std::time::Duration;

use aws_sdk_ec2::{
    Client,
    error::ProvideErrorMetadata,
    operation::run_instances::builders::RunInstancesFluentBuilder,
    types::{BlockDeviceMapping, EbsBlockDevice, Filter, Instance, InstanceStateName},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::rig::ec2::Ec2;

/// A guest under emulation, on a computer that has other things to do.
const PATIENCE: Duration = Duration::from_secs(900);
const DEBIAN: (&str, &str) = ("136693071363", "debian-12-amd64-*");

async fn debian(client: &Client) -> String {
    let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
    let found = client.describe_images().owners(DEBIAN.0);
    let found = found.filters(filter("name", DEBIAN.1)).filters(filter("state", "available"));
    let found = found.send().await.unwrap();
    let newest = found.images().iter().max_by_key(|image| image.creation_date()).unwrap();
    newest.image_id().unwrap().to_owned()
}

pub fn launch(client: &Client, image: &str) -> RunInstancesFluentBuilder {
    client.run_instances().image_id(image).min_count(1).max_count(1)
}

pub async fn launched(asked: RunInstancesFluentBuilder) -> String {
    asked.send().await.unwrap().instances()[0].instance_id().unwrap().to_owned()
}

pub async fn look(client: &Client, id: &str) -> Instance {
    let found = client.describe_instances().instance_ids(id).send().await.unwrap();
    found.reservations()[0].instances()[0].clone()
}

pub async fn until(client: &Client, id: &str, wanted: InstanceStateName) -> Instance {
    let seen = tokio::time::timeout(PATIENCE, async {
        loop {
            let machine = look(client, id).await;
            if machine.state().unwrap().name() == Some(&wanted) {
                return machine;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    seen.await.unwrap_or_else(|_| panic!("{id} never was {wanted}"))
}

fn volume(device: &str, gib: i32) -> BlockDeviceMapping {
    BlockDeviceMapping::builder()
        .device_name(device)
        .ebs(EbsBlockDevice::builder().volume_size(gib).build())
        .build()
}

#[tokio::test]
async fn a_terminated_machine_leaves_nothing() {
    let ec2 = Ec2::start(&["--pending", "600"]).await;
    let client = ec2.client().await;
    let asked = launch(&client, &debian(&client).await)
        .block_device_mappings(volume("/dev/xvda", 6))
        .block_device_mappings(volume("/dev/sdf", 1));
    let id = launched(asked).await;
    let machine = look(&client, &id).await;
    assert_eq!(machine.state().unwrap().name(), Some(&InstanceStateName::Pending));
    assert_eq!(machine.public_ip_address(), machine.private_ip_address());
    let known = ec2.machine(&id).await;
    assert_eq!(known.state, "pending");
    assert_eq!(machine.public_ip_address(), Some(&*known.address.to_string()));
    let volumes = known.volumes.iter().map(|volume| (volume.device.as_str(), volume.gib));
    assert_eq!(volumes.collect::<Vec<_>>(), [("/dev/xvda", 6), ("/dev/sdf", 1)]);
    client.terminate_instances().instance_ids(&id).send().await.unwrap();
    until(&client, &id, InstanceStateName::Terminated).await;
    let state = ec2.state().await;
    assert_eq!(state.machines[0].states(), ["pending", "shutting-down", "terminated"]);
    assert!(state.disks.is_empty(), "{state:?}");
    assert!(client.describe_volumes().send().await.unwrap().volumes().is_empty());
}

#[tokio::test]
async fn metadata_is_told_for_a_token_alone() {
    let ec2 = Ec2::start(&[]).await;
    let client = ec2.client().await;
    let raw = STANDARD.encode([0, 159, 146, 150]);
    let id = launched(launch(&client, &debian(&client).await).user_data(raw)).await;
    let url = ec2.machine(&id).await.metadata_url;
    let http = reqwest::Client::new();
    let path = format!("{url}/2021-03-23/meta-data/instance-id");
    assert_eq!(http.get(&path).send().await.unwrap().status(), 401);
    let asked = http.put(format!("{url}/latest/api/token"));
    assert_eq!(asked.try_clone().unwrap().send().await.unwrap().status(), 400, "how long shall it be good");
    let asked = asked.header("X-aws-ec2-metadata-token-ttl-seconds", "60");
    let token = asked.send().await.unwrap().text().await.unwrap();
    let get = |path: String| http.get(path).header("X-aws-ec2-metadata-token", &token).send();
    assert_eq!(get(path).await.unwrap().text().await.unwrap(), id);
    let user_data = get(format!("{url}/latest/user-data")).await.unwrap().bytes().await.unwrap();
    assert_eq!(user_data[..], [0, 159, 146, 150]);
    assert_eq!(get(format!("{url}/latest/meta-data/public-keys/")).await.unwrap().status(), 404);
}

#[tokio::test]
async fn what_ec2_refuses_is_refused() {
    let ec2 = Ec2::start(&["--pending", "600"]).await;
    let client = ec2.client().await;
    let image = debian(&client).await;
    let code = async |asked: RunInstancesFluentBuilder| {
        asked.send().await.unwrap_err().into_service_error().code().unwrap().to_owned()
    };
    let large = STANDARD.encode([b'x'; 16385]);
    assert_eq!(code(launch(&client, &image).user_data(large)).await, "InvalidUserData.Malformed");
    assert_eq!(code(launch(&client, "ami-0123456789abcdef0")).await, "InvalidAMIID.NotFound");

    let first = launched(launch(&client, &image).client_token("one")).await;
    assert_eq!(launched(launch(&client, &image).client_token("one")).await, first, "it is the same launch");
    let other = launch(&client, &image).client_token("one").user_data(STANDARD.encode("other"));
    assert_eq!(code(other).await, "IdempotentParameterMismatch");

    let stopped = client.stop_instances().instance_ids(&first).send().await.unwrap_err();
    assert_eq!(stopped.into_service_error().code(), Some("IncorrectInstanceState"), "it is pending");
    let captured = client.create_image().instance_id(&first).name("early").send().await.unwrap_err();
    assert_eq!(captured.into_service_error().code(), Some("IncorrectState"));
}
