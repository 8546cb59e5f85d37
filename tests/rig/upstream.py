"""Moto: as a child on a port of its own choice, or one that already runs."""

import http.client
import json
import os
import subprocess
import sys
import urllib.parse

import wire
from alive import spawn

# What belongs to one connection, and what is counted anew.
NOT_PASSED_ON = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect", "date", "server"}


class Upstream:
    def __init__(self, url, child=None):
        """The child's standard input stays open as long as this is."""
        self.child = child
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port

    def forward(self, method, path, headers, body):
        """The same request to moto: status, headers, body."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        try:
            connection.request(method, path, body=body, headers=passed_on(headers))
            response = connection.getresponse()
            return response.status, passed_on(dict(response.getheaders())), response.read()
        finally:
            connection.close()

    def call(self, headers, params):
        """A call of EC2's for the caller whose headers these are: moto checks no signature."""
        whole = {"Version": "2016-11-15", **params}
        return self.forward("POST", "/", headers, wire.encode(whole))

    def ask(self, headers, params):
        """As `call`, where only the answer of a success is of use."""
        status, _, body = self.call(headers, params)
        if status != 200:
            raise RuntimeError(f"moto: {params}: {body.decode(errors='replace')}")
        return wire.parse(body)


def passed_on(headers):
    return {name: value for name, value in headers.items() if name.lower() not in NOT_PASSED_ON}


def start(folder):
    """A moto with what it lacks put in, as other tests have it. It ends with its standard input."""
    program = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "aws", "cloud.py")
    with open(os.path.join(folder, "moto.log"), "wb") as log:
        child = spawn([sys.executable, "-B", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
    line = child.stdout.readline()
    if not line:
        with open(os.path.join(folder, "moto.log"), encoding="utf-8", errors="replace") as log:
            raise RuntimeError("moto did not start: " + log.read()[-2000:])
    return Upstream(f"http://127.0.0.1:{json.loads(line)['port']}", child)
