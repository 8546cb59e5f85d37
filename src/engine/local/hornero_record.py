"""Writes down for hornero what a playbook has done on the builder.

hornero writes this file beside the inventory of each run. Ansible ends with exit code 0 also when no
play matches a host, so its exit code alone does not prove that anything was done.
"""
import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: hornero_record
    type: aggregate
    short_description: writes down for hornero what a playbook has done on the builder
    description: one JSON object a line in the file that HORNERO_ANSIBLE_RECORD names
"""

# Neither gathering facts nor an include does anything on the builder.
NO_WORK = {"setup", "gather_facts", "include", "include_tasks", "include_role", "import_tasks", "import_role"}


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "hornero_record"
    CALLBACK_NEEDS_ENABLED = False
    CALLBACK_NEEDS_WHITELIST = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.worked = False

    def record(self, event, **fields):
        with open(os.environ["HORNERO_ANSIBLE_RECORD"], "a", encoding="utf-8") as file:
            file.write(json.dumps(dict(fields, event=event)) + "\n")

    def task_done(self, result):
        task = result._task
        idle = task.action.rpartition(".")[2] in NO_WORK or task.check_mode or task.delegate_to
        if not self.worked and not idle and result._host.get_name() == os.environ["HORNERO_ANSIBLE_HOST"]:
            self.worked = True
            self.record("worked")

    def v2_playbook_on_play_start(self, play):
        self.record("play", name=play.get_name().strip())

    def v2_playbook_on_no_hosts_matched(self):
        self.record("no_hosts")

    def v2_runner_on_ok(self, result, *args, **kwargs):
        self.task_done(result)

    def v2_runner_on_failed(self, result, *args, **kwargs):
        self.task_done(result)

    def v2_playbook_on_stats(self, stats):
        self.record("end")
