"""The image that a distribution publishes, with a disk of this computer behind it."""

import json

import images
from wire import text

DEBIAN = {
    "ami_id": "ami-0deb1a20120000001",
    "name": "debian-12-amd64-20260101-2345",
    "description": "Debian 12 (20260101-2345)",
    "owner_id": "136693071363",
    "image_location": "amazon/debian-12-amd64-20260101-2345",
    "creation_date": "2026-01-01T23:45:00.000Z",
    "public": True,
    "architecture": "x86_64",
    "virtualization_type": "hvm",
    "hypervisor": "xen",
    "image_type": "machine",
    "root_device_type": "ebs",
    "root_device_name": "/dev/xvda",
    "state": "available",
    "sriov": "simple",
    "boot_mode": "uefi-preferred",
}
PARAMETER = "/aws/service/debian/release/12/latest/amd64"
# Moto has the images of its file in every region.
ANY_REGION = {
    "authorization": "AWS4-HMAC-SHA256 Credential=rig/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0",
    "content-type": "application/x-www-form-urlencoded",
}


def write(path):
    """The file that moto reads its images from."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump([DEBIAN], file)


def offer(rig, disk):
    """Debian's image, by its owner and name and by its public parameter."""
    add(rig, DEBIAN["ami_id"], disk)
    rig.parameters[PARAMETER] = DEBIAN["ami_id"]


def add(rig, image_id, disk, region="us-east-1"):
    """Puts a disk behind an image that moto knows in that region."""
    headers = {**ANY_REGION, "authorization": ANY_REGION["authorization"].replace("us-east-1", region)}
    described = rig.upstream.ask(headers, {"Action": "DescribeImages", "ImageId.1": image_id})
    item = described.find("imagesSet/item")
    device = text(item, "rootDeviceName")
    rig.images[image_id] = images.of_base(image_id, text(item, "name"), disk, device)
