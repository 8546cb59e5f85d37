"""EC2, Parameter Store, KMS and STS in memory: moto, with what it lacks put in.

    cloud.py

Listens on a free port of the loopback, prints it, and ends when its standard input does.
"""

import logging
import os

# moto's own catalogue is some hundred images of which no test wants one; `lacking` has ours.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

import lacking
import lines


class Handler(MotoRequestHandler):
    # Connections stay open between calls, as AWS keeps them.
    protocol_version = "HTTP/1.1"


def main():
    lacking.put_in()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    os.environ["MOTO_PORT"] = str(server.port)
    lines.in_background(server.serve_forever)
    lines.announce(server.port)
    lines.serve(lambda _: {})


if __name__ == "__main__":
    main()
