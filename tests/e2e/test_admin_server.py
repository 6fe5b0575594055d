"""The admin socket and its commands: status, top, drain, log-level; and metrics_listen."""

import contextlib
import json
import signal
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import answers
import httpx2 as httpx
import pytest
from answers import Chat, Usage
from hung import hung
from rawhttp import chat_bytes, request_bytes
from wait import wait_until

STREAM = (
    b'{"stream":true,"model":"gpt-4o-mini","messages":[{"role":"user","content":"x"}],'
    b'"max_tokens":100}'
)


def admin_of(gateway) -> httpx.Client:
    transport = httpx.HTTPTransport(uds=str(gateway.folder / "data/admin.sock"))
    return httpx.Client(base_url="http://admin", transport=transport, trust_env=False)


def ask_and_leave(gateway, method: str, path: str, count: int = 20) -> None:
    """Clients that do not wait for their reply. The server may close at once: it has room for
    few."""
    for _ in range(count):
        with socket.socket(socket.AF_UNIX) as left, contextlib.suppress(BrokenPipeError):
            left.connect(str(gateway.folder / "data/admin.sock"))
            left.sendall(request_bytes(method, path))


@contextlib.contextmanager
def admitted(gateway) -> Iterator[httpx.Client]:
    """A client that has its connection: those who left may still be counted for a moment, and the
    server has few."""
    with admin_of(gateway) as admin:

        def is_in() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return admin.get("/healthz").status_code != 503
            return False

        wait_until(is_in, what="a connection to the admin server")
        yield admin


def status_of(gateway) -> dict:
    return json.loads(gateway.value_of("status", "--json"))


@contextlib.contextmanager
def a_stream(gateway, provider):
    """A customer's stream that has said something, and ends when the gate opens."""
    customer = gateway.customer()
    gate = threading.Event()
    provider.answer = answers.stream_of(Chat(usage=Usage(30, 20)), gates={2: gate})
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, STREAM))
        assert connection.read_head().status == 200
        connection.read_chunk()
        yield customer, connection, gate
        gate.set()


@pytest.fixture
def streaming(gateway, provider):
    with a_stream(gateway, provider) as stream:
        yield stream


@pytest.mark.quick
def test_status_tells_what_runs(gateway, streaming):
    _customer, connection, gate = streaming
    # Workers show their figures each tenth of a second.
    status = wait_until(lambda: (s := status_of(gateway))["streams_open"] == 1 and s, 5, "a stream")
    assert status["state"] == "serving"
    assert status["pid"] == gateway.process.pid
    assert status["calls_open"] == 1
    assert status["exchanges"] >= 1
    assert status["connections"] >= 1
    assert status["holds"]["open"] == 1
    assert float(status["holds"]["held"]) > 0
    assert status["url"] == gateway.origin
    assert len(status["workers"]) == 2
    assert sum(worker["exchanges"] for worker in status["workers"]) == status["exchanges"]
    text = gateway.command("status").stdout
    assert "1 run, 1 of them stream" in text
    assert "holds        1 open, $" in text
    assert status["policies"]["revision"][:12] in text
    gate.set()
    while connection.read_chunk():
        pass
    wait_until(lambda: status_of(gateway)["calls_open"] == 0, 5, "its end")


def test_top_lists_the_calls_that_run(gateway, streaming):
    listed = json.loads(gateway.value_of("top", "--json"))
    assert listed["running"] == 1
    (call,) = listed["calls"]
    assert call["model"] == "gpt-4o-mini"
    assert call["provider"] == "openai"
    assert call["state"] == "answering"
    assert call["attempts"] == 1
    assert 0 <= call["first_byte_ms"] <= call["age_ms"]
    assert call["id"].startswith("req_")
    assert float(call["held"]) > 0
    text = gateway.command("top").stdout
    row = next(line for line in text.splitlines() if call["id"] in line)
    assert "gpt-4o-mini" in row
    assert call["user_id"] in row
    assert call["key_id"] in row


def test_a_model_name_cannot_write_to_the_terminal(gateway, provider):
    """The name is the customer's text until the policy knows it."""
    customer = gateway.customer()
    gate = threading.Event()
    provider.script("gpt-4o-mini", answers.stream_of(Chat(), gates={0: gate}))
    body = STREAM.replace(b"gpt-4o-mini", b"gpt-4o-mini\\u001b[31m")
    with gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, body))
        assert connection.read_head().status == 404
        assert "\x1b" not in gateway.command("top").stdout
    gate.set()


