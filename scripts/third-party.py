#!/usr/bin/env python3
"""Writes THIRD-PARTY.md: what is linked into hornero, under which licences, with their texts and notices.

    scripts/third-party.py            writes the file
    scripts/third-party.py --print    prints it

Everything comes from `cargo metadata` and from the sources that cargo has fetched: the crates that the binary is
linked from on Linux, and the code in other languages that some of them bring along. What only builds (build scripts,
macros) is in no binary and not listed.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"]
LICENCE_FILE = re.compile(r"^(un)?licen[cs]e|^copying|^notice|^copyright", re.IGNORECASE)
NO_TEXT = re.compile(r"\.(rs|toml|html|sh|py|c|h|go|pl)$", re.IGNORECASE)

# Code in other languages, and how it gets into the binary.
FOREIGN = {
    "libssh2-sys": "libssh2 (C). Its own copy is compiled in, unless LIBSSH2_SYS_USE_PKG_CONFIG is set where it is built.",
    "libsqlite3-sys": "SQLite (C). Its own copy is compiled in. SQLite is in the public domain (https://sqlite.org/copyright.html).",
    "zstd-sys": "Zstandard (C). Its own copy is compiled in, under the BSD licence that it offers.",
    "libz-sys": "zlib (C). The system's is linked at run time where it is found, else its own copy is compiled in.",
    "openssl-sys": "OpenSSL (C). The system's is linked at run time and not part of the binary; libssh2 uses its libcrypto.",
    "aws-lc-sys": "AWS-LC (C and assembly). Its own copy is compiled in; rustls uses it.",
    "ring": "Parts of BoringSSL (C and assembly). Its own copy is compiled in; rustls uses it.",
}


def metadata(target):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def linked(meta):
    """The packages that end up in the binary, by ID."""
    packages = {package["id"]: package for package in meta["packages"]}
    nodes = {node["id"]: node for node in meta["resolve"]["nodes"]}
    root = meta["resolve"]["root"]
    found, waiting = {}, [root]
    while waiting:
        here = waiting.pop()
        for dep in nodes[here]["deps"]:
            package = packages[dep["pkg"]]
            is_normal = any(kind["kind"] is None for kind in dep["dep_kinds"])
            is_macro = any("proc-macro" in target["kind"] for target in package["targets"])
            if is_normal and not is_macro and dep["pkg"] not in found:
                found[dep["pkg"]] = package
                waiting.append(dep["pkg"])
    return found


def licence_files(package):
    folder = Path(package["manifest_path"]).parent
    is_foreign = package["name"] in FOREIGN
    paths = sorted(folder.rglob("*") if is_foreign else folder.glob("*"))
    files = [
        path
        for path in paths
        if path.is_file() and LICENCE_FILE.match(path.name) and not NO_TEXT.search(path.name)
        and not {"tests", "test", "doc", "docs"} & set(path.relative_to(folder).parts[:-1])
    ]
    if package["name"] == "zstd-sys":
        # The GPL, which it offers beside the BSD licence.
        files = [path for path in files if path.name != "COPYING"]
    # Of several licences to choose from, Apache-2.0 is the one whose text is the same for all.
    apache = [path for path in files if "apache" in path.name.lower()]
    expression = package["license"] or ""
    if apache and "Apache-2.0" in expression and " AND " not in expression and not is_foreign:
        files = apache + [path for path in files if path.name.lower().startswith(("notice", "copyright"))]
    return files


def text_of(path):
    lines = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").split("\n")
    text = "\n".join(line.rstrip() for line in lines).strip("\n")
    # What comes after the terms tells how to apply them, and is no part of them.
    is_apache = "Apache License" in text[:300] and "Version 2.0" in text[:400]
    return text.partition("END OF TERMS AND CONDITIONS")[0].rstrip() if is_apache else text


def document():
    packages = {}
    for target in TARGETS:
        packages.update(linked(metadata(target)))
    rows, texts, without_text = [], {}, []
    ordered = sorted(packages.values(), key=lambda package: (package["name"], package["version"]))
    for package in ordered:
        name = f"{package['name']} {package['version']}"
        rows.append(f"| {name} | {package['license'] or 'see below'} | {package['repository'] or ''} |")
        files = licence_files(package)
        if not files:
            without_text.append(name)
        for path in files:
            text = text_of(path)
            # Texts that differ in line breaks alone are one.
            texts.setdefault(" ".join(text.split()), (text, []))[1].append(name)
    foreign = [
        f"- {FOREIGN[package['name']]} (crate {package['name']} {package['version']})"
        for package in ordered
        if package["name"] in FOREIGN
    ]
    parts = [
        "# Third-party software",
        "What is linked into hornero on Linux, and the licences and notices that go with it. Written by "
        "`scripts/third-party.py`; a test holds the list to `Cargo.lock`. hornero's own licences are MIT and Apache-2.0.",
        "## Code in other languages\n\n" + "\n".join(foreign),
        "## Crates\n\n| crate | licence | source |\n|---|---|---|\n" + "\n".join(rows),
        "## Licences and notices",
        "These crates bring no text of their own; the texts of the licences that they name stand below: "
        + ", ".join(without_text) + ".",
    ]
    for text, names in sorted(texts.values(), key=lambda one: one[1]):
        fence = "````" if "```" in text else "```"
        parts.append("### " + ", ".join(dict.fromkeys(names)) + f"\n\n{fence}text\n{text}\n{fence}")
    return "\n\n".join(parts) + "\n"


if sys.argv[1:] == ["--print"]:
    sys.stdout.write(document())
else:
    (ROOT / "THIRD-PARTY.md").write_text(document(), encoding="utf-8")
