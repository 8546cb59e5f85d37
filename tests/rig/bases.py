"""The image that a distribution publishes, with a disk of this computer behind it."""

import images
from wire import text

# Owner, and what the name begins with.
DEBIAN = ("136693071363", "debian-12-amd64-")
PARAMETER = "/aws/service/debian/release/12/latest/amd64"
# Moto has its bases in every region, with the same IDs.
ANY_REGION = {
    "authorization": "AWS4-HMAC-SHA256 Credential=rig/20260101/us-east-1/ec2/aws4_request, "
    "SignedHeaders=host, Signature=0",
    "content-type": "application/x-www-form-urlencoded",
}


def offer(rig, disk):
    """Puts a disk behind the newest Debian that moto has: found by its owner and name, and by its
    public parameter."""
    filters = {"Owner.1": DEBIAN[0], "Filter.1.Name": "name", "Filter.1.Value.1": DEBIAN[1] + "*"}
    found = rig.upstream.ask(ANY_REGION, {"Action": "DescribeImages", **filters})
    newest = max(found.iterfind("imagesSet/item"), key=lambda item: text(item, "creationDate"))
    image_id = text(newest, "imageId")
    add(rig, image_id, disk)
    rig.parameters[PARAMETER] = image_id


def add(rig, image_id, disk, region="us-east-1"):
    """Puts a disk behind an image that moto knows in that region."""
    headers = {**ANY_REGION, "authorization": ANY_REGION["authorization"].replace("us-east-1", region)}
    rig.images[image_id] = images.described(rig, image_id, headers, lambda device: disk)