def test_drain_takes_it_out_of_the_balancer(make_gateway, provider):
    gateway = make_gateway()
    with a_stream(gateway, provider) as (customer, _connection, gate):
        late = gateway.command("drain", "--timeout", "0")
        assert late.returncode == 2
        assert "1 exchange runs" in late.stdout
        ready = gateway.http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json() == {"status": "draining"}
        # What comes all the same is served, and then sent elsewhere.
        provider.answer = answers.chat()
        wait_until(
            lambda: gateway.http.get("/healthz").headers.get("connection") == "close", 5, "close"
        )
        assert customer.ask().status_code == 200
        waiting = gateway.start_command("drain", "--timeout", "20")
        assert waiting.stdout.readline() == "draining\n"
        assert waiting.stdout.readline() == "1 exchange runs\n"
        gate.set()
        assert waiting.communicate(timeout=20)[0].endswith("nothing runs any more\n")
        assert waiting.returncode == 0
    assert gateway.value_of("drain", "--off") == "serving"
    assert gateway.http.get("/readyz").status_code == 200
    wait_until(
        lambda: gateway.http.get("/healthz").headers.get("connection") != "close", 5, "keep-alive"
    )


def test_the_log_level_holds_until_a_reload(make_gateway):
    gateway = make_gateway()
    assert gateway.value_of("log-level") == "info"
    assert gateway.value_of("log-level", "debug") == "debug"
    customer = gateway.customer()
    assert customer.ask().status_code == 200
    assert gateway.value_of("log-level", "error") == "error"
    assert customer.ask().status_code == 200
    assert gateway.value_of("log-level", "debug") == "debug"
    gateway.logs("the log's level is set", 2)  # what came before is written, too
    (only,) = gateway.logged("exchange", path="/api/v1/chat/completions")
    assert only["level"] == "info"
    refused = gateway.command("log-level", "loud")
    assert refused.returncode == 1
    assert "must be debug, info, warn or error" in refused.stderr
    assert gateway.value_of("log-level") == "debug"
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.value_of("log-level") == "info", 10, "the level of gateway.conf")


def test_only_its_user_and_root_may_connect(gateway):
    path = gateway.folder / "data/admin.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_of_a_dead_gateway_is_replaced(make_gateway):
    gateway = make_gateway()
    gateway.kill()
    assert (gateway.folder / "data/admin.sock").exists()
    lost = gateway.command("status")
    assert lost.returncode == 1
    assert "Connection refused" in lost.stderr
    assert "its log says why; start it again" in lost.stderr
    gateway.start()
    assert status_of(gateway)["state"] == "serving"
    gateway.stop()
    assert not (gateway.folder / "data/admin.sock").exists()


def test_a_second_gateway_does_not_take_the_socket(make_gateway):
    first = make_gateway()
    path = first.folder / "data/admin.sock"
    second = make_gateway(start=False, admin_socket=path)
    second.spawn()
    second.wait_for_exit(code=1)
    assert "another process does so already" in second.stderr()
    assert status_of(first)["pid"] == first.process.pid


def test_a_file_that_is_no_socket_stays(make_gateway):
    gateway = make_gateway(start=False, admin_socket="precious")
    (gateway.folder / "precious").write_text("kept")
    gateway.spawn()
    gateway.wait_for_exit(code=1)
    assert "cannot listen on" in gateway.stderr()
    assert (gateway.folder / "precious").read_text() == "kept"


def test_a_path_longer_than_an_address_takes(make_gateway):
    folder = "a" * 100 + "/" + "b" * 100
    gateway = make_gateway(admin_socket=f"{folder}/admin.sock")
    assert (gateway.folder / folder / "admin.sock").is_socket()
    assert status_of(gateway)["state"] == "serving"


def test_it_can_be_off(make_gateway):
    gateway = make_gateway(admin_socket="")
    assert not (gateway.folder / "data").exists()
    told = gateway.command("status")
    assert told.returncode == 1
    assert "admin_socket is empty" in told.stderr


def test_metrics_listen_shows_no_customer(make_gateway):
    gateway = make_gateway(metrics_listen="127.0.0.1:0")
    (line,) = gateway.logs("metrics")
    with httpx.Client(base_url=f"http://127.0.0.1:{line['port']}", trust_env=False) as web:
        assert web.get("/healthz").json() == {"status": "ok"}
        for path in ("/status", "/calls", "/log-level", "/drain"):
            assert web.get(path).status_code == 404, path
        assert web.put("/drain").status_code == 404
    assert status_of(gateway)["state"] == "serving"


