//! The EC2 of real machines held to what EC2 does, so that bakes on it mean something.

use std::{io::Write, net::SocketAddr, time::Duration};

use aws_sdk_ec2::{
    Client,
    error::ProvideErrorMetadata,
    operation::run_instances::builders::RunInstancesFluentBuilder,
    types::{
        AttributeValue, BlockDeviceMapping, EbsBlockDevice, Filter, ImageState, Instance, InstanceStateName,
        ResourceType, ShutdownBehavior, Tag, TagSpecification,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use hornero::remote::{
    Command, Exit, Remote,
    key::KeyPair,
    purpose::Purpose,
    route::{Account, Route},
    ssh::SshRemote,
};

use crate::rig::{ec2::Ec2, guests, image::Filesystem};

/// A guest under emulation, on a computer that has other things to do.
const PATIENCE: Duration = Duration::from_secs(900);
const DEBIAN: (&str, &str) = ("136693071363", "debian-12-amd64-*");

struct Keys {
    host: KeyPair,
    user: KeyPair,
}

impl Keys {
    fn new() -> Self {
        Self { host: KeyPair::generate("host").unwrap(), user: KeyPair::generate("user").unwrap() }
    }

    /// User-data that makes an account, compressed as for a small limit.
    fn user_data(&self) -> String {
        let host = self.host.private.trim().replace('\n', "\n    ");
        let text = format!(
            "#cloud-config\nssh_keys:\n  ed25519_private: |\n    {host}\n  ed25519_public: {}\nusers:\n\
             - name: baker\n  sudo: ALL=(ALL) NOPASSWD:ALL\n  ssh_authorized_keys: [\"{}\"]\n",
            self.host.public, self.user.public
        );
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(text.as_bytes()).unwrap();
        STANDARD.encode(packed.finish().unwrap())
    }

    async fn connect(&self, machine: &Instance) -> SshRemote {
        let address = machine.public_ip_address().unwrap().parse().unwrap();
        let account = Account {
            address: SocketAddr::new(address, 22),
            user: "baker".into(),
            private_key: self.user.private.clone(),
            pin: self.host.pin(),
            route: Route::Direct,
            by_cloud_init: true,
        };
        SshRemote::connect(account, PATIENCE).await.unwrap()
    }
}

async fn debian(client: &Client) -> String {
    let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
    let found = client.describe_images().owners(DEBIAN.0);
    let found = found.filters(filter("name", DEBIAN.1)).filters(filter("state", "available"));
    let found = found.send().await.unwrap();
    let newest = found.images().iter().max_by_key(|image| image.creation_date()).unwrap();
    newest.image_id().unwrap().to_owned()
}

fn launch(client: &Client, image: &str) -> RunInstancesFluentBuilder {
    client.run_instances().image_id(image).min_count(1).max_count(1)
}

async fn launched(asked: RunInstancesFluentBuilder) -> String {
    asked.send().await.unwrap().instances()[0].instance_id().unwrap().to_owned()
}

async fn look(client: &Client, id: &str) -> Instance {
    let found = client.describe_instances().instance_ids(id).send().await.unwrap();
    found.reservations()[0].instances()[0].clone()
}

async fn until(client: &Client, id: &str, wanted: InstanceStateName) -> Instance {
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

async fn said(remote: &SshRemote, line: &str) -> String {
    let mut text = String::new();
    let exit = remote
        .run(Command::new(Purpose::Probe, line), &mut |_, line| text += &format!("{line}\n"))
        .await
        .unwrap();
    assert_eq!(exit, Exit::Code(0), "{line}: {text}");
    text
}

fn volume(device: &str, gib: i32) -> BlockDeviceMapping {
    BlockDeviceMapping::builder()
        .device_name(device)
        .ebs(EbsBlockDevice::builder().volume_size(gib).build())
        .build()
}

fn tags(kind: ResourceType) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).tags(Tag::builder().key("run").value("1").build()).build()
}

#[tokio::test]
async fn a_terminated_machine_leaves_nothing() {
    let ec2 = Ec2::start(&["--pending", "600"]).await;
    let client = ec2.client().await;
    let id = launched(launch(&client, &debian(&client).await)).await;
    let machine = look(&client, &id).await;
    assert_eq!(machine.state().unwrap().name(), Some(&InstanceStateName::Pending));
    assert_eq!(machine.public_ip_address(), machine.private_ip_address());
    let known = ec2.machine(&id).await;
    assert_eq!(known.state, "pending");
    assert_eq!(machine.public_ip_address(), Some(&*known.address.to_string()));
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

/// The whole way: cloud-init's real Ec2 datasource, a volume found by its serial, a stop that the
/// guest makes itself, an image with both disks, and the life of a machine from it.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_captured_and_launched_again() {
    let _turn = guests::turn();
    let ec2 = Ec2::start(&["--image-pending", "1"]).await;
    let client = ec2.client().await;
    let keys = Keys::new();
    let asked = launch(&client, &debian(&client).await)
        .user_data(keys.user_data())
        .instance_initiated_shutdown_behavior(ShutdownBehavior::Terminate)
        .block_device_mappings(volume("/dev/xvda", 6))
        .block_device_mappings(volume("/dev/sdf", 1))
        .tag_specifications(tags(ResourceType::Volume));
    let id = launched(asked).await;
    let machine = until(&client, &id, InstanceStateName::Running).await;
    let remote = keys.connect(&machine).await;
    assert_eq!(said(&remote, "cloud-init status --wait >&2; cloud-id").await.lines().last(), Some("aws"));
    let known = ec2.machine(&id).await;
    assert!(known.told.iter().any(|path| path.ends_with("/user-data")), "{known:?}");
    assert_eq!((known.volumes[1].device.as_str(), known.volumes[1].gib), ("/dev/sdf", 1));
    let serial = known.volumes[1].id.replace('-', "");
    let disk = format!("/dev/disk/by-id/virtio-{serial}");
    said(&remote, &format!("sudo mkfs.ext4 -qL data {disk} && sudo mount {disk} /mnt")).await;
    said(&remote, "echo kept | sudo tee /mnt/file && sudo umount /mnt && sudo cloud-init clean").await;
    let size = said(&remote, "df --output=size -BM / | tail -1 | tr -d ' M'").await;
    assert!(size.trim().parse::<u32>().unwrap() > 5000, "the root file system has grown: {size}");

    let stop = AttributeValue::builder().value("stop").build();
    let modify = client.modify_instance_attribute().instance_id(&id);
    modify.instance_initiated_shutdown_behavior(stop).send().await.unwrap();
    said(&remote, "sudo systemctl poweroff --no-block").await;
    until(&client, &id, InstanceStateName::Stopped).await;
    let image = captured(&client, &id).await;
    client.terminate_instances().instance_ids(&id).send().await.unwrap();
    until(&client, &id, InstanceStateName::Terminated).await;

    // That a machine of an image boots is seen where one template is baked on two platforms.
    let data = ec2.image(&image).await.disks.remove(1);
    assert_eq!(data.device, "/dev/sdf");
    assert_eq!(Filesystem::of_whole_disk(&data.layer).read("/file"), "kept\n");
    let again = launched(launch(&client, &image)).await;
    until(&client, &again, InstanceStateName::Running).await;
    client.stop_instances().instance_ids(&again).force(true).send().await.unwrap();
    until(&client, &again, InstanceStateName::Stopped).await;
    client.terminate_instances().instance_ids(&again).send().await.unwrap();
    until(&client, &again, InstanceStateName::Terminated).await;
    client.deregister_image().image_id(&image).send().await.unwrap();
    let state = ec2.state().await;
    assert_eq!(state.images.len(), 1, "the distribution's own: {state:?}");
    assert!(state.images[0].name.starts_with("debian-12") && state.images[0].state == "available");
    assert!(state.disks.is_empty(), "{state:?}");
    let [first, second] = [&state.machines[0], &state.machines[1]];
    assert_eq!(first.states(), ["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]);
    assert_eq!(second.states(), first.states());
    assert_eq!([&second.image_id, &first.image_id], [&image, &state.images[0].id]);
    assert!(first.history.is_sorted_by(|before, after| before.at <= after.at), "{first:?}");
    assert!(first.failure.is_none() && second.failure.is_none());
}

/// An image of a stopped machine, when it is available, with both disks.
async fn captured(client: &Client, id: &str) -> String {
    let asked = client.create_image().instance_id(id).name("captured");
    let asked = asked.tag_specifications(tags(ResourceType::Image));
    let made = asked.tag_specifications(tags(ResourceType::Snapshot)).send().await.unwrap();
    let image = made.image_id().unwrap();
    loop {
        let found = client.describe_images().image_ids(image).send().await.unwrap();
        let devices = found.images()[0].block_device_mappings();
        assert_eq!(devices.len(), 2, "{devices:?}");
        if found.images()[0].state() == Some(&ImageState::Available) {
            assert!(devices.iter().all(|device| device.ebs().unwrap().snapshot_id().is_some()));
            return image.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
