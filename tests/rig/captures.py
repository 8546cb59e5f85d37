"""The calls about images: create, copy, describe, deregister."""

import answers
import images
import wire
from wire import Refusal, text


def create_image(rig, params, headers):
    machine = rig.machines.get(params.get("InstanceId"))
    if machine and machine.state != "stopped":
        why = f"The rig captures stopped instances, and '{machine.id}' is {machine.state}"
        raise Refusal("IncorrectState", why)
    answer = rig.upstream.call(headers, params)
    if machine and answer[0] == 200:
        layers = {volume.device: volume.layer for volume in machine.volumes}
        keep(rig, answer, headers, layers.get)
        # The machine goes on over the layers that are the image's from now on.
        for volume in machine.volumes:
            volume.layer = rig.layers.on_top_of(volume.layer)
    return answer


def copy_image(rig, params, headers):
    source = rig.images.get(params.get("SourceImageId"))
    if source and source.state != "available":
        raise Refusal("InvalidAMIID.Unavailable", f"The image ID '{source.id}' is not available")
    answer = rig.upstream.call(headers, params)
    if source and answer[0] == 200:
        keep(rig, answer, headers, source.layer)
    return answer


def keep(rig, answer, headers, layer_of):
    image_id = text(wire.parse(answer[2]), "imageId")
    rig.images[image_id] = images.described(rig, image_id, headers, layer_of, rig.options.image_pending)


def describe_images(rig, params, headers):
    where = "imagesSet", "imageState"
    return answers.described(rig, params, headers, "state", answers.images, *where)


def deregister_image(rig, params, headers):
    answer = rig.upstream.call(headers, params)
    image = rig.images.pop(params.get("ImageId"), None) if answer[0] == 200 else None
    if image and params.get("DeleteAssociatedSnapshots") == "true":
        for disk in image.disks:
            rig.upstream.call(headers, {"Action": "DeleteSnapshot", "SnapshotId": disk.snapshot})
    return answer