@pytest.mark.parametrize("address", ["", "9464", "127.0.0.1:99999", "localhost:9464"])
def test_a_bad_metrics_listen_is_refused(make_gateway, address):
    if not address:
        assert make_gateway(metrics_listen=address).is_alive()
        return
    gateway = make_gateway(start=False, metrics_listen=address)
    gateway.spawn()
    gateway.wait_for_exit(code=1)
    assert "127.0.0.1:3000" in gateway.stderr()


def test_metrics_listen_of_another_process(make_gateway):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gateway = make_gateway(start=False, metrics_listen=f"127.0.0.1:{taken.getsockname()[1]}")
        gateway.spawn()
        gateway.wait_for_exit(code=1)
        assert "cannot listen on 127.0.0.1" in gateway.stderr()


def test_what_is_no_request_is_refused(gateway):
    with admin_of(gateway) as admin:
        assert admin.get("/nothing").status_code == 404
        assert admin.delete("/status").status_code == 405
        assert admin.post("/drain", content=b"x" * 100_000).status_code == 413
        head = admin.head("/status")
        assert head.status_code == 200
        assert not head.content
    with socket.socket(socket.AF_UNIX) as plain:
        plain.connect(str(gateway.folder / "data/admin.sock"))
        plain.sendall(b"status\n\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_a_worker_that_hangs_shows(make_gateway):
    """The admin thread is no worker's."""
    gateway = make_gateway(workers=2, start=False)
    gateway.start()
    pid = gateway.process.pid
    with hung(pid, "worker"):
        text = wait_until(
            lambda: "HANGS" in (t := gateway.command("status").stdout) and t, 20, "the hung one"
        )
        assert text.count("HANGS") == 1
        gateway.process.kill()
    gateway.process.wait()
    gateway.process = None


def test_many_listings_at_once(gateway, streaming):
    """Also while clients leave before their reply."""
    ask_and_leave(gateway, "GET", "/calls")
    with admitted(gateway) as admin:
        for _ in range(20):
            assert admin.get("/calls").json()["running"] == 1


def test_a_command_is_in_force_when_it_returns(gateway, provider):
    """A script that makes a key uses it at once."""
    gateway.value_of("user", "create", "script@example.com")
    gateway.value_of("credit", "script@example.com", "5")
    for _ in range(10):
        key = gateway.value_of("key", "create", "script@example.com")
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}]}
        answer = gateway.http.post(
            "/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code == 200, answer.text


class BusyAdmin:
    """An admin socket that has no room for the first `refusals` who ask: they get a reply, or none
    (`drops`)."""

    def __init__(self, path: Path, refusals: float, drops: bool = False):
        path.parent.mkdir(exist_ok=True)
        self.asked: list[bytes] = []
        self.refusals = refusals
        self.drops = drops
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.socket.accept()
            with connection:
                self.asked.append(connection.recv(4096).split(b"\r\n")[0])
                if self.drops and len(self.asked) <= self.refusals:
                    continue
                status = "503 Busy" if len(self.asked) <= self.refusals else "200 OK"
                connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.mark.parametrize("drops", [False, True], ids=["refuses", "drops"])
@pytest.mark.parametrize("refusals", [0, 3, float("inf")])
def test_a_command_asks_a_busy_gateway_again(make_gateway, refusals, drops):
    """Until its change is in force, and not for ever: the gateway looks by itself, too."""
    gateway = make_gateway(start=False)
    admin = BusyAdmin(gateway.folder / "data/admin.sock", refusals, drops)
    gateway.value_of("user", "create", "script@example.com")
    assert set(admin.asked) == {b"PUT /refresh HTTP/1.1"}
    if refusals < 10:
        assert len(admin.asked) == refusals + 1
    else:
        assert len(admin.asked) > 3


def test_status_of_a_gateway_that_has_no_room(make_gateway):
    """Who asks is told what to do, and not that there is no gateway."""
    gateway = make_gateway(start=False)
    BusyAdmin(gateway.folder / "data/admin.sock", 1, drops=True)
    said = gateway.command("status").stderr
    assert "closed without a reply: it has no room" in said
    assert "try again" in said


def test_a_refresh_of_a_client_that_leaves(gateway):
    ask_and_leave(gateway, "PUT", "/refresh")
    with admitted(gateway) as admin:
        assert admin.put("/refresh").json() == {"refreshed": True}
