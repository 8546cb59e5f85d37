"""EC2, Parameter Store, KMS and STS in memory: moto, with what it lacks put in.

    cloud.py

Listens on a free port of the loopback, prints it, and ends when its standard input does. {"ahead": SECONDS} on
standard input lets its clock show so much more than this computer's from then on: in the `Date` of its answers, and
where it says when a parameter was written. {"off": true} lets every machine that runs have powered itself off.
"""

import datetime
import functools
import logging
import os
import time

# moto's own catalogue is some hundred images of which no test wants one; `lacking` has ours.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

import moto.ssm.models
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

import lacking
import lines


AHEAD = [0]


class Handler(MotoRequestHandler):
    # Connections stay open between calls, as AWS keeps them.
    protocol_version = "HTTP/1.1"

    def date_time_string(self, timestamp=None):
        return super().date_time_string(timestamp or time.time() + AHEAD[0])


def handle_request(request):
    AHEAD[0] = request.get("ahead", AHEAD[0])
    if "off" in request:
        lacking.power_off()
    return {}


@functools.cache
def application():
    lacking.put_in()
    now = moto.ssm.models.utcnow
    moto.ssm.models.utcnow = lambda: now() + datetime.timedelta(seconds=AHEAD[0])
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    return DomainDispatcherApplication(create_backend_app)


def main():
    server = make_server("127.0.0.1", 0, application(), threaded=True, request_handler=Handler)
    os.environ["MOTO_PORT"] = str(server.port)
    lines.in_background(server.serve_forever)
    lines.announce(server.port)
    lines.serve(handle_request)


if __name__ == "__main__":
    main()
