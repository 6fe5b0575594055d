"""The harness itself: a generator that counts what is lost, clocks that see a stall, books that
must be right, a ledger that adds up. What it says about speed is not tested here."""

import importlib.util
import json
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import dashboard
import instructions
import ledgers
import lockstep
import pytest
from books import Void, charge_nusd
from figures import Figure
from processes import Load, Provider
from stage import new_gateway, verify

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WORDS = 4
DONE = b"data: [DONE]\n\n"


def word(number):
    return b'data: {"choices":[{"delta":{"content":" w%05d"}}]}\n\n' % number


def chunked(parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


class Server:
    """Answers each request with `answer(number)` on as many connections as come."""

    path = "/v1/chat/completions"

    def __init__(self, answer):
        self.answer = answer
        self.count = 0
        self.request = b""  # the last one
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        data = b""
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while got := connection.recv(65536):
                data += got
                if not data.endswith(b"}"):  # the end of the request's body
                    continue
                self.request, data = data, b""
                with self.lock:
                    number, self.count = self.count, self.count + 1
                for part in self.answer(number):
                    connection.sendall(part)


@contextmanager
def serving(answer):
    server = Server(answer)
    try:
        yield server
    finally:
        server.listener.close()


@pytest.fixture
def load(tmp_path, cpus):
    keys = tmp_path / "keys"
    keys.write_text("key\n")

    def run(server, **options):
        return Load(server, cpus.measuring, keys, **options).wait()

    return run


def one_stream(load, reply):
    with serving(lambda _: [reply]) as server:
        return load(server, requests=1, stream=WORDS)


def test_a_whole_stream_is_an_answer(load):
    result = one_stream(load, HEAD + chunked([word(n) for n in range(WORDS)] + [DONE]))
    assert (result["answers"], result["failed"], result["events_lost"]) == (1, 0, 0)
    assert result["events"] == WORDS


def test_a_stream_may_come_in_any_pieces(load):
    events = b"".join(word(n) for n in range(WORDS)) + b": keep-alive\n\n" + DONE
    reply = HEAD + chunked([events[n : n + 7] for n in range(0, len(events), 7)])

    def bytewise(_):
        for n in range(len(reply)):
            yield reply[n : n + 1]

    with serving(bytewise) as server:
        result = load(server, requests=2, stream=WORDS)
    assert (result["answers"], result["events_lost"]) == (2, 0)


@pytest.mark.parametrize(
    ("events", "lost", "incomplete"),
    [
        ([word(0), word(1), word(3), DONE], 1, 0),
        ([word(0), word(1), DONE], 2, 0),
        ([word(0), word(2), word(1), word(3), DONE], 3, 0),
        ([word(0), word(0), word(1), word(2), word(3), DONE], 1, 0),
        ([word(0), word(1), word(2), word(3)], 0, 1),
        ([word(0), word(1), word(2), word(3), b'data: {"error":{}}\n\n', DONE], 0, 1),
    ],
    ids=["gap", "short", "disorder", "twice", "no end", "error"],
)
def test_what_is_lost_is_counted(load, events, lost, incomplete):
    result = one_stream(load, HEAD + chunked(events))
    assert (result["answers"], result["failed"]) == (0, 1)
    assert (result["events_lost"], result["incomplete"]) == (lost, incomplete)


def test_another_status_is_no_answer(load):
    with serving(lambda _: [b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}"]) as server:
        result = load(server, requests=1)
    assert (result["answers"], result["failed"]) == (0, 1)


def test_a_prompt_may_be_korean_and_is_as_long(load):
    with serving(lambda _: stall_once(0)) as server:
        prompts = []
        for korean in (0, 1):
            load(server, requests=1, korean=korean, prompt_bytes=5000, model="a-model")
            body = json.loads(server.request.split(b"\r\n\r\n", 1)[1])
            prompts.append(body["messages"][0]["content"])
    english, korean = prompts
    assert body["model"] == "a-model"
    assert english.isascii()
    assert sum("가" <= letter <= "힣" for letter in korean) > 1000
    escapes = [prompt.count('"') + prompt.count("\n") for prompt in prompts]
    sizes = [len(prompt.encode()) + count for prompt, count in zip(prompts, escapes, strict=True)]
    assert sizes == [5000, 5000]


def stall_once(number):
    if number == 50:
        time.sleep(1)
    return [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]


def test_an_open_loop_counts_a_stall_against_all_that_it_delayed(load):
    """One of 200 requests stalls for a second, and with it, on this one connection, a hundred that
    were due meanwhile. A clock that started when they were sent would not see it."""
    with serving(stall_once) as server:
        result = load(server, connections=1, rate=100, seconds=2, warmup_ms=0)
    assert result["latency_us"]["count"] == 200
    assert result["latency_us"]["p90"] > 300_000


def test_what_is_never_answered_is_counted(load):
    with serving(lambda number: [] if number else stall_once(0)) as server:
        result = load(server, connections=2, seconds=1, warmup_ms=0, drain_ms=500)
    assert (result["answers"], result["unanswered"]) == (1, 2)


def test_the_books_are_right_after_a_run_and_wrong_after_meddling(bench, cpus, tmp_path):
    with Provider(cpus.measuring, answer_bytes=1024) as provider:
        gateway = new_gateway(bench, tmp_path / "gateway", provider, accounts=3)
        books = gateway.books
        mark = books.mark()
        with gateway:
            load = Load(gateway, cpus.measuring, books.keys_path, connections=4, requests=50)
            result = load.wait()
    assert result["answers"] == 50
    books.audit(mark, result)
    verify(gateway)
    assert books.mark()[1][1] == mark[1][1] - 50 * charge_nusd(0)

    with pytest.raises(Void, match="usage records more than answers"):
        books.audit(mark, result | {"answers": 51})
    with pytest.raises(Void, match="requests failed"):
        books.audit(mark, result | {"failed": 1})
    with pytest.raises(Void, match="not as they must be"):
        books.audit(mark, result, words=7)
    with books.connect() as db:
        db.execute("INSERT INTO open_holds VALUES ('req_x', 'acct_x', '', 1, 1)")
    with pytest.raises(Void, match="1 holds are open"):
        books.audit(mark, result)
    with db:
        db.execute("DELETE FROM open_holds")
        db.execute("UPDATE balances SET debited_nusd = debited_nusd + 1 WHERE floor_zero = 1")
    with pytest.raises(Void, match="nUSD differ"):
        books.audit(mark, result)
    with pytest.raises(Void, match="balance of acct_"):
        verify(gateway)
    db.close()


def test_a_stream_in_lockstep_is_whole_and_paid(bench, tmp_path):
    with lockstep.Provider() as provider:
        gateway = new_gateway(bench, tmp_path / "gateway", provider)
        with gateway:
            mark = gateway.books.mark()
            key = gateway.books.keys_path.read_text().strip()
            stream = lockstep.Stream(gateway, provider, key)
            for count in [1, 16, 1]:
                stream.pass_on(count)
            stream.end()
            result = {"answers": 1, "failed": 0, "unanswered": 0, "events_lost": 0}
            gateway.books.audit(mark, result, words=18)
        verify(gateway)


def test_a_commit_that_is_none_is_not_built():
    with pytest.raises(SystemExit, match="no commit nonesuch"):
        instructions.build("nonesuch")


def test_a_made_ledger_adds_up_and_serves(bench, cpus, monkeypatch, tmp_path):
    monkeypatch.setattr(ledgers, "KEPT", tmp_path / "kept")
    with Provider(cpus.measuring, answer_bytes=1024) as provider:
        gateway, cookies = ledgers.gateway(bench, tmp_path / "made", provider, 5000)
        with gateway:
            asked = dashboard.ask(gateway, cookies, 5000, times=1)
            assert asked.failed == {}
            assert "audit log: next page" in asked.taken_ms
            mark = gateway.books.mark()
            keys = gateway.books.first_key_path
            gateway.books.audit(mark, Load(gateway, cpus.measuring, keys, requests=5).wait())
        assert mark[0] == 5000
        gateway.command("ledger", "verify")


@pytest.mark.parametrize(
    ("value", "more_is_better", "verdict"),
    [(1, False, "aim"), (2, False, "must"), (3, False, "FAIL"), (1, True, "FAIL")],
)
def test_a_figure_knows_its_targets(value, more_is_better, verdict):
    targets = {"must": 2, "aim": 1} if not more_is_better else {"must": 2, "aim": 3}
    figure = Figure("x", values=[value], more_is_better=more_is_better, **targets)
    assert figure.verdict == verdict
    figure.doubts = 1
    assert figure.verdict == "doubtful"


def void(_):
    """a workload whose books are wrong"""
    raise Void("1 holds are open")


def test_a_run_with_wrong_books_has_no_speed(bench, capsys, monkeypatch):
    path = Path(__file__).with_name("__main__.py")
    spec = importlib.util.spec_from_file_location("bench_main", path)
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)
    monkeypatch.setitem(main.WORKLOADS, "void", void)
    results = main.measure(bench, ["void"])
    assert main.summarize(results) == 1
    assert "NO SPEED: 1 holds are open" in capsys.readouterr().out
    assert main.as_json(results, bench)["workloads"][0]["void"] == "1 holds are open"
