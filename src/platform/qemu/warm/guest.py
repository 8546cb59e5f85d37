"""Waits in a machine that is saved, and makes a new one of it when it is resumed.

cloud-init starts this in the first boot of the machine that is saved. When that boot is over and nothing
stirs any more, it says `ready`, and the machine is saved while this waits for an order. What is resumed
reads one: the clock, fresh random bytes and a name of its own. Then cloud-init runs again, as in a first
boot. Nothing of this stays: all of it lies under /run, and the logs that tell of it are removed.
"""
import errno
import fcntl
import glob
import importlib
import json
import os
import pkgutil
import shutil
import struct
import subprocess
import sys
import time

PORT = "/dev/virtio-ports/org.hornero.warm"
FOLDER = "/run/hornero-warm"
SEED = "/dev/disk/by-id/virtio-seed"
STAMPS = "/var/lib/systemd/timers/stamp-*.timer"
LOGS = ("/var/log/cloud-init.log", "/var/log/cloud-init-output.log")
# What systemd's generator found out about the datasource; the rest is of one run.
FOUND = ("enabled", "cloud.cfg", ".ds-identify.result", "ds-identify.log")
STAGES = (("init", "--local"), ("init",), ("modules", "--mode=config"), ("modules", "--mode=final"))
# Of netplan.io up to 0.106.
GENERATE = "/lib/netplan/generate"
RNDADDENTROPY, RNDRESEEDCRNG, BLKFLSBUF = 0x40085203, 0x5207, 0x1261


