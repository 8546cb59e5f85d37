"""Moto's answers with the truth in them: states and addresses of machines, states and disks of
images."""

import xml.etree.ElementTree as xml

from machine import CODES
from wire import parse, put, render, take_filter, text

REASONS = {
    "Client.InstanceInitiatedShutdown": "Instance initiated shutdown",
    "Client.UserInitiatedShutdown": "User initiated shutdown",
    "Server.InternalError": "Internal error on launch",
}

GONE = ("shutting-down", "terminated")


def instances(root, rig, launched=False):
    """Every instance in an answer that is a guest here."""
    for item in root.iter("item"):
        machine = rig.machines.get(text(item, "instanceId"))
        if machine and item.find("instanceState") is not None:
            instance(item, machine, launched)


def instance(item, machine, launched):
    state(item, "instanceState", machine.state)
    reason(item, machine.reason)
    alive = machine.state not in GONE
    # EC2 knows the public address only after the launch, and takes it back at a stop.
    public = machine.address if alive and not launched and machine.state != "stopped" else None
    private = machine.address if alive else None
    put(item, "ipAddress", public)
    put(item, "privateIpAddress", private)
    put(item, "dnsName", public)
    for card in item.iterfind("networkInterfaceSet/item"):
        addresses(card, public, private)
        for one in card.iterfind("privateIpAddressesSet/item"):
            addresses(one, public, private)
    for device in item.iterfind("blockDeviceMapping/item"):
        put(device.find("ebs"), "status", "attached")


def addresses(element, public, private):
    put(element, "privateIpAddress", private)
    association = element.find("association")
    if public is None and association is not None:
        element.remove(association)
    elif public is not None:
        if association is None:
            association = xml.SubElement(element, "association")
            put(association, "ipOwnerId", "amazon")
        put(association, "publicIp", public)


def described(rig, params, headers, name, fill, *where):
    """Moto's answer with the truth in it, and what its filter for states leaves of that: moto knows
    other states."""
    params, wanted = take_filter(params, name)
    status, moto_headers, body = rig.upstream.call(headers, params)
    if status != 200:
        return status, moto_headers, body
    root = parse(body)
    fill(root, rig)
    if wanted is not None:
        only_in(root, wanted, *where)
    return 200, moto_headers, render(root)


def only_in(root, wanted, collection, name_path, parent=None):
    """Leaves the items whose state is wanted; and of their parents, those that still have any."""
    for outer in root.iter(collection):
        for item in list(outer):
            if text(item, name_path) not in wanted:
                outer.remove(item)
    if parent:
        for holder in root.iter(parent):
            for item in list(holder):
                if len(item.find(collection)) == 0:
                    holder.remove(item)


def state(item, name, value):
    element = item.find(name)
    if element is None:
        element = xml.SubElement(item, name)
    put(element, "code", CODES[value])
    put(element, "name", value)


def reason(item, code):
    element = item.find("stateReason")
    if code is None:
        return put(item, "stateReason", None)
    if element is None:
        element = xml.SubElement(item, "stateReason")
    put(element, "code", code)
    return put(element, "message", f"{code}: {REASONS[code]}")


def transitions(root, before, rig):
    """The answer of a start, stop or terminate."""
    for item in root.iterfind("instancesSet/item"):
        machine = rig.machines.get(text(item, "instanceId"))
        if machine:
            state(item, "currentState", machine.state)
            state(item, "previousState", before[machine.id])


def images(root, rig):
    for item in root.iterfind("imagesSet/item"):
        image = rig.images.get(text(item, "imageId"))
        if image:
            one_image(item, image)


def one_image(item, image):
    put(item, "imageState", image.state)
    if image.state != "available":
        # The snapshots of an image that is not ready are not told.
        for ebs in item.iterfind("blockDeviceMapping/item/ebs"):
            put(ebs, "snapshotId", None)
