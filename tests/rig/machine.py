"""An instance: its volumes, its address, its metadata service, and the states it goes through,
which follow the guest. Callers hold the rig's lock."""

import os
import threading
import time
import uuid
from dataclasses import dataclass, field

from addresses import lease
from guest import Guest
from imds import Service

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


@dataclass
class Volume:
    id: str
    device: str
    gib: int
    layer: str


@dataclass
class Machine:
    """`headers` are of the call that launched it: later calls to moto for it are the same caller's."""

    rig: object
    id: str
    image_id: str
    type: str
    zone: str
    region: str
    account: str
    reservation: str
    user_data: bytes | None
    behavior: str
    one_time_spot: bool
    headers: dict
    volumes: list = field(default_factory=list)
    state: str = ""
    failure: str | None = None
    reason: str | None = None
    guest: Guest | None = None

    def __post_init__(self):
        self.folder = os.path.join(self.rig.folder, self.id)
        os.makedirs(self.folder)
        self.console = os.path.join(self.folder, "console.log")
        self.uuid = "ec2" + str(uuid.uuid4())[3:]
        self.mac = "52:54:00:" + ":".join(self.id[-6:][at : at + 2] for at in (0, 2, 4))
        self.memory, self.cpus = self.rig.options.memory, self.rig.options.cpus
        self.history, self.serial_log = [], b""
        self.lease, self.service = lease(), Service(self)
        self.address, self.metadata_port = self.lease.address, self.service.port
        self._ending = threading.Event()

    def become(self, state):
        self.state = state
        self.history.append({"state": state, "at": time.time()})

    def power_on(self):
        self._ending.clear()
        self.reason = None
        self.become("pending")
        threading.Thread(target=self._live, name=self.id, daemon=True).start()

    def stop(self, force):
        self.reason = "Client.UserInitiatedShutdown"
        self.become("stopping")
        self._ending.set()
        if force:
            self.guest.kill()
        else:
            patience = self.rig.options.stop_timeout
            threading.Thread(target=self.guest.stop, args=[patience], daemon=True).start()

    def terminate(self):
        off = self.state == "stopped" or self.failure
        self.reason = "Client.UserInitiatedShutdown"
        self.become("shutting-down")
        self._ending.set()
        if off:
            self._release()
        elif self.guest:
            self.guest.kill()

    def _live(self):
        """Waits for the guest to the end: the kernel ends a guest with the thread that started it."""
        try:
            guest = Guest(self, os.path.join(self.folder, "qemu.log"))
        except (OSError, RuntimeError) as error:
            return self._could_not_start(error)
        with self.rig.lock:
            self.guest = guest
            if self.state == "shutting-down":
                guest.kill()
        self._ending.wait(self.rig.options.pending)
        with self.rig.lock:
            if self.state == "pending":
                self.become("running")
        guest.process.wait()
        with self.rig.lock:
            self._has_ended()

    def _could_not_start(self, error):
        with self.rig.lock:
            self.failure = str(error)
            self.reason = "Server.InternalError"
            self.become("shutting-down")
            self._tell_moto("TerminateInstances")
            self._release()

    def _has_ended(self):
        self.guest = None
        if self.state in ("pending", "running"):
            terminates = self.behavior == "terminate"
            self.reason = "Client.InstanceInitiatedShutdown"
            self.become("shutting-down" if terminates else "stopping")
            self._tell_moto("TerminateInstances" if terminates else "StopInstances")
        if self.state == "stopping":
            self.become("stopped")
        else:
            self._release()

    def _tell_moto(self, action):
        try:
            self.rig.upstream.call(self.headers, {"Action": action, "InstanceId.1": self.id})
        except OSError as error:
            self.failure = f"moto was not told {action}: {error}"

    def _release(self):
        self.serial_log = self.console_log()
        self.lease.release()
        self.service.close()
        self.volumes = []
        self.rig.remove(self.folder)
        self.become("terminated")

    def console_log(self):
        if not os.path.exists(self.console):
            return self.serial_log
        with open(self.console, "rb") as log:
            return log.read()
