"""Serves one file over HTTP on a free port of the loopback, as servers of large files do: it goes
on in the middle when asked to, and it can be told to break off. Prints its port, then the `Range`
of each request."""

import http.server
import sys

path, breaks = sys.argv[1], int(sys.argv[2])
content = open(path, "rb").read()


class Handler(http.server.BaseHTTPRequestHandler):
    left = breaks

    def do_GET(self):
        wanted = self.headers.get("Range", "")
        print(wanted or "whole", flush=True)
        start = int(wanted.removeprefix("bytes=").removesuffix("-") or 0)
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = len(content)
        if Handler.left > 0:
            Handler.left -= 1
            end = start + (len(content) - start) // 2
        self.wfile.write(content[start:end])
        self.close_connection = True

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
