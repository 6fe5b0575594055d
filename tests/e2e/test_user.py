"""Started as root: it becomes the user of gateway.conf, or says why it does not start."""

import contextlib
import os
import pwd
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from certificate import make_certificate
from gateway import Gateway

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
NAME = "nobody"
# LeakSanitizer reads its own process with ptrace, which the kernel forbids after a change of user.
NO_LEAKS = {"ASAN_OPTIONS": "detect_leaks=0:exitcode=86"}


@pytest.fixture
def folder():
    """Where another user reaches it: pytest's own folders are root's alone."""
    path = Path(tempfile.mkdtemp(prefix="llm-gateway-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def give(path: Path) -> None:
    user = pwd.getpwnam(NAME)
    for entry in (path, *path.rglob("*")):
        os.chown(entry, user.pw_uid, user.pw_gid)


@pytest.fixture
def make_mine(folder, provider):
    """A gateway whose folder is that user's."""
    made = []

    def make(**settings) -> Gateway:
        own = {"user": NAME, "webui": folder / "none"}
        gateway = Gateway(folder, provider, own | settings, env=NO_LEAKS)
        give(folder)
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        gateway.abandon()


def ids_of_threads(gateway) -> set[str]:
    """Real, effective, saved and file system's user and group of every thread."""
    tasks = Path(f"/proc/{gateway.process.pid}/task").iterdir()
    lines = [line for task in tasks for line in (task / "status").read_text().splitlines()]
    return {
        part for line in lines if line.startswith(("Uid:", "Gid:")) for part in line.split()[1:]
    }


def capabilities(gateway) -> set[str]:
    tasks = Path(f"/proc/{gateway.process.pid}/task").iterdir()
    lines = [line for task in tasks for line in (task / "status").read_text().splitlines()]
    return {line.split()[1] for line in lines if line.startswith(("CapEff:", "CapPrm:"))}


def free_low_port() -> int:
    """A port that only root may bind."""
    for port in range(1023, 512, -1):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    pytest.skip("no port below 1024 is free")


def test_becomes_the_user(make_mine):
    user = pwd.getpwnam(NAME)
    gateway = make_mine(listen=f"127.0.0.1:{free_low_port()}").start()
    assert ids_of_threads(gateway) == {str(user.pw_uid), str(user.pw_gid)}
    assert capabilities(gateway) == {"0" * 16}
    customer = gateway.customer()
    assert customer.ask().status_code == 200
    gateway.reload()
    assert gateway.logs("policies reloaded")
    gateway.value_of("user", "create", "someone@example.com")
    gateway.check_holds()
    gateway.stop()
    owners = {path.name: path.stat().st_uid for path in gateway.folder.glob("gateway.db*")}
    assert set(owners.values()) == {user.pw_uid}, owners
    assert (gateway.folder / "secret").stat().st_uid == user.pw_uid


def test_keys_that_are_roots(make_mine, folder):
    """The TLS key is read before; at SIGHUP it cannot be, and what was in use stays."""
    certificate, key = make_certificate(folder)
    gateway = make_mine(tls_certificate=certificate, tls_key=key)
    os.chown(key, 0, 0)
    key.chmod(0o600)
    gateway.start()
    gateway.reload()
    assert gateway.logs("the certificate in use stays")
    assert gateway.is_alive()
    gateway.stop()


def test_database_of_another(make_mine, folder):
    gateway = make_mine()
    (folder / "gateway.db").touch(0o600)
    gateway.spawn()
    gateway.wait_for_exit(code=1)
    assert str(folder / "gateway.db") in gateway.stderr()


def test_root_for_all_the_world(make_gateway):
    """Refused unless it is meant. (`check` listens nowhere.)"""
    settings = {"listen": "0.0.0.0:0", "payments": "off"}
    gateway = make_gateway(start=False, **settings)
    result = gateway.command("serve")
    assert result.returncode == 1
    assert "user = NAME" in result.stderr
    assert gateway.command("check").returncode == 0
    assert not gateway.database.exists()


@pytest.mark.parametrize("name", ["nobody-of-that-name", "../x"])
def test_unknown_user(make_gateway, name):
    result = make_gateway(start=False, user=name).command("serve")
    assert result.returncode == 1
    assert name in result.stderr
