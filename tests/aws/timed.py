"""Stands between hornero and an endpoint of AWS and lets time pass: what is launched, stopped, captured or
terminated becomes so only after a while that is drawn for it. Every call and every change is noted with its time.

    timed.py UPSTREAM SHORTEST LONGEST

The times are in seconds; with 0 and 0 it only takes notes. One JSON object a line on standard input: {"calls": true}
tells every call so far, {"reactions": true} every change with the first call after it that needs it.
"""

import random
import re
import sys
import threading
import time
import xml.etree.ElementTree as xml
from http.server import ThreadingHTTPServer

import faults
import lines
import proxy

SPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
ID = re.compile(rb"\b(?:i|ami|sg)-[0-9a-f]{8,17}\b")

# What a call makes of the things in its answer, and how they look until then.
BECOMES = {
    "RunInstances": (b"i-", "running", (0, "pending")),
    "StopInstances": (b"i-", "stopped", (64, "stopping")),
    "TerminateInstances": (b"i-", "terminated", (32, "shutting-down")),
    "CreateImage": (b"ami-", "available", (None, "pending")),
}


class Clock:
    def __init__(self, shortest, longest):
        self.shortest, self.longest, self.lock = shortest, longest, threading.Lock()
        self.draw = random.Random(4)
        self.calls, self.changes, self.groups = [], [], {}

    def called(self, call):
        """An answer in place of the endpoint's own, where there is one."""
        named = {one.decode() for one in ID.findall(call.body)}
        with self.lock:
            self.calls.append(dict(call.name(), at=time.time(), named=sorted(named)))
            used = [instance for instance, groups in self.groups.items() if groups & named]
        if call.action == "DeleteSecurityGroup" and any(self.between(one) for one in used):
            return faults.refusal(call, 400, "DependencyViolation", "resource has a dependent object")
        return None

    def answered(self, call, status, kind, body):
        if status == 200 and call.action in BECOMES:
            self.begin(call, body)
        if status == 200 and call.action in ("DescribeInstances", "DescribeImages"):
            body = self.shown(body)
        return status, kind, body

    def begin(self, call, body):
        prefix, state, until = BECOMES[call.action]
        for one in {one.decode() for one in ID.findall(body) if one.startswith(prefix)}:
            if call.action == "CreateImage" or call.action == "RunInstances" or one.encode() in call.body:
                with self.lock:
                    at = time.time() + self.draw.uniform(self.shortest, self.longest)
                    # An AMI takes longer than the end of the machine that it was made of.
                    at += self.longest if call.action == "CreateImage" else 0
                    self.changes.append({"id": one, "state": state, "at": at, "until": until})
                if call.action == "RunInstances":
                    self.groups[one] = {group.decode() for group in ID.findall(call.body) if group.startswith(b"sg-")}

    def between(self, thing):
        """How a thing looks that has not become what it is to be."""
        with self.lock:
            last = next((one for one in reversed(self.changes) if one["id"] == thing), None)
        return last["until"] if last and last["at"] > time.time() else None

    def shown(self, body):
        xml.register_namespace("", SPACE)
        tree = xml.fromstring(body)
        name = lambda element, tag: element.find(f"{{*}}{tag}")
        for item in tree.iter():
            thing = name(item, "instanceId")
            state = name(item, "instanceState") if thing is not None else name(item, "imageState")
            thing = thing if thing is not None else name(item, "imageId")
            until = self.between(thing.text) if state is not None and thing is not None else None
            if until and until[0] is None:
                state.text = until[1]
            elif until:
                name(state, "code").text, name(state, "name").text = str(until[0]), until[1]
        return xml.tostring(tree)

    def reactions(self):
        with self.lock:
            return [dict(one, next=self.following(one)) for one in self.changes]

    def following(self, change):
        wanted = self.groups.get(change["id"], set()) if change["state"] == "terminated" else {change["id"]}
        for call in self.calls:
            acts = not call["action"].startswith("Describe") and wanted & set(call["named"])
            if acts and call["at"] >= change["at"]:
                return call
        return None


class Handler(proxy.Handler):
    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call, clock = proxy.Call(self, body), self.server.clock
        refused = clock.called(call)
        self.reply(*(refused or clock.answered(call, *self.forward(body))))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.upstream = sys.argv[1].removeprefix("http://").rstrip("/")
    server.clock = Clock(float(sys.argv[2]), float(sys.argv[3]))
    lines.in_background(server.serve_forever)
    lines.announce(server.server_port)

    def answer(request):
        return server.clock.reactions() if "reactions" in request else server.clock.calls

    lines.serve(answer)


if __name__ == "__main__":
    main()
