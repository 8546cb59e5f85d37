"""An EC2 of real machines, for tests: `python tests/rig --base DISK`.

Stands in front of moto. Says its URL on standard output, and ends with its standard input."""

import argparse
import os
import shutil
import sys
import tempfile
import threading

import alive
import bases
import upstream
from rig import Rig
from server import Server


def main():
    options = arguments()
    ended = alive.until_the_parent_ends(sys.stdin.buffer)
    folder = options.folder or tempfile.mkdtemp(prefix="hornero-rig-")
    rig = None
    try:
        rig = Rig(folder, options, moto(folder, options))
        if options.base:
            bases.offer(rig, os.path.abspath(options.base))
        server = Server(rig, options.port)
        threading.Thread(target=server.serve_forever, name="server", daemon=True).start()
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        ended.wait()
    finally:
        if rig:
            rig.end()
        shutil.rmtree(folder, ignore_errors=True)


def moto(folder, options):
    if options.upstream:
        return upstream.Upstream(options.upstream)
    return upstream.start(folder)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", help="qcow2 disk of Debian 12, read only: the distribution's image")
    parser.add_argument("--upstream", help="URL of a moto that runs; else one is started")
    parser.add_argument("--folder", help="for disks and logs, removed at the end; else a temporary one")
    parser.add_argument("--port", type=int, default=0, help="of the endpoint; 0 is any free one")
    parser.add_argument("--pending", type=float, default=0, help="seconds that a launch is pending longer")
    parser.add_argument("--image-pending", type=float, default=2, help="seconds until an image is available")
    parser.add_argument("--stop-timeout", type=float, default=180, help="seconds until the power is taken away")
    parser.add_argument("--memory", type=int, default=1024, help="of each machine, in MiB")
    parser.add_argument("--cpus", type=int, default=1, help="of each machine; under emulation a second one takes more time than it gives")
    return parser.parse_args()


main()
