"""Starts the servers of this folder by forking: moto, the AWS SDK and what these know of the services are
loaded once for all tests, which takes longer than most tests do. So is what both would read and make at their
first call.

{"server": "cloud", "arguments": [...], "line": "/a/socket", "said": "/a/file"} on standard input is answered
with {"pid": 123}. The server talks over a connection to that socket as it would over standard input and
output, and ends with it.
"""

import gc
import importlib
import json
import os
import random
import signal
import socket
import sys
import traceback

import boto3
import cloud
import inventory
import proxy

from moto import kms, sts
from moto.moto_api._internal import mock_random
from werkzeug.test import Client

LOADED = [cloud, inventory, proxy, kms, sts]

# What no test uses: what is made there is the same in all servers.
REGION = "ca-west-1"

FIRST_CALLS = {"ec2": "DescribeInstances", "ssm": "AmazonSSM.DescribeParameters", "sts": "GetCallerIdentity",
               "kms": "TrentService.ListKeys"}


def main():
    for service, action in FIRST_CALLS.items():
        make_first_call(service, action)
        boto3.client(service, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")
    # No collection of a server looks at what all of them have.
    gc.collect()
    gc.freeze()
    # Nobody waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        print(json.dumps({"pid": start(json.loads(line))}), flush=True)


def make_first_call(service, action):
    scope = f"AWS4-HMAC-SHA256 Credential=testing/20260101/{REGION}/{service}/aws4_request"
    headers = {"Authorization": f"{scope}, SignedHeaders=host, Signature=0", "Host": f"{service}.{REGION}.amazonaws.com"}
    if "." in action:
        headers |= {"X-Amz-Target": action, "Content-Type": "application/x-amz-json-1.1"}
        answer = Client(cloud.application()).post("/", data="{}", headers=headers)
    else:
        answer = Client(cloud.application()).post("/", data={"Action": action}, headers=headers)
    if answer.status_code != 200:
        raise SystemExit(f"{action} was answered with {answer.status}: {answer.get_data(as_text=True)}")


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
