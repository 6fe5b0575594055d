"""Commands that ask the running gateway, as an operator meets them: on terminals of all widths,
where there is none, and where no gateway answers. Each error says what to do."""

import json
import os
import re
import signal
import socket
import subprocess

import pytest
from gateway import BINARY
from stranger import Stranger
from terminal import Terminal
from wait import wait_until

SIZES = {"narrow": (40, 12), "usual": (80, 24), "wide": (200, 50)}
ASKING = (["status"], ["top"], ["drain"], ["log-level"], ["log-level", "debug"],
          ["status", "--watch"], ["status", "--json"])  # fmt: skip
# A name of an operator's that would clear the screen, if it came so far.
EVIL = "\x1b[2Jbad\x9b한글"


@pytest.fixture
def open_terminal():
    made = []

    def start(gateway, *words: str, **how) -> Terminal:
        command = [BINARY, "--config", gateway.config, *words]
        made.append(Terminal(command, gateway.env, **how))
        return made[-1]

    yield start
    for terminal in made:
        if terminal.process.poll() is None:
            terminal.interrupt()


def advice_of(gateway) -> dict:
    report = json.loads(gateway.command("doctor", "--json").stdout)
    (said,) = [one for one in report["checks"] if one["check"] == "gateway"]
    return said


# ---- terminals ----


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("words", [("status", "--watch"), ("top",)], ids=" ".join)
def test_a_screen_is_drawn_in_its_window(gateway, open_terminal, size, words):
    columns, rows = SIZES[size]
    terminal = open_terminal(gateway, *words, columns=columns, rows=rows)
    terminal.shows(r"process +\d+" if words[0] == "status" else r"^\d+ calls run")
    wait_until(lambda: terminal.text().count("\x1b[H") >= 2, 20, "it is drawn again")
    screen = terminal.screen()
    assert screen.scrolled == 0
    assert len(screen.lines) <= rows
    if words[0] == "status":
        whole = len(gateway.command("status").stdout.splitlines()) < rows
        assert whole != bool(re.search(r"^\d+ lines more$", "\n".join(screen.lines), re.MULTILINE))


@pytest.mark.parametrize("kind", ["dumb", "", None], ids=["dumb", "empty", "none"])
def test_a_terminal_without_codes(gateway, open_terminal, kind):
    terminal = open_terminal(gateway, "status", "--watch", kind=kind)
    wait_until(lambda: terminal.text().count("llm-gateway ") >= 2, 20, "two reports")
    terminal.interrupt()
    assert "\x1b" not in terminal.text()
    once = open_terminal(gateway, "top", kind=kind)
    assert once.end() == 0
    assert "\x1b" not in once.text()


def test_no_terminal(gateway):
    watching = gateway.start_command("status", "--watch")
    lines = [watching.stdout.readline() for _ in range(40)]
    watching.terminate()
    rest, _ = watching.communicate(timeout=30)
    assert "\x1b" not in "".join(lines) + rest
    assert sum(line.startswith("llm-gateway ") for line in lines) >= 2
    watching = gateway.start_command("status", "--watch", "--json")
    reports = [json.loads(watching.stdout.readline()) for _ in range(2)]
    watching.terminate()
    watching.communicate(timeout=30)
    assert all(report["state"] == "serving" for report in reports)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_what_others_have_written_moves_no_cursor(make_gateway, open_terminal, locale):
    gateway = make_gateway()
    gateway.policies.write("models", f'error("{EVIL}")\n')
    gateway.reload(refused=True)
    terminal = open_terminal(gateway, "status", locale=locale)
    assert terminal.end() == 0
    shown = "??" if locale == "C" else "한글"
    assert re.search(rf"refused: .*\?\[2Jbad\?{re.escape(shown)}", terminal.text(), re.DOTALL)
    assert "\x1b" not in terminal.text()
    doctor = open_terminal(gateway, "doctor", locale=locale, columns=4000)
    doctor.end()
    assert re.search(rf"\?\[2Jbad\?{re.escape(shown)}", doctor.text())
    assert "\x1b" not in doctor.text()
    piped = gateway.command("status")
    assert "한글" in piped.stdout


@pytest.mark.parametrize("size", SIZES)
def test_doctor_breaks_its_lines_between_words(gateway, open_terminal, size):
    columns, _ = SIZES[size]
    piped = gateway.command("doctor").stdout
    terminal = open_terminal(gateway, "doctor", columns=columns, rows=500)
    terminal.end()
    lines = terminal.text().splitlines()
    for line in lines:
        assert len(line) <= columns or " " not in line[6:].strip(), line
    changing = r"after \d+ ms|\d+ MB free"
    assert (re.sub(changing, "", " ".join(" ".join(lines).split()))
            == re.sub(changing, "", " ".join(piped.split())))  # fmt: skip
    assert any(line.startswith("      ") for line in piped.splitlines()), "advice has its own line"


