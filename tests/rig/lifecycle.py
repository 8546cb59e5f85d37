"""The calls that change or tell what an instance does: start, stop, reboot, terminate, describe."""

import base64

import answers
import wire
from wire import Refusal


def describe_instances(rig, params, headers):
    where = "instancesSet", "instanceState/name", "reservationSet"
    return answers.described(rig, params, headers, "instance-state-name", answers.instances, *where)


def describe_instance_status(rig, params, headers):
    params, wanted = wire.take_filter(params, "instance-state-name")
    if wanted is None:
        every = params.get("IncludeAllInstances") == "true"
        wanted = answers.CODES if every else ["running"]
    status, moto_headers, body = rig.upstream.call(headers, {**params, "IncludeAllInstances": "true"})
    if status != 200:
        return status, moto_headers, body
    root = wire.parse(body)
    answers.instances(root, rig)
    answers.only_in(root, wanted, "instanceStatusSet", "instanceState/name")
    return 200, moto_headers, wire.render(root)


def start_instances(rig, params, headers):
    return change(rig, params, headers, "stopped", lambda machine: machine.power_on())


def stop_instances(rig, params, headers):
    force = params.get("Force") == "true"
    for machine in rig.named(params):
        if machine.one_time_spot:
            raise Refusal(
                "UnsupportedOperation",
                f"You can't stop the Spot Instance '{machine.id}' because it is associated with a one-time "
                "Spot Instance request. You can only stop Spot Instances associated with persistent Spot "
                "Instance requests.",
            )
    return change(rig, params, headers, "running", lambda machine: machine.stop(force))


def change(rig, params, headers, needed, do):
    """Those in the needed state change; those that already are where they should be stay."""
    wrong = ("pending", "stopping") if needed == "stopped" else ("pending",)
    for machine in rig.named(params):
        if machine.state in (*wrong, *answers.GONE):
            raise Refusal(
                "IncorrectInstanceState",
                f"The instance '{machine.id}' is not in a state from which it can be "
                f"{'started' if needed == 'stopped' else 'stopped'}.",
            )
    return passed(rig, params, headers, lambda machine: machine.state == needed and do(machine))


def terminate_instances(rig, params, headers):
    def do(machine):
        if machine.state not in answers.GONE:
            machine.terminate()

    return passed(rig, params, headers, do)


def passed(rig, params, headers, do):
    before = {machine.id: machine.state for machine in rig.named(params)}
    status, moto_headers, body = rig.upstream.call(headers, params)
    if status != 200:
        return status, moto_headers, body
    for machine in rig.named(params):
        do(machine)
    root = wire.parse(body)
    answers.transitions(root, before, rig)
    return 200, moto_headers, wire.render(root)


def reboot_instances(rig, params, headers):
    for machine in rig.named(params):
        if machine.guest:
            machine.guest.reset()
    return rig.upstream.call(headers, params)


def modify_instance_attribute(rig, params, headers):
    """Moto knows the shutdown behaviour in one of the two ways to say it."""
    behavior = params.pop("InstanceInitiatedShutdownBehavior.Value", None)
    if behavior:
        params = {**params, "Attribute": "instanceInitiatedShutdownBehavior", "Value": behavior}
    answer = rig.upstream.call(headers, params)
    machine = rig.machines.get(params.get("InstanceId"))
    if answer[0] == 200 and machine and params.get("Attribute") == "instanceInitiatedShutdownBehavior":
        machine.behavior = params["Value"]
    return answer


def get_console_output(rig, params, headers):
    machine = rig.machines.get(params.get("InstanceId"))
    if machine is None:
        return rig.upstream.call(headers, params)
    log = base64.b64encode(machine.console_log()[-65536:]).decode()
    answer = wire.answer("GetConsoleOutput", instanceId=machine.id, timestamp=rig.timestamp(), output=log)
    return 200, {"Content-Type": "text/xml"}, answer
