"""What goes wrong with which calls.

A rule names an `action` ("*" is any), may narrow it to calls whose body has the text `with`, to those
that name something `made` through the proxy before (true), and to a `region`; it lets the first `after` of those calls pass and then holds for `times` of them (for
ever, if not given). Its `fault` is one of:

    throttle   refused, for there were too many calls
    error      refused with `code`, `message` and `status`
    denied     the caller lacks the permission
    expired    the caller's session is over
    capacity   no such machine to give: InsufficientInstanceCapacity
    answer     answered with `body`, for calls that the endpoint does not know
    drop       the connection breaks before the call has arrived
    lose       the call is executed and its answer is lost
    garble     the call is executed, and answered with `body` (nothing, if not given) and status 200
    cut        the call is executed, and the second half of its answer is missing
    break      the same, and the connection breaks there
    slow       answered after `seconds`
    hide       what the call made (instance, image, group) is not found by the next `calls` that name it
    swallow    PutParameter answers with a version and stores nothing
    fail       images in the answer are in state `failed`, with `message` as the reason
    pend       images in the answer are in state `pending`
"""

import json
import re
import time

DROP = object()
STATE = re.compile(rb"<imageState>[a-z]+</imageState>")
MADE = re.compile(rb"<(?:instanceId|imageId|groupId|snapshotId)>([^<]+)<")
NOT_FOUND = {
    "i": "InvalidInstanceID.NotFound", "ami": "InvalidAMIID.NotFound",
    "sg": "InvalidGroup.NotFound", "snap": "InvalidSnapshot.NotFound",
}


# What a call makes itself; its answer may name other things too.
OWN = {
    "RunInstances": b"i-", "CreateImage": b"ami-", "CopyImage": b"ami-",
    "CreateSecurityGroup": b"sg-", "CreateSnapshot": b"snap-",
}


class Broken(bytes):
    """An answer in the middle of which the connection breaks."""


class Faults:
    def __init__(self, lock):
        self.lock, self.rules, self.calls, self.hidden, self.versions = lock, [], [], {}, {}
        self.made = set()

    def add(self, rule):
        with self.lock:
            self.rules.append(dict(rule, met=0))

    def calm(self):
        with self.lock:
            met = sum(max(0, min(rule["met"] - rule.get("after", 0), rule.get("times", rule["met"]))) for rule in self.rules)
            self.rules, self.hidden = [], {}
            return met

    def note(self, call):
        with self.lock:
            self.calls.append(call.name())

    def seen(self):
        with self.lock:
            return list(self.calls)

    def met(self, call, kinds):
        """The first rule of these kinds that holds for this call."""
        with self.lock:
            for rule in self.rules:
                if rule["fault"] in kinds and holds(rule, call) and self.is_about_made(rule, call):
                    rule["met"] += 1
                    after, times = rule.get("after", 0), rule.get("times", float("inf"))
                    if after < rule["met"] <= after + times:
                        return rule
        return None

    def instead(self, call):
        """An answer in place of the endpoint's own; `None` lets the call through."""
        missing = self.is_hidden(call)
        if missing:
            return refusal(call, 400, NOT_FOUND[missing.split("-")[0]], f"'{missing}' does not exist")
        if rule := self.met(call, ["slow"]):
            time.sleep(rule["seconds"])
        rule = self.met(call, list(INSTEAD))
        return INSTEAD[rule["fault"]](self, call, rule) if rule else None

    def afterwards(self, call, status, kind, body):
        """What becomes of the endpoint's answer."""
        if call.action == "PutParameter" and status == 200:
            self.versions[name_of(call)] = json.loads(body)["Version"]
        made = {one for one in MADE.findall(body) if one.startswith(OWN.get(call.action, b"-"))}
        with self.lock:
            self.made.update(made)
        if rule := self.met(call, ["hide"]):
            with self.lock:
                self.hidden.update({one.decode(): rule["calls"] for one in made})
        if rule := self.met(call, ["fail"]):
            body = failed(body, rule.get("message", "Client.InternalError"))
        if self.met(call, ["pend"]):
            body = STATE.sub(b"<imageState>pending</imageState>", body)
        if self.met(call, ["lose"]):
            return DROP
        if rule := self.met(call, ["garble"]):
            return 200, kind, rule.get("body", "").encode()
        if self.met(call, ["cut"]):
            return status, kind, body[:len(body) // 2]
        if self.met(call, ["break"]):
            return status, kind, Broken(body[:len(body) // 2])
        return status, kind, body

    def is_about_made(self, rule, call):
        return not rule.get("made") or any(made in call.body for made in self.made)

    def is_hidden(self, call):
        with self.lock:
            for made, left in self.hidden.items():
                if left > 0 and made.encode() in call.body:
                    self.hidden[made] -= 1
                    return made
        return None

    def swallow(self, call, _rule):
        version = self.versions.get(name_of(call), 0) + 1
        body = json.dumps({"Version": version, "Tier": "Standard"}).encode()
        return 200, "application/x-amz-json-1.1", body


def holds(rule, call):
    return (
        rule["action"] in ("*", call.action)
        and rule.get("region") in (None, call.region)
        and rule.get("with", "").encode() in call.body
    )


def name_of(call):
    return call.region, json.loads(call.body)["Name"]


def refusal(call, status, code, message):
    if call.json:
        body = {"__type": code, "message": message}
        return status, "application/x-amz-json-1.1", json.dumps(body).encode()
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    if call.service == "sts":
        body = f"<ErrorResponse>{error}<RequestId>req-of-the-rig</RequestId></ErrorResponse>"
        return status, "text/xml", body.encode()
    body = f"<Response><Errors>{error}</Errors><RequestID>req-of-the-rig</RequestID></Response>"
    return status, "text/xml", body.encode()


def throttle(_self, call, _rule):
    code = "ThrottlingException" if call.json else "RequestLimitExceeded"
    return refusal(call, 400 if call.json else 503, code, "Request limit exceeded.")


def denied(_self, call, _rule):
    said = f"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: {call.service}:{call.action}"
    if call.json:
        return refusal(call, 400, "AccessDeniedException", said)
    if call.service == "sts":
        # The same whether the role forbids it or does not exist.
        return refusal(call, 403, "AccessDenied", said)
    message = f"You are not authorized to perform this operation. {said}"
    return refusal(call, 403, "UnauthorizedOperation", message)


def expired(_self, call, _rule):
    code = "ExpiredTokenException" if call.json else "RequestExpired"
    return refusal(call, 400, code, "The security token included in the request is expired")


def capacity(_self, call, _rule):
    said = "We currently do not have sufficient capacity in the Availability Zone you requested."
    return refusal(call, 500, "InsufficientInstanceCapacity", said)


def error(_self, call, rule):
    message = rule.get("message", "The request failed.")
    return refusal(call, rule.get("status", 400), rule["code"], message)


def answer(_self, _call, rule):
    return 200, "text/xml", rule["body"].encode()


INSTEAD = {
    "answer": answer,
    "throttle": throttle, "denied": denied, "expired": expired, "capacity": capacity, "error": error,
    "drop": lambda *_: DROP, "swallow": Faults.swallow,
}


def failed(body, message):
    reason = f"<stateReason><code>Client.Failed</code><message>{message}</message></stateReason>"
    state = b"<imageState>failed</imageState>" + reason.encode()
    return STATE.sub(state, body)
