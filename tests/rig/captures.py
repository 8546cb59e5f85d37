"""The calls about images: create, copy, describe, modify, deprecate, deregister."""

import answers
import wire
from images import Disk, Image
from wire import Refusal, text

XML = {"Content-Type": "text/xml"}


def create_image(rig, params, headers):
    machine = rig.machines.get(params.get("InstanceId"))
    if machine is None:
        return rig.upstream.call(headers, params)
    if machine.state != "stopped":
        raise Refusal("IncorrectState", f"The rig captures stopped instances, and '{machine.id}' is {machine.state}")
    free_name(rig, params.get("Name"), headers)
    params, tags = without_snapshot_tags(params)
    status, moto_headers, body = rig.upstream.call(headers, params)
    if status != 200:
        return status, moto_headers, body
    image_id = text(wire.parse(body), "imageId")
    disks = captured(rig, machine, image_id, wire.records(params, "BlockDeviceMapping"), headers)
    keep(rig, image_id, params, headers, disks, tags)
    return status, moto_headers, body


def free_name(rig, name, headers):
    """Moto gives a name twice; EC2 does not."""
    for image in rig.images.values():
        if image.name == name and image.scope == rig.scope(headers):
            raise Refusal("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {image.id}")


def without_snapshot_tags(params):
    """Moto knows no tags for the snapshots of an image: they are put on afterwards."""
    specifications = wire.records(params, "TagSpecification")
    mine = [one for one in specifications if one.get("ResourceType") == "snapshot"]
    others = [one for one in specifications if one.get("ResourceType") != "snapshot"]
    tags = {key: value for one in mine for key, value in one.items() if key.startswith("Tag.")}
    return wire.with_records(params, "TagSpecification", others), tags


def captured(rig, machine, image_id, asked, headers):
    """The machine goes on over the layers that are the image's from now on."""
    asked = {one["DeviceName"]: one for one in asked}
    disks = []
    for number, volume in enumerate(machine.volumes):
        mine = asked.get(volume.device, {})
        if "NoDevice" in mine:
            continue
        said = mine.get("Ebs.DeleteOnTermination")
        deleted = volume.delete_on_termination if said is None else said == "true"
        snapshot = root_snapshot(rig, image_id, headers) if number == 0 else snapshot_of(rig, volume, image_id, headers)
        disks.append(Disk(volume.device, volume.layer, volume.gib, snapshot, deleted))
        volume.layer = rig.layers.on_top_of(volume.layer)
    return disks


def root_snapshot(rig, image_id, headers):
    described = rig.upstream.ask(headers, {"Action": "DescribeImages", "ImageId.1": image_id})
    return text(described, "imagesSet/item/blockDeviceMapping/item/ebs/snapshotId")


def snapshot_of(rig, volume, image_id, headers):
    why = f"Created by CreateImage for {image_id}"
    made = rig.upstream.ask(headers, {"Action": "CreateSnapshot", "VolumeId": volume.id, "Description": why})
    return text(made, "snapshotId")


def copy_image(rig, params, headers):
    source = rig.images.get(params.get("SourceImageId"))
    params, tags = without_snapshot_tags(params)
    status, moto_headers, body = rig.upstream.call(headers, params)
    if status != 200 or source is None:
        return status, moto_headers, body
    image_id = text(wire.parse(body), "imageId")
    first, *others = source.disks
    disks = [Disk(first.device, first.layer, first.gib, root_snapshot(rig, image_id, headers), first.delete_on_termination)]
    for disk in others:
        wanted = {"SourceSnapshotId": disk.snapshot, "SourceRegion": params["SourceRegion"]}
        copied = rig.upstream.ask(headers, {"Action": "CopySnapshot", **wanted})
        disks.append(Disk(disk.device, disk.layer, disk.gib, text(copied, "snapshotId"), disk.delete_on_termination))
    tag(rig, [image_id], image_tags(params), headers)
    keep(rig, image_id, params, headers, disks, tags)
    return status, moto_headers, body


def image_tags(params):
    mine = [one for one in wire.records(params, "TagSpecification") if one.get("ResourceType") == "image"]
    return {key: value for one in mine for key, value in one.items() if key.startswith("Tag.")}


def keep(rig, image_id, params, headers, disks, tags):
    tag(rig, [disk.snapshot for disk in disks], tags, headers)
    seconds = rig.options.image_pending
    rig.images[image_id] = Image(image_id, params.get("Name", ""), rig.scope(headers), disks, seconds)


def tag(rig, ids, tags, headers):
    if tags:
        resources = {f"ResourceId.{number}": one for number, one in enumerate(ids, 1)}
        rig.upstream.ask(headers, {"Action": "CreateTags", **resources, **tags})


def describe_images(rig, params, headers):
    params, wanted = wire.take_filter(params, "state")
    status, moto_headers, body = rig.upstream.call(headers, params)
    if status != 200:
        return status, moto_headers, body
    root = wire.parse(body)
    answers.images(root, rig)
    if wanted is not None:
        answers.only_in(root, wanted, "imagesSet", "imageState")
    return 200, moto_headers, wire.render(root)


def modify_image_attribute(rig, params, headers):
    image = rig.images.get(params.get("ImageId"))
    support = params.get("ImdsSupport.Value") or (params.get("Attribute") == "imdsSupport" and params.get("Value"))
    if image and support:
        image.imds = support
        return 200, XML, wire.answer("ModifyImageAttribute", **{"return": "true"})
    return rig.upstream.call(headers, params)


def enable_image_deprecation(rig, params, headers):
    return deprecated(rig, params, headers, params.get("DeprecateAt"))


def disable_image_deprecation(rig, params, headers):
    return deprecated(rig, params, headers, None)


def deprecated(rig, params, headers, when):
    """Moto does not know these calls."""
    image = rig.images.get(params.get("ImageId"))
    if image is None:
        raise Refusal("InvalidAMIID.NotFound", f"The image id '[{params.get('ImageId')}]' does not exist")
    image.deprecation = when
    return 200, XML, wire.answer(params["Action"], **{"return": "true"})


def deregister_image(rig, params, headers):
    answer = rig.upstream.call(headers, params)
    image = rig.images.pop(params.get("ImageId"), None) if answer[0] == 200 else None
    if image and params.get("DeleteAssociatedSnapshots") == "true":
        for disk in image.disks:
            rig.upstream.call(headers, {"Action": "DeleteSnapshot", "SnapshotId": disk.snapshot})
    return answer
