"""The AWS CLI, loaded once for all tests: it takes longer to start than to ask.

    cli.py

{"endpoint": "http://...", "region": "eu-west-1", "arguments": [...]} on standard input is answered with
{"code": 0, "stdout": "...", "stderr": "..."}.
"""

import contextlib
import io
import os

for name, value in {
    "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PAGER": "",
}.items():
    os.environ[name] = value

from awscli.clidriver import create_clidriver

import lines


# It keeps what it knows of the services.
DRIVER = create_clidriver()


def run(request):
    arguments = [*request["arguments"], "--endpoint-url", request["endpoint"], "--output", "json"]
    if "--region" not in arguments:
        arguments += ["--region", request["region"]]
    out, err = Text(), Text()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = DRIVER.main(arguments)
        except SystemExit as end:
            code = end.code or 0
    return {"code": code, "stdout": out.told(), "stderr": err.told()}


class Text(io.TextIOWrapper):
    """What is written as text or, as the CLI does it, as bytes."""

    def __init__(self):
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def told(self):
        return self.buffer.getvalue().decode()


def main():
    lines.announce(0)
    lines.serve(run)


if __name__ == "__main__":
    main()
