"""Loopback addresses, one for each machine. Rigs that run side by side never share one."""

import socket

FIRST, LAST = 10, 250
SSH = 22


class Lease:
    """An address that is this process's until it is released or the process ends."""

    def __init__(self, address, claim):
        self.address, self._claim = address, claim

    def release(self):
        self._claim.close()


def lease():
    for last in range(FIRST, LAST):
        address = f"127.0.0.{last}"
        claim = _claim(address)
        if claim and _free(address):
            return Lease(address, claim)
        if claim:
            claim.close()
    raise RuntimeError(f"no address from 127.0.0.{FIRST} to 127.0.0.{LAST} has a free port {SSH}")


def _claim(address):
    """A name without a file, which the kernel frees however this process ends."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        claim.bind(f"\0hornero-rig/{address}")
        return claim
    except OSError:
        claim.close()
        return None


def _free(address):
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, SSH))
        except PermissionError as error:
            raise RuntimeError(f"port {SSH} of {address} is for root alone: {error}") from error
        except OSError:
            return False
    return True
