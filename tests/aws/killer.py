"""Ends the program that calls, at one of its changing calls: before it is executed, or after it was."""

import collections
import os
import signal
import threading

READS = ("Describe", "Get", "List", "Assume")


class Killer:
    def __init__(self):
        self.lock, self.armed, self.changes = threading.Lock(), None, collections.Counter()

    def arm(self, rule):
        """{"pid": 1, "at": 3, "when": "before"}: at its third changing call from now on; with "action" at
        its third one of that."""
        with self.lock:
            self.armed, self.changes = rule, collections.Counter()

    def count(self, call):
        """The numbers of this call: among all those that change something, and among its like."""
        if call.action.startswith(READS):
            return {}
        with self.lock:
            self.changes.update([None, call.action])
            return {kind: self.changes[kind] for kind in (None, call.action)}

    def strikes(self, numbers, when):
        with self.lock:
            rule = self.armed
            if not rule or numbers.get(rule.get("action")) != rule["at"] or when != rule["when"]:
                return False
            self.armed = None
        os.kill(rule["pid"], signal.SIGKILL)
        return True
