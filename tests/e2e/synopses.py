"""What the program's own usage says that its commands take."""

import re
import subprocess

from gateway import BINARY


def usage() -> str:
    return subprocess.run([BINARY, "help"], capture_output=True, text=True).stdout


def synopses() -> dict[str, set[str]]:
    """Each command of the usage, without its values, and the options that it takes."""
    found: dict[str, set[str]] = {}
    command = ""
    for line in usage().split("\n\n")[1].splitlines():
        synopsis = "" if line.startswith(" " * 30) else re.split(r"   +", line.strip())[0]
        if line[2] != " ":
            command = re.match(r"[a-z][a-z -]*?(?= [A-Z\[]|$)", synopsis)[0]
        found.setdefault(command, set()).update(re.findall(r"--[a-z-]+", synopsis))
    assert len(found) > 25
    return found
