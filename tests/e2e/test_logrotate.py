"""logrotate itself, with the file that the package brings."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from gateway import ROOT, Gateway
from wait import wait_until

LOGROTATE = shutil.which("logrotate", path="/usr/sbin:/usr/bin")
pytestmark = [
    pytest.mark.skipif(not LOGROTATE, reason="no logrotate here"),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give the log to its user"),
]


def settings(gateway: Gateway, folder: Path) -> Path:
    """As /etc/logrotate.d/llm-gateway, but for this gateway's log, whose user there is."""
    text = (ROOT / "packaging/logrotate").read_text()
    text = text.replace("/var/log/llm-gateway", str(gateway.folder))
    text = text.replace("create 0640 llm-gateway llm-gateway", "create 0640 root root")
    file = folder / "llm-gateway"
    file.write_text(text)
    file.chmod(0o644)
    return file


def make_systemctl(folder: Path, gateway: Gateway) -> None:
    """Reloads as the unit does: ExecReload of Type=notify-reload is SIGHUP."""
    program = folder / "systemctl"
    program.write_text(
        f'#!/bin/sh\necho "$@" >>{folder}/asked\n'
        f'[ "$1" != reload ] || kill -HUP {gateway.process.pid}\n'
    )
    program.chmod(0o755)


def test_it_rotates(make_gateway, provider, tmp_path):
    gateway = make_gateway(log_file="gateway.log")
    gateway.folder.chmod(0o755)
    make_systemctl(tmp_path, gateway)
    logrotate = [LOGROTATE, "--force", "--state", tmp_path / "state", settings(gateway, tmp_path)]
    moved = gateway.folder / "gateway.log.1"
    before = gateway.log_path.read_text()
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(logrotate, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "asked").read_text().splitlines() == [
        "is-active --quiet llm-gateway",
        "reload llm-gateway",
    ]
    wait_until(lambda: "policies reloaded" in gateway.log_path.read_text(), 15, "a line after it")
    assert moved.read_text().startswith(before)
    assert "policies reloaded" not in moved.read_text()
    assert gateway.log_path.stat().st_mode & 0o777 == 0o640
