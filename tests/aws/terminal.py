"""Runs a program on a terminal of its own, and does to it what a person does.

    terminal.py WORD ACTIONS PROGRAM ARGUMENTS...

ACTIONS is a JSON list that begins when WORD stands on the terminal: a text is typed, a number is waited for in
seconds, null closes the terminal, and {"signal": 1} is what a shell sends beside that. Prints {"code": 0, "said": "..."}.
"""

import json
import os
import pty
import select
import sys
import time

SIGNALLED = 128


def read(terminal, seconds):
    """What is said within this time; None when the program has let go of the terminal."""
    ready, _, _ = select.select([terminal], [], [], seconds)
    if not ready:
        return b""
    try:
        return os.read(terminal, 65536) or None
    except OSError:
        return None


def until(terminal, said, stop):
    while not stop(said):
        more = read(terminal, 0.05)
        if more is None:
            break
        said += more
    return said


def act(action, program, terminal, said):
    match action:
        case None:
            os.close(terminal)
            return None, said
        case str():
            os.write(terminal, action.encode())
        case {"signal": number}:
            os.kill(program, number)
        case seconds:
            end = time.monotonic() + seconds
            said = until(terminal, said, lambda _: time.monotonic() >= end) if terminal else time.sleep(seconds) or said
    return terminal, said


def main():
    word, actions, *command = sys.argv[1:]
    program, terminal = pty.fork()
    if program == 0:
        os.execvp(command[0], command)
    said = until(terminal, b"", lambda said: word.encode() in said)
    for action in json.loads(actions):
        terminal, said = act(action, program, terminal, said)
    if terminal is not None:
        said = until(terminal, said, lambda _: False)
    code = os.waitstatus_to_exitcode(os.waitpid(program, 0)[1])
    print(json.dumps({"code": code if code >= 0 else SIGNALLED - code, "said": said.decode(errors="replace")}))


if __name__ == "__main__":
    main()
