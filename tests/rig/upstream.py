"""Moto: as a child on a port of its own choice, or one that already runs."""

import http.client
import os
import re
import subprocess
import sys
import threading
import urllib.parse

import wire
from alive import spawn

# What belongs to one connection, and what is counted anew.
NOT_PASSED_ON = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect", "date", "server"}


class Upstream:
    def __init__(self, url):
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


def start(folder, images_file):
    """A moto that has the images of that file and no others."""
    environment = {**os.environ, "MOTO_AMIS_PATH": images_file, "PYTHONUNBUFFERED": "1"}
    program = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    child = spawn(program, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    log = open(os.path.join(folder, "moto.log"), "wb")
    said = []
    for line in child.stdout:
        log.write(line)
        said.append(line)
        if found := re.search(rb"http://127\.0\.0\.1:(\d+)", line):
            threading.Thread(target=drain, args=[child.stdout, log], daemon=True).start()
            return Upstream(f"http://127.0.0.1:{found[1].decode()}")
    raise RuntimeError("moto did not start: " + b"".join(said[-20:]).decode(errors="replace"))


def drain(source, log):
    for line in source:
        log.write(line)
        log.flush()