def test_a_screen_goes_on_through_a_restart(make_gateway, open_terminal):
    gateway = make_gateway()
    terminal = open_terminal(gateway, "status", "--watch", columns=120)
    terminal.shows(r"database +writable")
    gateway.stop()
    terminal.shows(r"(?s)admin.sock.*start the gateway.*Asking again each second\.")
    wait_until(lambda: "writable" not in "\n".join(terminal.screen().lines), 10, "only that")
    gateway.start()
    terminal.shows(r"database +writable")


# ---- where nobody answers ----


@pytest.fixture
def idle(make_gateway):
    gateway = make_gateway(start=False)
    gateway.write_config()
    return gateway


def refuses(gateway, *words: str) -> None:
    for command in ASKING:
        done = gateway.command(*command)
        assert (done.returncode, done.stdout) == (1, ""), command
        for word in words:
            assert word in done.stderr, (command, done.stderr)
        assert done.stderr.count("\n") == 1


def test_it_does_not_run(idle):
    refuses(
        idle, "admin.sock: No such file", "start the gateway; if it runs, name the gateway.conf"
    )
    said = advice_of(idle)
    assert said["verdict"] == "warn"
    assert said["seen"].startswith("it does not run: ")
    assert said["advice"].startswith("start the gateway")


def test_it_has_died(make_gateway):
    gateway = make_gateway()
    gateway.kill()
    refuses(gateway, "admin.sock: Connection refused", "has died: its log says why; start it again")
    said = advice_of(gateway)
    assert said["verdict"] == "fail"
    assert "has died" in said["advice"]
    gateway.start()
    assert gateway.command("status").returncode == 0


def test_it_hangs(make_gateway):
    gateway = make_gateway()
    gateway.process.send_signal(signal.SIGSTOP)
    try:
        done = gateway.command("status")
        said = advice_of(gateway)
    finally:
        gateway.process.send_signal(signal.SIGCONT)
    assert done.returncode == 1
    assert "no answer within 10 s: the gateway hangs, or was stopped" in done.stderr
    assert said["verdict"] == "fail"
    assert said["seen"].startswith("it hangs: ")
    assert "restart it" in said["advice"]


@pytest.mark.timeout(120)
def test_nobody_accepts(idle):
    """A process that hangs has no place left for one who asks: that must not wait for ever."""
    (idle.folder / "data").mkdir()
    path = str(idle.folder / "data/admin.sock")
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(path)
        hung.listen(0)
        waiting = []
        try:
            while True:
                waiting.append(socket.socket(socket.AF_UNIX))
                waiting[-1].setblocking(False)
                waiting[-1].connect(path)
        except BlockingIOError:
            pass
        done = idle.command("status")
        for one in waiting:
            one.close()
    assert done.returncode == 1
    assert "nobody accepts there: the gateway hangs" in done.stderr


def test_no_socket_at_all(make_gateway):
    gateway = make_gateway(start=False, admin_socket="")
    gateway.write_config()
    refuses(gateway, "admin_socket is empty: set admin_socket in gateway.conf")
    assert advice_of(gateway)["verdict"] == "warn"


def test_another_program_answers(idle):
    (idle.folder / "data").mkdir()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(idle.folder / "data/admin.sock"))
        other.listen()
        asking = idle.start_command("status")
        connection, _ = other.accept()
        connection.sendall(b"220 mail.example.com ESMTP\r\n")
        connection.recv(65536)
        connection.close()
        _, said = asking.communicate(timeout=30)
    assert asking.returncode == 1
    assert "no gateway answers there: admin_socket in gateway.conf must be" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_the_socket_of_another_user():
    stranger = Stranger()
    path = stranger.folder / "admin.sock"
    try:
        config = stranger.write("gateway.conf", f"admin_socket = {path}\n")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            path.chmod(0o600)
            listening.listen()
            done = stranger.run("--config", config, "status")
            checked = stranger.run("--config", config, "doctor")
    finally:
        stranger.leave()
    assert done.returncode == 1
    assert "Permission denied: run this as root, or as the gateway's user" in done.stderr
    assert "WARN  gateway: it cannot be asked" in checked.stdout


# ---- where the output goes ----

WRITING = (["status"], ["status", "--json"], ["top"], ["log-level"], ["drain", "--off"],
           ["doctor", "--json"], ["completion", "bash"], ["check"], ["version"], ["--help"],
           ["ledger", "verify"], ["ledger", "export"], ["usage", "export"],
           ["status", "--watch"])  # fmt: skip


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_disk_without_room(gateway, words):
    with open("/dev/full", "w") as full:
        command = [BINARY, "--config", gateway.config, *words]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
                              env=gateway.env, cwd=gateway.folder)  # fmt: skip
    assert done.returncode == 1
    assert "standard output does not take" in done.stderr or "cannot be written" in done.stderr
