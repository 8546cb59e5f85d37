"""The endpoint: EC2's calls go to the rig, `/rig/...` is for tests, all else is moto's."""

import json
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import bases
import parameters
import wire
from rig import credential


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, rig, port):
        super().__init__(("127.0.0.1", port), Handler)
        self.rig = rig


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one piece; else the second waits for the first's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = self.answer(headers, body)
        except Exception:  # Whatever went wrong in the rig, the test shall read it.
            why = traceback.format_exc()
            self.log_error("%s", why)
            answer = 500, {}, wire.Refusal("InternalError", why).body()
        self.tell(*answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = handle_any

    def answer(self, headers, body):
        rig = self.server.rig
        if self.path.startswith("/rig/"):
            return self.admin(rig, body)
        target = self.headers.get("X-Amz-Target", "")
        if target in parameters.CALLS:
            found = parameters.answer(rig, target, headers, body)
            if found:
                return found
        if self.command == "POST" and credential(headers)[2] == "ec2":
            return rig.call(wire.decode(body), headers)
        return rig.upstream.forward(self.command, self.path, headers, body)

    def admin(self, rig, body):
        if self.path == "/rig/state" and self.command == "GET":
            return 200, {"Content-Type": "application/json"}, json.dumps(rig.state()).encode()
        if self.path == "/rig/images" and self.command == "POST":
            bases.add(rig, **json.loads(body))
            return 200, {"Content-Type": "application/json"}, b"{}"
        return 404, {}, b"there are: GET /rig/state, POST /rig/images"

    def tell(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, *_):
        pass
