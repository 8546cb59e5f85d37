"""The rig: what machines and images there are, and which call does what."""

import re
import shutil
import threading
import time

import captures
import launches
import lifecycle
import wire
from layers import Layers

CALLS = {
    "RunInstances": launches.run_instances,
    "DescribeInstances": lifecycle.describe_instances,
    "DescribeInstanceStatus": lifecycle.describe_instance_status,
    "StartInstances": lifecycle.start_instances,
    "StopInstances": lifecycle.stop_instances,
    "RebootInstances": lifecycle.reboot_instances,
    "TerminateInstances": lifecycle.terminate_instances,
    "ModifyInstanceAttribute": lifecycle.modify_instance_attribute,
    "GetConsoleOutput": lifecycle.get_console_output,
    "CreateImage": captures.create_image,
    "CopyImage": captures.copy_image,
    "DescribeImages": captures.describe_images,
    "DeregisterImage": captures.deregister_image,
}
SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


class Rig:
    """One call at a time: what moto says and what is known here then always fit together."""

    def __init__(self, folder, options, upstream):
        self.folder, self.options, self.upstream = folder, options, upstream
        self.layers = Layers(f"{folder}/layers")
        self.machines, self.images, self.launches, self.parameters = {}, {}, {}, {}
        self.lock, self.started = threading.RLock(), time.time()

    def call(self, params, headers):
        """Status, headers and body of a call of EC2's."""
        do = CALLS.get(params.get("Action"))
        if do is None or params.get("DryRun") == "true":
            return self.upstream.call(headers, params)
        with self.lock:
            try:
                return do(self, params, headers)
            except wire.Refusal as refusal:
                return refusal.status, {"Content-Type": "text/xml"}, refusal.body()
            finally:
                self.sweep()

    def named(self, params):
        found = [self.machines.get(one) for one in wire.listed(params, "InstanceId")]
        return [machine for machine in found if machine]

    def remove(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        self.sweep()

    def sweep(self):
        """Removes the disks that no machine and no image stands on."""
        used = [volume.layer for machine in self.machines.values() for volume in machine.volumes]
        used += [disk.layer for image in self.images.values() for disk in image.disks]
        self.layers.keep_only(used)

    def region(self, headers):
        return credential(headers)[1]

    def timestamp(self):
        return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())

    def state(self):
        """Everything there is, for tests."""
        with self.lock:
            machines = [described(machine) for machine in self.machines.values()]
            images = [image.told() for image in self.images.values()]
            return {"machines": machines, "images": images, "disks": self.layers.all()}

    def end(self):
        with self.lock:
            guests = [machine.guest for machine in self.machines.values() if machine.guest]
            for machine in self.machines.values():
                machine.behavior = "stop"
        for guest in guests:
            guest.kill()
            guest.process.wait()


def credential(headers):
    """Access key, region and service that a request is signed for."""
    found = SCOPE.search(headers.get("authorization", ""))
    return found.groups() if found else ("", "us-east-1", "")


def described(machine):
    told = ("id", "state", "address", "image_id", "region", "type", "behavior", "history", "failure", "reason")
    facts = {name: getattr(machine, name) for name in told}
    facts["pid"] = machine.guest.process.pid if machine.guest else None
    facts["volumes"] = [vars(volume) for volume in machine.volumes]
    facts["metadata_url"] = f"http://127.0.0.1:{machine.metadata_port}"
    facts["told"] = list(machine.service.asked)
    return facts
