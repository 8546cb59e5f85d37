"""Disks as layers of qcow2 files. A layer that something stands on is never written again, so
capturing a disk takes no time; a layer that nothing stands on any more is removed."""

import itertools
import json
import os
import threading

from alive import run

GIB = 1 << 30


class Layers:
    def __init__(self, folder):
        os.makedirs(folder)
        self.folder = folder
        self._below = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def empty(self, gib):
        return self._create(None, f"{gib}G")

    def on_top_of(self, layer, gib=None):
        """A new layer over another, at least as large."""
        return self._create(layer, f"{gib}G" if gib and gib > size(layer) else None)

    def _create(self, below, bytes_or_none):
        with self._lock:
            layer = os.path.join(self.folder, f"{next(self._numbers)}.qcow2")
            self._below[layer] = below
        backing = ["-b", below, "-F", "qcow2"] if below else []
        run("qemu-img", "create", "-q", "-f", "qcow2", *backing, layer, *filter(None, [bytes_or_none]))
        return layer

    def keep_only(self, used):
        """Removes what is neither used nor below something that is."""
        with self._lock:
            reached = set()
            for layer in used:
                while layer and layer not in reached:
                    reached.add(layer)
                    layer = self._below.get(layer)
            for layer in [one for one in self._below if one not in reached]:
                del self._below[layer]
                if os.path.exists(layer):
                    os.remove(layer)

    def all(self):
        with self._lock:
            return sorted(self._below)


def size(layer):
    """In GiB, rounded up, as EBS counts."""
    described = json.loads(run("qemu-img", "info", "--force-share", "--output=json", layer))
    return -(-described["virtual-size"] // GIB)
