"""README's first steps, as they stand there, in a bare Debian 12: run, the first call, test; and
the real clients, which are built where no compiler of Go and no cache is."""

import re
import subprocess
from pathlib import Path

import pytest
from machine import AUTHORITIES, ROOT, Machine, run
from wait import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

BUILD_S, TEST_S, CLIENTS_S = 1800, 1800, 1800
FOLDER = "/root/llm-gateway"
# As `./dev test` does without --quick.
REAL_CLIENTS = ". ./dev help >/dev/null && need_collector"


# Of /dev a build and its tests need no more; the machine's own is kept out of reach.
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}


def make_devices(folder: Path) -> None:
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    for name, (major, minor) in DEVICES.items():
        run("mknod", "-m", "666", folder / name, "c", str(major), str(minor))
    (folder / "shm").mkdir(mode=0o1777)
    (folder / "fd").symlink_to("/proc/self/fd")


@pytest.fixture
def clone(machine) -> Machine:
    """A clone of what is committed; nothing else is there."""
    run("git", "clone", "-q", "--no-hardlinks", ROOT, machine.path(FOLDER))
    make_devices(machine.path("/dev"))
    run("mount", "-t", "proc", "proc", machine.path("/proc"))
    yield machine
    run("umount", machine.path("/proc"))
    run("umount", machine.path("/dev"))


def commands() -> list[str]:
    """The two commands of the section "Start"."""
    section = (ROOT / "README.md").read_text().partition("\n## Start\n")[2].partition("\n## ")[0]
    found = re.findall(r"^    (\./dev .*)$", section, re.MULTILINE)
    assert found == ["./dev run", "./dev test"]
    return found


class Shell:
    """A command that goes on in the clone, and what it has printed."""

    def __init__(self, machine: Machine, command: str, output: Path):
        self.output = output
        words = ["chroot", machine.root, "bash", "-c", f"cd {FOLDER} && exec {command}"]
        env = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LC_ALL": "C.UTF-8",
            "NODE_EXTRA_CA_CERTS": AUTHORITIES,
            "PIP_CERT": AUTHORITIES,
        }
        with output.open("wb") as out:
            self.process = subprocess.Popen(words, stdout=out, stderr=out, env=env,
                                            stdin=subprocess.DEVNULL)  # fmt: skip

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def said(self, pattern: str) -> str | None:
        assert self.process.poll() is None, self.text()[-4000:]
        found = re.search(pattern, self.text(), re.DOTALL)
        return found and found[0]


def test_what_the_readme_says(clone, tmp_path):
    start, test = commands()
    # Another port than README's: something may listen there.
    running = Shell(clone, f"{start} --set listen=127.0.0.1:0", tmp_path / "run")
    try:
        curl = wait_until(lambda: running.said(r"curl http[^\n]*(\\\n[^\n]*)*"), BUILD_S, "curl")
        answer = clone.run("bash", "-c", curl).stdout
        assert '"content"' in answer, answer
        assert "password" in running.text()
    finally:
        running.process.terminate()
        running.process.wait(60)
    testing = Shell(clone, f"{test} --quick", tmp_path / "test")
    try:
        assert testing.process.wait(TEST_S) == 0, testing.text()[-6000:]
    finally:
        testing.process.kill()
    building = Shell(clone, f"bash -c '{REAL_CLIENTS}'", tmp_path / "clients")
    try:
        assert building.process.wait(CLIENTS_S) == 0, building.text()[-6000:]
    finally:
        building.process.kill()
    for program in ("promtool/promtool", "clients/stripe-mock", "clients/go-openai",
                    "collector/collector"):  # fmt: skip
        assert clone.path(f"{FOLDER}/build/{program}").stat().st_size > 1_000_000, program
