"""What moto lacks and AWS has, as far as a baker sees it: bases, images with a disk for every
volume, their attributes, and parameters that are only stored when the image in them exists."""

import itertools
import threading
from datetime import datetime

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import amis, ec2_backends
from moto.ec2.models.instances import InstanceBackend, StateReason
from moto.ec2.responses.amis import AmisResponse
from moto.ec2.utils import filter_dict_attribute_mapping, random_ami_id
from moto.ssm.exceptions import ValidationException
from moto.ssm.models import SimpleSystemManagerBackend

DEBIAN = "136693071363"

# ID, name, architecture, made.
BASES = [
    ("ami-0d000000000000011", "debian-12-amd64-20260101-2000", "x86_64", datetime(2026, 1, 1)),
    ("ami-0d000000000000012", "debian-12-amd64-20260901-2100", "x86_64", datetime(2026, 9, 1)),
    ("ami-0d000000000000a12", "debian-12-arm64-20260901-2100", "arm64", datetime(2026, 9, 1)),
]


def put_in():
    amis.AmiBackend._load_amis = load_bases
    amis.AmiBackend.create_image = create_image
    amis.Ami.block_device_mappings = property(lambda ami: ami.disks)
    AmisResponse.create_image = create_image_response
    AmisResponse.copy_image = copy_image_response
    AmisResponse.modify_image_attribute = modify_image_attribute
    AmisResponse.enable_image_deprecation = enable_image_deprecation
    AmisResponse.disable_image_deprecation = disable_image_deprecation
    InstanceBackend.run_instances = with_disks_of_image(InstanceBackend.run_instances)
    validate_parameters()
    launch_once()
    stop_what_runs()
    filter_dict_attribute_mapping["client-token"] = "client_token"
    amis.Ami.__init__ = with_disks(amis.Ami.__init__)


def launch_once():
    """The same client token gives the same instances, also when both calls come at once."""
    launch = InstanceBackend.run_instances
    launching = threading.Lock()

    def run_instances(self, image_id, count, user_data, security_group_names, **kwargs):
        launched = self.__dict__.setdefault("launched", {})
        token = kwargs.get("client_token")
        with launching:
            if token not in launched:
                launched[token] = launch(self, image_id, count, user_data, security_group_names, **kwargs)
            return launched[token]

    InstanceBackend.run_instances = run_instances


def stop_what_runs():
    """What is terminated is not stopped by a call that comes late."""
    stop = InstanceBackend.stop_instances

    def stop_instances(self, instance_ids):
        for instance in self.get_multi_instances_by_id(instance_ids):
            if instance.state in ("shutting-down", "terminated"):
                refuse("IncorrectInstanceState", f"The instance '{instance.id}' is not in a state from which it can be stopped.")
        return stop(self, instance_ids)

    InstanceBackend.stop_instances = stop_instances


def power_off():
    """What runs goes off as if each guest had done so itself."""
    code = "Client.InstanceInitiatedShutdown"
    for regions in ec2_backends.values():
        for backend in regions.values():
            for instance in backend.all_instances():
                if instance.is_running():
                    instance.stop()
                    instance.state_reason = StateReason(f"{code}: Instance initiated shutdown", code)


def refuse(code, message):
    raise EC2ClientError(code, message)


# -- images ------------------------------------------------------------------------------------


def with_disks(plain):
    def init(self, ec2_backend, *args, **kwargs):
        kwargs["region_name"] = ec2_backend.region_name + "a"
        plain(self, ec2_backend, *args, **kwargs)
        self.imds_support = self.deprecation_time = self.state_reason = None
        self.ena_support = True
        self.disks = [disk(self.root_device_name, self.ebs_snapshot, 15, "gp3")]

    return init


def disk(device, snapshot, size, kind):
    return {
        "DeviceName": device,
        "Ebs": {
            "SnapshotId": snapshot.id,
            "VolumeSize": size,
            "DeleteOnTermination": True,
            "VolumeType": kind or "gp3",
            "Encrypted": snapshot.encrypted,
        },
    }


def load_bases(backend):
    for ami_id, name, arch, made in BASES:
        backend.amis[ami_id] = amis.Ami(
            backend, ami_id, name=name, architecture=arch, owner_id=DEBIAN, public=True,
            creation_date=made, root_device_name="/dev/xvda", root_device_type="ebs",
            virtualization_type="hvm", hypervisor="xen", boot_mode="uefi-preferred",
            image_location=f"{DEBIAN}/{name}",
        )


def with_disks_of_image(plain):
    """An instance has the disks of its image; what the launch says of one of them wins."""

    def run_instances(backend, image_id, *args, **kwargs):
        if image := backend.amis.get(image_id):
            merged = {one["DeviceName"]: {**one, "Ebs": dict(one["Ebs"])} for one in image.disks}
            for asked in kwargs.get("block_device_mappings", []):
                ebs = merged.setdefault(asked["DeviceName"], {**asked, "Ebs": {}})["Ebs"]
                ebs.update({key: value for key, value in asked["Ebs"].items() if value is not None})
            kwargs["block_device_mappings"] = list(merged.values())
        return plain(backend, image_id, *args, **kwargs)

    return run_instances


