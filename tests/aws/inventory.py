"""Tells what there is in a cloud that somebody has made.

    inventory.py ENDPOINT

{"regions": [...]} on standard input is answered with {"left": [...], "complete": [...], "instances": 2}:
what must not outlive a run, AMIs that are complete, and how many instances there ever were.
"""

import functools
import sys

import boto3

import lines

EXPIRES = "hornero:expires"


@functools.cache
def client(endpoint, service, region):
    return boto3.client(
        service, region_name=region, endpoint_url=endpoint,
        aws_access_key_id="testing", aws_secret_access_key="testing",
    )


def inventory(endpoint, regions):
    left, complete, instances = [], [], 0
    for region in regions:
        ec2 = client(endpoint, "ec2", region)
        instances += sum(len(one["Instances"]) for one in ec2.describe_instances()["Reservations"])
        for found in [*kinds(ec2), *locks(client(endpoint, "ssm", region))]:
            left.append(f"{found} in {region}")
        for image in ec2.describe_images(Owners=["self"])["Images"]:
            expires = EXPIRES in {tag["Key"] for tag in image.get("Tags", [])}
            (left if expires else complete).append(f"{image['ImageId']} in {region}")
    return {"left": left, "complete": complete, "instances": instances}


def kinds(ec2):
    for reservation in ec2.describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] != "terminated":
                yield instance["InstanceId"]
    for volume in ec2.describe_volumes()["Volumes"]:
        yield volume["VolumeId"]
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        if group["GroupName"].startswith("hornero-"):
            yield group["GroupId"]
    own = [{"Name": "tag-key", "Values": [EXPIRES]}]
    for snapshot in ec2.describe_snapshots(OwnerIds=["self"], Filters=own)["Snapshots"]:
        yield snapshot["SnapshotId"]
    for request in ec2.describe_spot_instance_requests()["SpotInstanceRequests"]:
        if request["State"] in ("open", "active"):
            yield request["SpotInstanceRequestId"]
    for template in ec2.describe_launch_templates()["LaunchTemplates"]:
        yield template["LaunchTemplateId"]


def locks(ssm):
    for parameter in ssm.describe_parameters()["Parameters"]:
        if parameter["Name"].startswith("/hornero/locks/"):
            yield parameter["Name"]


def main():
    endpoint = sys.argv[1]
    lines.announce(0)
    lines.serve(lambda request: inventory(endpoint, request["regions"]))


if __name__ == "__main__":
    main()
