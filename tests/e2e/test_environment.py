"""The file `environment` beside gateway.conf, for commands in an operator's shell: it is read as
systemd reads it for the service."""

import json
import os
import subprocess

import pytest
from stranger import Stranger

# What systemd.exec(5) says of EnvironmentFile=; a shell reads these lines in the same way.
LINES = {
    "plain": ("sk-1", "sk-1"),
    "empty": ("", ""),
    "double": ('"two words"', "two words"),
    "single": ("'a \"b\" $c'", 'a "b" $c'),
    "escaped": (r'"a \"b\" \\ \$c"', r'a "b" \ $c'),
    "equals": ("a=b=c", "a=b=c"),
    "hash": ("a#b", "a#b"),
}
BAD = {
    "no equals sign": "OPENAI_API_KEY",
    "no name": "=x",
    "a shell's word": "export URL=x",
    "an open quote": 'URL="x',
    "words behind a quote": "URL='x' y",
    "goes on": "URL=x\\",
}


@pytest.fixture
def idle(make_gateway):
    gateway = make_gateway(start=False, public_url="<${URL}>")
    gateway.write_config()
    return gateway


@pytest.fixture
def stranger():
    stranger = Stranger()
    yield stranger
    stranger.leave()


def write(gateway, text: str):
    file = gateway.config.with_name("environment")
    file.write_text(text)
    file.chmod(0o640)
    return file


def doctor(gateway) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for check in json.loads(gateway.command("doctor", "--json").stdout)["checks"]:
        found.setdefault(check["check"], []).append(check)
    return found


def url_of(gateway) -> str:
    return doctor(gateway)["address"][0]["seen"].partition("public_url = <")[2].rpartition(">")[0]


@pytest.mark.parametrize("name", LINES)
def test_a_variable_of_the_file(idle, name):
    text, value = LINES[name]
    file = write(idle, f"# a comment\n; another\n\n  URL={text}\n")
    assert url_of(idle) == value
    shell = ["sh", "-ac", f'. {file} 2>/dev/null; printf %s "$URL"']
    lines = file.read_text().replace("; another", "")
    file.write_text(lines)
    assert subprocess.run(shell, capture_output=True, text=True).stdout == value


def test_the_shell_has_the_last_word(idle):
    write(idle, "URL=file\n")
    idle.env["URL"] = "shell"
    assert url_of(idle) == "shell"


def test_a_variable_that_is_nowhere(idle):
    done = idle.command("check")
    assert done.returncode == 1
    assert "gateway.conf:" in done.stderr
    assert "URL=VALUE in the file `environment` beside gateway.conf" in done.stderr


@pytest.mark.parametrize("name", BAD)
def test_a_line_that_is_not_taken(idle, name):
    write(idle, f"URL=good\n{BAD[name]}\n")
    found = doctor(idle)
    assert [one["verdict"] for one in found["settings"]] == ["ok", "warn"]
    assert "environment:2 is no variable" in found["settings"][1]["seen"]
    assert "<good>" in found["address"][0]["seen"]


def test_all_can_read_it(idle):
    file = write(idle, "URL=x\n")
    assert [one["verdict"] for one in doctor(idle)["environment"]] == ["ok"], "the group may"
    file.chmod(0o644)
    (said,) = doctor(idle)["environment"]
    assert (said["verdict"], said["advice"]) == ("warn", "chmod 640 it")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_a_user_who_may_not_read_it(stranger):
    config = stranger.write("gateway.conf", "public_url = ${URL}\n")
    stranger.write("environment", "URL=x\n").chmod(0o600)
    done = stranger.run("--config", config, "check")
    assert done.returncode == 1
    assert f"{stranger.folder}/environment could not be read: run this as root" in done.stderr
    config.chmod(0o600)
    done = stranger.run("--config", config, "check")
    assert done.returncode == 1
    assert "gateway.conf: Permission denied. Run this as root" in done.stderr
