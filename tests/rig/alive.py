"""Nothing outlives its parent: the rig ends when its standard input does, and each child of the
rig is ended by the kernel when the thread that started it ends."""

import ctypes
import os
import signal
import subprocess
import threading

_libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


def spawn(arguments, **options):
    """Starts a program from a thread that must live as long as the program is wanted."""
    parent = os.getpid()

    def follow():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have ended before the request was made: then no signal comes.
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(arguments, preexec_fn=follow, **options)


def run(*arguments):
    """Runs a program to its end; anything but success is an error with what it said."""
    done = subprocess.run(arguments, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(arguments)}`: {done.stderr.strip()}")
    return done.stdout


def until_the_parent_ends(stdin):
    """An event that is set when standard input ends or a signal asks for the end."""
    ended = threading.Event()

    def watch():
        while stdin.read(4096):
            pass
        ended.set()

    threading.Thread(target=watch, name="stdin", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    return ended
