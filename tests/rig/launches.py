"""RunInstances: moto makes the instance, its volumes and its network, then a guest is booted."""

import base64
import binascii

import answers
import images
import wire
from machine import Machine, Volume
from wire import Refusal, text

USER_DATA_LIMIT = 16384


def run_instances(rig, params, headers):
    user_data = decoded(params.get("UserData"))
    image = available(rig, params.get("ImageId", ""))
    token, asked = params.get("ClientToken"), {**params, "ClientToken": ""}
    key = (rig.region(headers), token)
    if token and key in rig.launches:
        return replayed(rig, *rig.launches[key], asked)
    merged = images.merged(wire.records(params, "BlockDeviceMapping"), image)
    complete = wire.with_records(params, "BlockDeviceMapping", merged)
    status, moto_headers, body = rig.upstream.call(headers, complete)
    if status != 200:
        return status, moto_headers, body
    root = wire.parse(body)
    for item in root.iterfind("instancesSet/item"):
        launch(rig, image, complete, headers, root, item, user_data)
    rig.launches[key] = (asked, moto_headers, body)
    return told(rig, moto_headers, root)


def decoded(encoded):
    """The limit counts what was encoded, and is EC2's."""
    if not encoded:
        return None
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise Refusal("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.") from error
    if len(raw) > USER_DATA_LIMIT:
        raise Refusal("InvalidUserData.Malformed", f"User data is limited to {USER_DATA_LIMIT} bytes")
    return raw


def available(rig, image_id):
    image = rig.images.get(image_id)
    if image is None:
        raise Refusal("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    if image.state != "available":
        raise Refusal("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is not available")
    return image


def replayed(rig, first, moto_headers, body, asked):
    """The same token is the same launch, and EC2 answers with what became of it."""
    if first != asked:
        raise Refusal(
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
        )
    return told(rig, moto_headers, wire.parse(body))


def told(rig, moto_headers, root):
    answers.instances(root, rig, launched=True)
    return 200, moto_headers, wire.render(root)


def launch(rig, image, params, headers, root, item, user_data):
    machine = Machine(
        rig=rig,
        id=text(item, "instanceId"),
        image_id=image.id,
        type=text(item, "instanceType"),
        zone=text(item, "placement/availabilityZone"),
        region=rig.region(headers),
        account=text(root, "ownerId"),
        reservation=text(root, "reservationId"),
        user_data=user_data,
        behavior=params.get("InstanceInitiatedShutdownBehavior", "stop"),
        one_time_spot=one_time_spot(params),
        headers=headers,
    )
    rig.machines[machine.id] = machine
    machine.volumes = volumes(rig, image, machine.id, headers)
    machine.power_on()


def one_time_spot(params):
    options = "InstanceMarketOptions."
    kind = params.get(options + "SpotOptions.SpotInstanceType", "one-time")
    return params.get(options + "MarketType") == "spot" and kind == "one-time"


def volumes(rig, image, instance_id, headers):
    """What moto attached, each with a disk: over the image's where that has one."""
    filters = {"Filter.1.Name": "attachment.instance-id", "Filter.1.Value.1": instance_id}
    described = rig.upstream.ask(headers, {"Action": "DescribeVolumes", **filters})
    found = [volume(rig, image, item, instance_id) for item in described.iterfind("volumeSet/item")]
    root = image.disks[0].device
    return sorted(found, key=lambda one: (one.device != root, one.device))


def volume(rig, image, item, instance_id):
    attached = next(
        one for one in item.iterfind("attachmentSet/item") if text(one, "instanceId") == instance_id
    )
    device, gib = text(attached, "device"), int(text(item, "size"))
    below = image.layer(device)
    layer = rig.layers.on_top_of(below, gib) if below else rig.layers.empty(gib)
    return Volume(text(item, "volumeId"), device, gib, layer)
