"""Stands between hornero and an endpoint of AWS, sees every call, and lets chosen ones go wrong.

    proxy.py UPSTREAM

One JSON object a line on standard input: {"rule": {...}} adds a rule (see `faults.py`), {"seen": true}
tells every call so far as {"service", "action", "region"}, {"kill": {...}} ends the caller (see `killer.py`),
{"calm": true} forgets all rules and tells how many calls have gone wrong by them.
"""

import http.client
import re
import socket
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import faults
import killer
import lines

CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")


class Call:
    """One request: what is called, where, with what."""

    def __init__(self, handler, body):
        self.body = body
        found = CREDENTIAL.search(handler.headers.get("Authorization", ""))
        self.region, self.service = found.groups() if found else ("", "")
        self.target = handler.headers.get("X-Amz-Target")
        self.json = self.target is not None
        form = dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace")))
        self.action = self.target.rsplit(".", 1)[-1] if self.json else form.get("Action", "")

    def name(self):
        return {"service": self.service, "action": self.action, "region": self.region}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Of the endpoint's answer.
    date = None

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = Call(self, body)
        self.server.faults.note(call)
        numbers = self.server.killer.count(call)
        if self.server.killer.strikes(numbers, "before"):
            return self.drop()
        answer = self.server.faults.instead(call)
        if answer is faults.DROP:
            return self.drop()
        if answer is None:
            answer = self.forward(body)
            if self.server.killer.strikes(numbers, "after"):
                return self.drop()
            answer = self.server.faults.afterwards(call, *answer)
            if answer is faults.DROP:
                return self.drop()
        self.reply(*answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

    def forward(self, body):
        connection = http.client.HTTPConnection(self.server.upstream, timeout=120)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        connection.request(self.command, self.path, body=body, headers=headers)
        response = connection.getresponse()
        self.date = response.getheader("Date")
        answer = response.status, response.getheader("Content-Type", "text/xml"), response.read()
        connection.close()
        return answer

    def reply(self, status, kind, body):
        broken = isinstance(body, faults.Broken)
        self.send_response_only(status)
        self.send_header("Date", self.date or self.date_time_string())
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) * 2 if broken else len(body)))
        self.end_headers()
        self.wfile.write(body)
        if broken:
            self.drop()

    def drop(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        pass

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.upstream = sys.argv[1].removeprefix("http://").rstrip("/")
    server.faults = faults.Faults(threading.Lock())
    server.killer = killer.Killer()
    lines.in_background(server.serve_forever)
    lines.announce(server.server_port)

    def answer(request):
        if "rule" in request:
            server.faults.add(request["rule"])
        if "kill" in request:
            server.killer.arm(request["kill"])
        if "calm" in request:
            return server.faults.calm()
        return server.faults.seen() if "seen" in request else {}

    lines.serve(answer)


if __name__ == "__main__":
    main()
