"""Starts the servers of this folder by forking: moto, the AWS SDK and what these know of the services are
loaded once for all tests, which takes longer than most tests do.

{"server": "cloud", "arguments": [...], "line": "/a/socket", "said": "/a/file"} on standard input is answered
with {"pid": 123}. The server talks over a connection to that socket as it would over standard input and
output, and ends with it.
"""

import importlib
import json
import os
import random
import signal
import socket
import sys
import traceback

import cloud
import inventory
import proxy

from moto import kms, sts
from moto.core.utils import get_service_model
from moto.moto_api._internal import mock_random

LOADED = [cloud, inventory, proxy, kms, sts]


def main():
    for service in ["ec2", "ssm", "sts", "kms"]:
        get_service_model(service)
    # Nobody waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        print(json.dumps({"pid": start(json.loads(line))}), flush=True)


def start(request):
    # Before the fork: whoever waits for the connection has it, whatever becomes of the server.
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(request["line"])
        pid = os.fork()
        if pid == 0:
            become(request, connection)
    return pid


def become(request, connection):
    for number in [0, 1]:
        os.dup2(connection.fileno(), number)
    said = os.open(request["said"], os.O_WRONLY | os.O_APPEND)
    os.dup2(said, 2)
    # The nursery has read further than this request, and numbers that are drawn must not be the same in all.
    sys.stdin, sys.stdout = open(0), open(1, "w")
    random.seed()
    mock_random.seed()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    sys.argv = [request["server"], *request["arguments"]]
    try:
        importlib.import_module(request["server"]).main()
    except BaseException:
        traceback.print_exc()
    os._exit(1)


if __name__ == "__main__":
    main()
