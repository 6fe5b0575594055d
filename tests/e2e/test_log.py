"""The log holds nothing up: not the requests, not SIGHUP, not SIGTERM, whatever its reader or its
disk do; and what it loses it counts."""

import os
import signal
import threading

import answers
import pytest
from gateway import Gateway
from load import Load
from prices import Price
from wait import wait_until

PATH = "/v1/" + "x" * 123  # as much of it as stands in a line of the log
REQUESTS = 7000  # more than the pipe and what waits in memory hold of such lines
AT_ONCE = 50


class PipedGateway(Gateway):
    """Its stderr is a pipe whose reader copies what comes, until it is told to stall."""

    def open_stderr(self):
        read_end, write_end = os.pipe()
        self.reading = threading.Event()
        self.reading.set()
        self.reader = threading.Thread(target=self._copy, args=[read_end])
        self.reader.start()
        return os.fdopen(write_end, "wb")

    def _copy(self, read_end: int) -> None:
        with os.fdopen(read_end, "rb", buffering=0) as pipe, self.stderr_path.open("ab") as file:
            while data := pipe.read(65536):
                file.write(data)
                file.flush()
                self.reading.wait()


@pytest.fixture
def piped(provider, tmp_path):
    gateway = PipedGateway(tmp_path, provider)
    gateway.start()
    yield gateway
    gateway.abandon()
    gateway.reading.set()
    gateway.reader.join()


def ask_much(gateway) -> None:
    with gateway.connect() as connection:
        for _ in range(REQUESTS // AT_ONCE):
            connection.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % PATH.encode() * AT_ONCE)
            for _ in range(AT_ONCE):
                assert connection.read_reply().status == 404


def test_stalled_reader_stops_no_request(piped, provider):
    """Nor a reload; when the log is read again, each line is there or counted."""
    customer = piped.customer()
    piped.reading.clear()
    ask_much(piped)
    assert customer.ask().status_code == 200
    piped.policies.model("new", Price("1", "2"))
    piped.signal(signal.SIGHUP)
    wait_until(lambda: customer.ask("new").status_code == 200, 10, "the new policies")
    piped.reading.set()
    customer.ask()
    wait_until(lambda: piped.logged("log lines were lost"), 10, "the count of lost lines")

    def accounted() -> bool:
        lost = sum(line["lines"] for line in piped.logged("log lines were lost"))
        return lost > 0 and len(piped.logged("exchange", path=PATH)) + lost >= REQUESTS

    wait_until(accounted, 10, "all lines or their number")
    piped.stop()


def test_stalled_reader_stops_no_end(piped):
    piped.reading.clear()
    ask_much(piped)
    piped.signal(signal.SIGTERM)
    piped.wait_for_exit(15)
    piped.verify_ledger()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_log_file_is_opened_again(make_gateway, provider, number):
    """logrotate: the file is moved away, SIGHUP, or SIGUSR1 as nginx has it; no line is lost or
    cut."""
    gateway = make_gateway(log_file="gateway.log")
    customer = gateway.customer()
    provider.answer = answers.chat()
    moved = gateway.folder / "gateway.log.1"

    def call(_number: int) -> str:
        response = customer.ask()
        assert response.status_code == 200
        return response.headers["x-request-id"]

    with Load(4, call) as load:
        wait_until(lambda: load.failures or len(load.results) > 20, 10, "some calls")
        gateway.log_path.rename(moved)
        gateway.signal(number)
        wait_until(lambda: gateway.log_path.exists(), 10, "a new log file")
        before = len(load.results)
        wait_until(lambda: load.failures or len(load.results) > before + 20, 10, "some calls")
    asked = set(load.results)

    def written() -> list[str]:
        lines = moved.read_text() + gateway.log_path.read_text()
        return [request for request in asked if f'"request_id":"{request}"' in lines]

    wait_until(lambda: len(written()) == len(asked), 10, "a line for each request")
    assert asked & {line.get("request_id") for line in gateway.log()}
    assert gateway.stderr() == ""
    gateway.stop()
    assert gateway.logged("stopped")


def test_log_file_that_cannot_be_opened(make_gateway):
    gateway = make_gateway(start=False, log_file="missing/gateway.log")
    result = gateway.command("serve")
    assert result.returncode == 1
    path = gateway.folder / "missing/gateway.log"
    assert f"log_file = {path} cannot be opened" in result.stderr

    gateway.log_path = gateway.folder / "gateway.log"
    gateway.settings["log_file"] = "gateway.log"
    gateway.start()
    gateway.settings["log_file"] = "missing/gateway.log"
    gateway.write_config()
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.logged("the log goes on where it was"), 10, "a line about it")
    (gateway.folder / "missing").mkdir()
    gateway.signal(signal.SIGHUP)
    gateway.log_path = gateway.folder / "missing" / "gateway.log"
    wait_until(lambda: gateway.logged("policies reloaded"), 10, "the other file")


def test_a_page_that_stays_open_fills_no_log(customer, gateway):
    """It asks every second; only what was new is told."""

    pulse = customer.web.get("/pulse")
    asked = [pulse]
    for _ in range(3):
        again = customer.web.get("/pulse", headers={"If-None-Match": pulse.headers["etag"]})
        assert again.status_code == 304
        asked.append(again)
    ids = [reply.headers["x-request-id"] for reply in (*asked, customer.web.get("/auth/me"))]
    gateway.logs("exchange", request_id=ids[-1])  # the lines before it are written, too
    told = [line for line in gateway.logged("exchange") if line["request_id"] in ids]
    assert [line["request_id"] for line in told if line["level"] != "debug"] == [ids[0], ids[-1]]