def run(*words):
    """Runs a program, whatever comes of it; gives what it printed."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.decode(errors="replace")


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.remove(path)


class Port:
    """The line to hornero. It ends and begins again when the machine is saved and resumed."""

    def __init__(self):
        while not os.path.exists(PORT):
            time.sleep(0.1)
        self.line = os.open(PORT, os.O_RDWR)

    def say(self, **words):
        text = json.dumps(words).encode() + b"\n"
        while text:
            text = text[os.write(self.line, text):]

    def hear(self):
        text = b""
        while not text.endswith(b"\n"):
            try:
                more = os.read(self.line, 65536)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EPIPE, errno.ENODEV):
                    raise
                more = b""
            if not more:
                time.sleep(0.02)
            text += more
        return json.loads(text)


def know_cloud_init():
    """Loads all of cloud-init, which each of its stages would do again."""
    main = importlib.import_module("cloudinit.cmd.main")
    for package in ("cloudinit.config", "cloudinit.net", "cloudinit.handlers", "cloudinit.distros"):
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__, package + "."):
            try:
                importlib.import_module(module.name)
            except Exception:
                pass
    for name in ("sources.DataSourceNoCloud", "sources.DataSourceNone", "net.netplan"):
        importlib.import_module("cloudinit." + name)
    spare_netplan()
    return main.main


def spare_netplan():
    """What `netplan generate` starts, without the seconds of Python before it: in versions that do no more
    than that, the program is where their packages put it."""
    renderer = importlib.import_module("cloudinit.net.netplan").Renderer
    if getattr(renderer, "NETPLAN_GENERATE", None) == ["netplan", "generate"] and os.access(GENERATE, os.X_OK):
        renderer.NETPLAN_GENERATE = [GENERATE]


def booted():
    """Waits for the end of the boot."""
    while not any(os.path.exists("/run/cloud-init/" + name) for name in ("result.json", "disabled")):
        time.sleep(0.1)
    run("systemctl", "is-system-running", "--wait")


def ssh_units():
    """What a boot starts of the SSH server: a socket where there is one, else the service."""
    names = ("ssh.socket", "sshd.socket", "ssh.service", "sshd.service")
    return [name for name in names if run("systemctl", "is-enabled", name).strip() == "enabled"]


def quiet():
    """Ends what would write by itself, or let somebody in; gives what is to be started again."""
    run("systemctl", "stop", "ssh.socket", "sshd.socket", "ssh.service", "sshd.service")
    listed = run("systemctl", "list-units", "--plain", "--no-legend", "--state=active", "--type=timer")
    timers = [line.split()[0] for line in listed.splitlines() if line.strip()]
    if timers:
        run("systemctl", "stop", *timers)
    run("systemctl", "reset-failed")
    begun = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    for stamp in glob.glob(STAMPS):
        if os.stat(stamp).st_mtime >= begun:
            remove(stamp)
    for key in glob.glob("/etc/ssh/ssh_host_*"):
        if os.stat(key).st_mtime >= begun:
            remove(key)
    os.sync()
    return timers


def forget():
    """Removes what cloud-init remembers of the boot, and sees the seed anew."""
    for name in ("instance", "instances", "data", "sem", "handlers"):
        remove("/var/lib/cloud/" + name)
    for name in os.listdir("/run/cloud-init"):
        if name not in FOUND:
            remove("/run/cloud-init/" + name)
    for log in LOGS:
        remove(log)
    seed = os.open(SEED, os.O_RDONLY)
    fcntl.ioctl(seed, BLKFLSBUF, 0)
    os.close(seed)


def become(order):
    """The clock, the random numbers and the machine-id of another machine."""
    time.clock_settime(time.CLOCK_REALTIME, order["time"])
    fresh = bytes.fromhex(order["random"])
    with open("/dev/urandom", "wb", buffering=0) as pool:
        fcntl.ioctl(pool, RNDADDENTROPY, struct.pack("ii", len(fresh) * 8, len(fresh)) + fresh)
        fcntl.ioctl(pool, RNDRESEEDCRNG, 0)
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, "w") as file:
                file.write(order["machine_id"] + "\n")


def stage(main, words):
    """One stage of cloud-init, which tells itself how it went."""
    if main is None:
        return run("cloud-init", *words)
    child = os.fork()
    if child:
        return os.waitpid(child, 0)
    code = 1
    try:
        sys.argv = ["/usr/bin/cloud-init", *words]
        code = main(list(sys.argv)) or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException as error:
        print("cloud-init %s: %r" % (" ".join(words), error), file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def logs(old):
    """Begins the journal of the new machine, in which nothing of the first boot is; beside what follows."""
    folders = " ".join(place + old for place in ("/var/log/journal/", "/run/log/journal/"))
    script = "systemctl restart systemd-journald.service; rm -rf " + folders
    return subprocess.Popen(["sh", "-c", script], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def machine_id():
    with open("/etc/machine-id") as file:
        return file.read().strip()


def prepared():
    """Ends the boot and says that it is over; gives what is needed after that."""
    if os.path.exists("/sys/fs/selinux/enforce"):
        raise RuntimeError("with SELinux, files of cloud-init would have other labels than those of a boot")
    try:
        main = know_cloud_init()
    except Exception:
        main = None
    booted()
    if os.path.exists("/run/cloud-init/disabled"):
        raise RuntimeError("cloud-init is switched off")
    ssh = ssh_units()
    return main, ssh, quiet(), machine_id()


def again(main, ssh):
    """cloud-init's stages in the order of a boot. SSH answers when it has its host key; as in a boot, the
    last two stages do not wait for it."""
    stage(main, STAGES[0])
    stage(main, STAGES[1])
    answers = subprocess.Popen(("systemctl", "start", *ssh), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stage(main, STAGES[2])
    stage(main, STAGES[3])
    answers.wait()


def wait():
    port = Port()
    try:
        main, ssh, timers, old = prepared()
        port.say(state="ready")
        order = port.hear()
        become(order)
        forget()
    except Exception as error:
        port.say(state="cannot", why="%s: %s" % (type(error).__name__, error))
        raise
    port.say(state="going")
    os.close(port.line)
    journal = logs(old)
    again(main, ssh)
    if main and not os.path.exists("/run/cloud-init/result.json"):
        # One that can only be started as a program.
        again(None, ssh)
    if timers:
        run("systemctl", "start", *timers)
    journal.wait()


if __name__ == "__main__":
    try:
        wait()
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
