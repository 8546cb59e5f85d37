"""Ends the program that calls, at one of its changing calls: before it is executed, or after it was."""

import os
import signal
import threading

READS = ("Describe", "Get", "List", "Assume")


class Killer:
    def __init__(self):
        self.lock, self.armed, self.changes = threading.Lock(), None, 0

    def arm(self, rule):
        """{"pid": 1, "at": 3, "when": "before"}: at its third changing call from now on."""
        with self.lock:
            self.armed, self.changes = rule, 0

    def count(self, call):
        """The number of this call among those that change something; 0 for one that reads."""
        if call.action.startswith(READS):
            return 0
        with self.lock:
            self.changes += 1
            return self.changes

    def strikes(self, number, when):
        with self.lock:
            rule = self.armed
            if not rule or number != rule["at"] or when != rule["when"]:
                return False
            self.armed = None
        os.kill(rule["pid"], signal.SIGKILL)
        return True
