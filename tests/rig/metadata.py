"""What the instance metadata service of a machine says, as a tree: folders are dictionaries."""

import json

VERSIONS = ["1.0", "2009-04-04", "2016-09-02", "2018-09-24", "2021-03-23", "latest"]


def tree(machine):
    """Everything below a version."""
    identity = {"document": document(machine)}
    found = {"meta-data": meta_data(machine), "dynamic": {"instance-identity": identity}}
    if machine.user_data is not None:
        found["user-data"] = machine.user_data
    return found


def meta_data(machine):
    hostname = "ip-" + machine.address.replace(".", "-") + ".ec2.internal"
    return {
        "ami-id": machine.image_id,
        "ami-launch-index": "0",
        "ami-manifest-path": "(unknown)",
        "block-device-mapping": block_devices(machine),
        "hostname": hostname,
        "instance-action": "none",
        "instance-id": machine.id,
        "instance-life-cycle": "on-demand",
        "instance-type": machine.type,
        "local-hostname": hostname,
        "local-ipv4": machine.address,
        "mac": machine.mac,
        "network": {"interfaces": {"macs": {machine.mac: interface(machine, hostname)}}},
        "placement": {"availability-zone": machine.zone, "region": machine.region},
        "profile": "default-hvm",
        "public-hostname": hostname,
        "public-ipv4": machine.address,
        "reservation-id": machine.reservation,
        "security-groups": "default",
        "services": {"domain": "amazonaws.com", "partition": "aws"},
    }


def interface(machine, hostname):
    return {
        "device-number": "0",
        "local-hostname": hostname,
        "local-ipv4s": machine.address,
        "mac": machine.mac,
        "owner-id": machine.account,
        "public-ipv4s": machine.address,
        "subnet-ipv4-cidr-block": "169.254.0.0/16",
    }


def block_devices(machine):
    root, *others = [volume.device for volume in machine.volumes]
    named = {"ami": root.removeprefix("/dev/"), "root": root}
    for number, device in enumerate(others, 1):
        named[f"ebs{number}"] = device.removeprefix("/dev/")
    return named


def document(machine):
    fields = {
        "accountId": machine.account,
        "architecture": "x86_64",
        "availabilityZone": machine.zone,
        "imageId": machine.image_id,
        "instanceId": machine.id,
        "instanceType": machine.type,
        "privateIp": machine.address,
        "region": machine.region,
        "version": "2017-09-30",
    }
    return json.dumps(fields, indent=2)


def look_up(machine, path):
    """The bytes at a path; `None` where there is nothing."""
    version, *names = [name for name in path.split("/") if name] or [""]
    if not version:
        return listing(dict.fromkeys(VERSIONS, ""))
    node = tree(machine) if version in VERSIONS else None
    for name in names:
        node = node.get(name) if isinstance(node, dict) else None
    if isinstance(node, dict):
        return listing(node)
    return node.encode() if isinstance(node, str) else node


def listing(folder):
    names = [name + "/" if isinstance(child, dict) else name for name, child in folder.items()]
    return "\n".join(names).encode()
