"""Machine images that a guest can be started from."""

import time
from dataclasses import dataclass, field

import layers


@dataclass
class Disk:
    """One entry of an image's block device mapping. A base's snapshot differs between regions."""

    device: str
    layer: str
    gib: int
    snapshot: str | None
    delete_on_termination: bool = True

    def mapping(self):
        """As a block device mapping of RunInstances."""
        snapshot = {"Ebs.SnapshotId": self.snapshot} if self.snapshot else {}
        return {
            "DeviceName": self.device,
            **snapshot,
            "Ebs.VolumeSize": str(self.gib),
            "Ebs.DeleteOnTermination": str(self.delete_on_termination).lower(),
        }


@dataclass
class Image:
    """The root disk first. `scope` is the region and the caller it belongs to; a base has none."""

    id: str
    name: str
    scope: tuple | None
    disks: list
    pending_seconds: float = 0
    deprecation: str | None = None
    imds: str | None = None
    made: float = field(default_factory=time.time)

    @property
    def state(self):
        return "pending" if time.time() < self.made + self.pending_seconds else "available"

    def layer(self, device):
        return next((disk.layer for disk in self.disks if disk.device == device), None)

    def described(self):
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "made": self.made,
            "available": self.made + self.pending_seconds,
            "disks": [vars(disk) for disk in self.disks],
        }


def of_base(image_id, name, disk, device):
    """A base's root volume is as large as its disk."""
    return Image(image_id, name, None, [Disk(device, disk, layers.size(disk), None)])


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
