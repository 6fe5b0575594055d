"""The package in a bare Debian 12: install, set a key, first call, upgrade with data, remove,
purge."""

import re
import subprocess
from pathlib import Path

import answers
import httpx2 as httpx
import pytest
from fake_provider import Provider
from gateway import UPSTREAM_KEY
from machine import ROOT, Machine, run
from wait import wait_until

pytestmark = pytest.mark.long

CONFIG = "/etc/llm-gateway/gateway.conf"
COMMAND = ("/usr/sbin/llm-gateway", "--config", CONFIG)


@pytest.fixture
def provider():
    provider = Provider(answers.chat())
    yield provider
    provider.stop()


UNIT = "/usr/lib/systemd/system/llm-gateway.service"
FOLDERS = {"RuntimeDirectory": "/run", "StateDirectory": "/var/lib", "LogsDirectory": "/var/log"}


def make_folders(machine: Machine) -> None:
    """Those that the unit has systemd make before the start."""
    unit = machine.path(UNIT).read_text()
    for setting, place in FOLDERS.items():
        (name,) = re.findall(rf"^{setting}=(.*)$", unit, re.MULTILINE)
        machine.run("install", "-d", "-o", "llm-gateway", "-g", "llm-gateway", f"{place}/{name}")


class Service:
    """As systemd would run it: the unit's command, user and environment."""

    def __init__(self, machine: Machine):
        self.machine = machine
        make_folders(machine)
        script = ". /etc/llm-gateway/environment; exec " + " ".join(COMMAND) + " serve"
        self.log = (machine.root / "log").open("ab+")
        self.process = subprocess.Popen(
            ["chroot", "--userspec=llm-gateway:llm-gateway", machine.root, "sh", "-ac", script],
            stdout=self.log, stderr=self.log, env={"PATH": "/usr/sbin:/usr/bin"})  # fmt: skip
        where = wait_until(self.listening, 30, "listening")
        self.http = httpx.Client(base_url=where, trust_env=False, timeout=30)

    def listening(self) -> str | None:
        assert self.process.poll() is None, self.text()
        found = re.findall(r"listening.* port=(\d+)", self.text())
        return f"http://127.0.0.1:{found[-1]}" if found else None

    def text(self) -> str:
        return (self.machine.root / "log").read_text()

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(30) == 0, self.text()
        self.log.truncate(0)

    def ask(self, key: str) -> dict:
        body = {"model": "gpt-4", "messages": [{"role": "user", "content": "Hello!"}]}
        headers = {"Authorization": f"Bearer {key}"}
        answer = self.http.post("/v1/chat/completions", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


def said(machine: Machine, *words: str) -> str:
    """Of a command as an operator types it: it finds the settings itself."""
    return machine.run("llm-gateway", *words).stdout.strip().split("\n")[-1]


def test_lintian(package):
    run("lintian", "--allow-root", "--fail-on", "error,warning", package)


def test_it_asks_for_the_libevent_that_it_is_built_with(package):
    """An older one would do, but lacks security fixes: what is linked names the one of ./dev."""
    (built_with,) = re.findall(r"'libevent-dev=([^']+)'", (ROOT / "dev").read_text())
    depends = run("dpkg-deb", "-f", package, "Depends").stdout
    linked = set(re.findall(r"libevent-\w+-2\.1-7", depends))
    assert linked >= {"libevent-core-2.1-7", "libevent-extra-2.1-7", "libevent-openssl-2.1-7"}
    for library in linked:
        assert f"{library} (>= {built_with})" in depends, library


def test_from_install_to_purge(machine, provider, package, older_package):
    machine.install(older_package)
    environment = machine.path("/etc/llm-gateway/environment")
    assert environment.stat().st_mode & 0o777 == 0o640
    with environment.open("a") as file:
        file.write(f"OPENAI_API_KEY={UPSTREAM_KEY}\nOPENAI_BASE_URL={provider.url}\n")
    config = machine.path(CONFIG)
    changed = config.read_text().replace("#listen = 127.0.0.1:3000", "listen = 127.0.0.1:0")
    config.write_text(changed)

    said(machine, "user", "create", "ann@example.com")
    said(machine, "credit", "ann@example.com", "5")
    key = said(machine, "key", "create", "ann@example.com")
    service = Service(machine)
    assert service.ask(key)["choices"]
    assert service.http.get("/dashboard").status_code == 200
    ledger = machine.path("/var/lib/llm-gateway/gateway.db")
    owner = machine.run("stat", "-c", "%U %a", "/var/lib/llm-gateway/gateway.db").stdout.split()
    assert owner[0] == "llm-gateway"
    service.stop()

    machine.install(package)
    assert config.read_text() == changed, "what the operator has written stays"
    assert package.name.split("_")[1] in said(machine, "version")
    service = Service(machine)
    service.ask(key)
    service.stop()
    said(machine, "ledger", "verify")
    assert provider.requests[-1].headers["authorization"] == f"Bearer {UPSTREAM_KEY}"

    machine.run("apt-get", "remove", "-y", "-q", "llm-gateway")
    assert not machine.path("/usr/sbin/llm-gateway").exists()
    assert config.exists()
    purged = machine.run("apt-get", "purge", "-y", "-q", "llm-gateway")
    assert "The ledger and its secret stay" in purged.stdout
    assert not Path(config.parent).exists()
    assert ledger.exists(), "whose money is here"
