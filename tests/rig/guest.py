"""One run of a QEMU guest, from power on to power off. Its standard input and output are its
control line (QMP)."""

import json
import subprocess
import threading
import time

from alive import spawn

# cloud-init takes a machine for one of EC2's by these.
MAKER = "Amazon EC2"
NETWORK = "net=169.254.0.0/16,host=169.254.0.2,dns=169.254.0.3,dhcpstart=169.254.0.15"
METADATA = "169.254.169.254:80"
# A press early in a boot is lost on the guest.
SECONDS_BETWEEN_PRESSES = 5


class Guest:
    """Constructed by the thread that waits for the guest's end."""

    def __init__(self, machine, log):
        with open(log, "ab") as errors:
            self.process = spawn(arguments(machine), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        if not self.process.stdout.readline():
            self.process.wait()
            with open(log, encoding="utf-8", errors="replace") as said:
                raise RuntimeError("QEMU did not start: " + said.read()[-500:].strip())
        self.ask("qmp_capabilities")
        threading.Thread(target=self._drain, name="qmp", daemon=True).start()

    def ask(self, command):
        try:
            self.process.stdin.write(json.dumps({"execute": command}).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            pass  # It has ended, which whoever waits for it sees.

    def stop(self, patience):
        """Presses the power button. EC2 too takes the power away from a guest that does not listen."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            self.ask("system_powerdown")
            try:
                self.process.wait(SECONDS_BETWEEN_PRESSES)
                return
            except subprocess.TimeoutExpired:
                continue
        self.kill()

    def reset(self):
        self.ask("system_reset")

    def kill(self):
        self.process.kill()

    def _drain(self):
        for _ in self.process.stdout:
            pass


def arguments(machine):
    forward = f"hostfwd=tcp:{machine.address}:22-:22"
    metadata = f"guestfwd=tcp:{METADATA}-cmd:socat - TCP:127.0.0.1:{machine.metadata_port}"
    identity = f"type=1,manufacturer={MAKER},serial={machine.uuid},uuid={machine.uuid}"
    fixed = [
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
        "-machine", "q35,graphics=off", "-accel", "tcg,thread=multi,tb-size=128", "-cpu", "max,erms=off,fsrm=off",
        "-name", machine.id, "-m", str(machine.memory), "-smp", str(machine.cpus),
        "-uuid", machine.uuid, "-smbios", identity,
        "-chardev", "stdio,id=control,signal=off", "-mon", "chardev=control,mode=control",
        "-chardev", f"file,id=console,append=on,path={machine.console}", "-serial", "chardev:console",
        "-device", "virtio-rng-pci",
        "-netdev", f"user,id=net,{NETWORK},{metadata},{forward}",
        "-device", f"virtio-net-pci,netdev=net,romfile=,mac={machine.mac}",
    ]  # fmt: skip
    return fixed + [word for number, volume in enumerate(machine.volumes) for word in disk(number, volume)]


def disk(number, volume):
    """The guest sees the volume's ID without its hyphen as the serial, as on EC2: 20 characters,
    where virtio-blk cuts."""
    cache = {"direct": False, "no-flush": True}
    file = {"driver": "file", "filename": volume.layer, "cache": cache, "discard": "unmap"}
    block = {
        "driver": "qcow2", "node-name": f"disk{number}", "file": file, "cache": cache,
        "discard": "unmap", "detect-zeroes": "unmap",
    }  # fmt: skip
    boot = ",bootindex=0" if number == 0 else ""
    device = f"virtio-blk-pci,drive=disk{number},serial={volume.id.replace('-', '')}{boot}"
    return ["-blockdev", json.dumps(block), "-device", device]