def of_kind(specifications, kind):
    lists = [one.get("Tags", []) for one in specifications if one["ResourceType"] == kind]
    return {tag["Key"]: tag["Value"] for tag in itertools.chain.from_iterable(lists)}


def create_image(backend, instance_id, name, description, tag_specifications):
    """One snapshot for every volume of the instance, each with the tags for snapshots."""
    if any(ami.name == name and ami.owner_id == backend.account_id for ami in backend.amis.values()):
        refuse("InvalidAMIName.Duplicate", f"AMI name {name} is already in use")
    instance = backend.get_instance(instance_id)
    ami = amis.Ami(
        backend, random_ami_id(), instance=instance, name=name, description=description,
        root_device_type="ebs", root_device_name=instance.root_device_name or "/dev/xvda",
    )
    base = backend.amis.get(instance.image_id)
    ami.boot_mode = base.boot_mode if base else ami.boot_mode
    ami.disks = []
    for device, mapping in instance.get_block_device_mapping:
        volume = backend.get_volume(mapping.volume_id)
        note = f"Created by CreateImage({instance_id}) for {ami.id}"
        snapshot = backend.create_snapshot(volume.id, note)
        snapshot.add_tags(of_kind(tag_specifications, "snapshot"))
        ami.disks.append(disk(device, snapshot, volume.size, volume.volume_type))
    ami.add_tags(of_kind(tag_specifications, "image"))
    backend.amis[ami.id] = ami
    return ami


def create_image_response(self):
    get = self._get_param
    image = self.ec2_backend.create_image(
        get("InstanceId"), get("Name"), get("Description", ""), get("TagSpecifications", [])
    )
    return ActionResult({"ImageId": image.id})


COPYING = threading.Lock()


def copy_image_response(self):
    """The same client token gives the same copy, whatever became of it, also when both calls come at once."""
    copied = self.ec2_backend.__dict__.setdefault("copied", {})
    token = self._get_param("ClientToken")
    with COPYING:
        if token not in copied:
            copied[token] = copy_image(self)
        return ActionResult({"ImageId": copied[token]})


def copy_image(self):
    get, backend = self._get_param, self.ec2_backend
    source_backend = ec2_backends[backend.account_id][get("SourceRegion")]
    source = source_backend.describe_images(ami_ids=[get("SourceImageId")])[0]
    tags, encrypted = get("TagSpecifications", []), bool(get("Encrypted", False))
    image = backend.copy_image(source.id, get("SourceRegion"), get("Name"), get("Description"))
    image.root_device_type, image.root_device_name = source.root_device_type, source.root_device_name
    image.boot_mode, image.imds_support, image.disks = source.boot_mode, source.imds_support, []
    for one in source.disks:
        snapshot = backend.copy_snapshot(
            one["Ebs"]["SnapshotId"], get("SourceRegion"), f"Copied for {image.id}", get("KmsKeyId")
        )
        snapshot.encrypted = snapshot.encrypted or encrypted
        snapshot.add_tags(of_kind(tags, "snapshot"))
        image.disks.append(disk(one["DeviceName"], snapshot, one["Ebs"]["VolumeSize"], one["Ebs"]["VolumeType"]))
    image.add_tags(of_kind(tags, "image"))
    return image.id


def modify_image_attribute(self):
    get, backend = self._get_param, self.ec2_backend
    image = backend.describe_images(ami_ids=[get("ImageId")])[0]
    imds = get("ImdsSupport")
    if imds is not None:
        if image.state != "available":
            refuse("InvalidAMIID.Unavailable", f"The image ID '{image.id}' is no longer available")
        image.imds_support = imds["Value"] if isinstance(imds, dict) else imds
    permission = get("LaunchPermission", {})
    backend.modify_image_attribute(image.id, permission.get("Add", []), permission.get("Remove", []))
    return EmptyResult()


def enable_image_deprecation(self):
    image = self.ec2_backend.describe_images(ami_ids=[self._get_param("ImageId")])[0]
    when = self._get_param("DeprecateAt")
    image.deprecation_time = when if isinstance(when, str) else when.strftime("%Y-%m-%dT%H:%M:00.000Z")
    return ActionResult({"Return": True})


def disable_image_deprecation(self):
    self.ec2_backend.describe_images(ami_ids=[self._get_param("ImageId")])[0].deprecation_time = None
    return ActionResult({"Return": True})


# -- parameters --------------------------------------------------------------------------------


def validate_parameters():
    """A parameter of data type aws:ec2:image gets its version at once, and is only stored when the
    image is available in the account and region; nothing tells if it is not."""
    stored = SimpleSystemManagerBackend.put_parameter

    def put_parameter(self, name, description, value, parameter_type, allowed_pattern, keyid, overwrite,
                      tags, data_type, tier, policies):
        versions = self._parameters[name]
        if versions and versions[-1].data_type != data_type:
            raise ValidationException("The data type of an existing parameter can't be changed.")
        put = stored(self, name, description, value, parameter_type, allowed_pattern, keyid, overwrite,
                     tags, data_type, tier, policies)
        image = ec2_backends[self.account_id][self.region_name].amis.get(value)
        if data_type == "aws:ec2:image" and (image is None or image.state != "available"):
            self._parameters[name].remove(put)
        return put

    SimpleSystemManagerBackend.put_parameter = put_parameter
