"""Machine images that a guest can be started from: what moto says of them, with a disk behind
every entry."""

import time
from dataclasses import dataclass, field

from wire import text


@dataclass
class Disk:
    """One entry of an image's block device mapping."""

    device: str
    layer: str
    gib: int
    snapshot: str

    def mapping(self):
        """As a block device mapping of RunInstances. The size says enough to moto, and a base's
        snapshot is another one in each region."""
        return {
            "DeviceName": self.device,
            "Ebs.VolumeSize": str(self.gib),
            "Ebs.DeleteOnTermination": "true",
        }


@dataclass
class Image:
    """The root disk first."""

    id: str
    name: str
    disks: list
    pending_seconds: float = 0
    made: float = field(default_factory=time.time)

    @property
    def state(self):
        return "pending" if time.time() < self.made + self.pending_seconds else "available"

    def layer(self, device):
        return next((disk.layer for disk in self.disks if disk.device == device), None)

    def told(self):
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "made": self.made,
            "available": self.made + self.pending_seconds,
            "disks": [vars(disk) for disk in self.disks],
        }


def described(rig, image_id, headers, layer_of, pending_seconds=0):
    """As moto describes it, with the layer of each of its devices."""
    found = rig.upstream.ask(headers, {"Action": "DescribeImages", "ImageId.1": image_id})
    item = found.find("imagesSet/item")
    root = text(item, "rootDeviceName")
    disks = [disk(one, layer_of) for one in item.iterfind("blockDeviceMapping/item")]
    disks.sort(key=lambda one: one.device != root)
    return Image(image_id, text(item, "name"), disks, pending_seconds)


def disk(item, layer_of):
    device, ebs = text(item, "deviceName"), item.find("ebs")
    return Disk(device, layer_of(device), int(text(ebs, "volumeSize")), text(ebs, "snapshotId"))


def merged(asked, image):
    """What a launch asks for over what the image brings: every volume of the machine, the root
    first, each with its size."""
    wanted = {one["DeviceName"]: one for one in asked}
    result = []
    for disk in image.disks:
        mine = wanted.pop(disk.device, {})
        if "NoDevice" not in mine:
            result.append({**disk.mapping(), **mine})
    added = [{"Ebs.DeleteOnTermination": "true", **one} for one in wanted.values() if "NoDevice" not in one]
    return result + added
