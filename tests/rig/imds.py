"""The instance metadata service of one machine, version 2: nothing is told without a token."""

import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import metadata

LONGEST = 21600
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"


class Service:
    """On a free port of the loopback, until it is closed. `asked` is every path that was told."""

    def __init__(self, machine):
        self.machine, self.tokens, self.asked = machine, {}, []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.service = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, name="imds", daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def new_token(self, seconds):
        token = secrets.token_urlsafe(40)
        self.tokens[token] = time.monotonic() + seconds
        return token

    def knows(self, token):
        return self.tokens.get(token, 0) > time.monotonic()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"

    def do_PUT(self):
        seconds = self.headers.get(TTL, "")
        if self.path != "/latest/api/token":
            return self._tell(404)
        if not seconds.isdigit() or not 1 <= int(seconds) <= LONGEST:
            return self._tell(400)
        token = self.server.service.new_token(int(seconds))
        return self._tell(200, token.encode(), {TTL: seconds})

    def do_GET(self):
        service = self.server.service
        if not service.knows(self.headers.get(TOKEN, "")):
            return self._tell(401)
        found = metadata.look_up(service.machine, self.path)
        if found is None:
            return self._tell(404)
        service.asked.append(self.path)
        return self._tell(200, found)

    def _tell(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
