"""A disk that fails under the running program (failing_disk.c): nothing is answered that could not
be written, what was taken is settled once, the dashboard stays readable, and all goes on by itself
when the disk is well again; whatever happens meanwhile, the books are right."""

import contextlib
import random
import resource
import signal
import sqlite3
import threading
from decimal import Decimal

import answers
import pytest
from answers import Chat, Usage
from errors import check_error
from failing_disk import Disk
from gateway import Gateway
from load import Load
from prices import charge, usd
from rawhttp import chat_bytes
from wait import wait_until

FAULTS = ["eio", "enospc", "short", "sync"]
PRICE = charge("gpt-4o-mini", Usage(30, 20))
STREAMED = (
    b'{"model":"gpt-4o-mini","stream":true,"stream_options":{"include_usage":true},'
    b'"max_tokens":100,"messages":[{"role":"user","content":"x"}]}'
)
PLAIN = b'{"model":"gpt-4o-mini","max_tokens":100,"messages":[{"role":"user","content":"x"}]}'
NAMES = {STREAMED: "streamed", PLAIN: "plain"}


def all_faults(first: bytes):
    """Of each fault a body in an ordinary run, in turns: `first` is that of the first fault. What
    fails is below what is answered. With --long both."""
    bodies = sorted(NAMES, key=lambda body: body is not first)
    cases = []
    for number, fault in enumerate(FAULTS):
        for body in NAMES:
            marks = [] if body is bodies[number % 2] else [pytest.mark.long]
            cases.append(pytest.param(fault, body, id=f"{fault}-{NAMES[body]}", marks=marks))
    return pytest.mark.parametrize(("fault", "body"), cases)


KEEP_ALIVE = b": keep-alive\n"


@pytest.fixture
def disk(tmp_path):
    """Of the first gateway that make_gateway makes."""
    return Disk(tmp_path, tmp_path / "gateway0" / "gateway.db")


@pytest.fixture
def gateway(make_gateway, disk, provider):
    provider.answer = answers.chat(usage=Usage(30, 20))
    yield make_gateway(
        env=disk.env,
        prepare=lambda policies: policies.write("limits", "return {}\n"),
        durability="power",
        keepalive_comment_ms=100,
        drain_timeout_ms=500,
    )
    disk.heal()


@pytest.fixture
def customer(gateway):
    """With one call in the books."""
    customer = gateway.customer()
    assert customer.ask().status_code == 200
    customer.wait_for_no_hold()
    return customer


def is_ready(gateway: Gateway) -> bool:
    return gateway.http.get("/readyz").status_code == 200


def check_unwritable(response) -> None:
    """503 with everything that a client needs to come back."""
    check_error(response, 503, "ledger_unavailable", retry=True)
    assert response.headers["retry-after"] == "1"
    assert response.headers["retry-after-ms"] == "1000"


def check_refused(gateway, customer, provider) -> None:
    """The gateway knows: nothing reaches the provider."""
    wait_until(lambda: not is_ready(gateway), 10, "not ready")
    for streamed in (False, True):
        check_unwritable(customer.ask(stream=streamed, user="refused"))
    assert not any(b"refused" in request.body for request in provider.requests)
    assert gateway.is_alive()


def check_readable(customer, balance: Decimal, records: int) -> None:
    """What only reads, with the figures that are true."""
    wallet = customer.wallet()
    assert usd(wallet["balance"]) == usd(wallet["available"]) == balance
    assert usd(wallet["held"]) == 0
    me = customer.call("GET", "/auth/me", 200)
    assert me["user"]["email"] == customer.email
    assert usd(me["balance"]) == balance
    assert len(customer.records()) == records
    totals = customer.call("GET", "/usage", 200)["totals"]
    assert usd(totals["cost"]) == 10 - balance
    credits_ = customer.get("/credits").json()["data"]
    assert usd(credits_["total_credits"]) - usd(credits_["total_usage"]) == balance
    assert customer.get("/models").status_code == 200
    assert customer.get(f"/generation?id={customer.records()[0]['id']}").status_code == 200


def check_unchangeable(customer) -> None:
    """What would have to be written is refused, and says so."""
    for method, path, body in (
        ("POST", "/balance/charge", {"amount": "5"}),
        ("POST", "/keys", {"name": "another"}),
        ("DELETE", f"/keys/{customer.key_id}", None),
        ("POST", "/auth/signin", {"email": customer.email, "password": customer.password}),
    ):
        response = customer.web.request(method, path, json=body)
        check_error(response, 503, "unavailable", on_api=False, retry=True)
        assert response.headers["retry-after"] == "1"


@all_faults(STREAMED)
def test_fails_closed_and_goes_on(gateway, customer, disk, provider, fault, body):
    """The first call after the fault finds it: its hold is taken in memory, the provider may have
    been asked, and no answer gets out."""
    balance, streamed = 10 - PRICE, body is STREAMED
    disk.fail(fault)
    check_unwritable(customer.ask(stream=streamed))
    assert disk.refused > 0
    check_refused(gateway, customer, provider)
    check_readable(customer, balance, 1)
    check_unchangeable(customer)
    check_readable(customer, balance, 1)
    disk.heal()
    wait_until(lambda: is_ready(gateway), 10, "ready, without a restart")
    assert customer.ask(stream=streamed).status_code == 200
    customer.wait_for_no_hold()
    check_readable(customer, balance - PRICE, 2)
    customer.charge("5")
    assert customer.balance == 15 - 2 * PRICE


@contextlib.contextmanager
def file_size_limit(gateway, size: int):
    """ulimit -f, for the process that runs."""
    pid, endless = gateway.process.pid, resource.RLIM_INFINITY
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, endless))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (endless, endless))


@pytest.mark.parametrize("durability", ["power", "process"])
def test_limit_on_the_size_of_files(make_gateway, provider, durability):
    """What goes beyond it is an error as on a full disk, and not the end of the process."""
    provider.answer = answers.chat(usage=Usage(30, 20))
    gateway = make_gateway(durability=durability)
    customer = gateway.customer()
    assert customer.ask().status_code == 200
    customer.wait_for_no_hold()
    with file_size_limit(gateway, 0):
        check_unwritable(customer.ask())
        check_refused(gateway, customer, provider)
        check_readable(customer, 10 - PRICE, 1)
        check_unchangeable(customer)
    wait_until(lambda: is_ready(gateway), 10, "ready, without a restart")
    assert customer.ask().status_code == 200
    customer.wait_for_no_hold()
    check_readable(customer, 10 - 2 * PRICE, 2)


def test_limit_on_the_size_of_files_of_a_command(gateway):
    """It fails, says why, and leaves no half of a backup."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    target = gateway.folder / "backup.db"
    result = gateway.command("backup", str(target), preexec_fn=limit)
    assert result.returncode == 1
    assert result.stderr.startswith("llm-gateway: ")
    assert not target.exists()


def begin(gateway, customer, provider, body: bytes):
    """A call whose hold is on disk and whose answer ends when the gate opens."""
    gate = threading.Event()
    if body is STREAMED:
        provider.answer = answers.stream_of(Chat(usage=Usage(30, 20)), gates={2: gate})
    else:

        async def answer(connection, request):
            await connection.until(gate)
            await answers.chat(usage=Usage(30, 20))(connection, request)

        provider.answer = answer
    before = len(provider.requests)
    connection = gateway.connect()
    connection.send(chat_bytes(customer.key, body))
    if body is STREAMED:
        assert connection.read_head().status == 200
        connection.read_chunk()
    else:
        provider.wait_for_requests(before + 1)
    wait_until(lambda: open_holds(gateway) == 1, 10, "the hold on disk")
    return connection, gate


def open_holds(gateway) -> int:
    """On disk."""
    with contextlib.closing(sqlite3.connect(f"file:{gateway.database}?mode=ro", uri=True)) as base:
        return base.execute("SELECT count(*) FROM open_holds").fetchone()[0]


def read_until_silent(connection) -> bytes:
    """Until nothing comes any more but the comments that keep the connection alive. Those before
    the first event do not count: they come also while the machine is slow."""
    got, comments = b"", 0
    while comments < 3:
        chunk = connection.read_chunk()
        assert chunk, f"the stream has ended: {got}"
        comments = comments + 1 if got and chunk == KEEP_ALIVE else 0
        got += chunk.replace(KEEP_ALIVE, b"")
    return got


def fail_before_the_end(connection, gate, disk, fault, body) -> None:
    """The provider ends its answer while the disk fails: the end of it is not given."""
    disk.fail(fault)
    gate.set()
    disk.wait_for_refusals()
    if body is STREAMED:
        got = read_until_silent(connection)
        assert b"finish_reason" in got
        assert answers.DONE not in got
        assert b'"total_tokens"' not in got
    else:
        connection.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.read_head()
        connection.socket.settimeout(15)


def read_rest(connection, body) -> bytes:
    if body is PLAIN:
        reply = connection.read_reply()
        assert reply.status == 200
        return reply.body
    got = b""
    while chunk := connection.read_chunk():
        got += chunk
    assert got.endswith(answers.DONE)
    return got


@all_faults(STREAMED)
def test_answer_waits_for_its_settlement(gateway, customer, disk, provider, fault, body):
    """Its last bytes come when the disk is well again, and it is charged once."""
    connection, gate = begin(gateway, customer, provider, body)
    fail_before_the_end(connection, gate, disk, fault, body)
    check_refused(gateway, customer, provider)
    wallet = customer.wallet()
    assert usd(wallet["balance"]) == 10 - PRICE
    assert usd(wallet["held"]) > PRICE, "held until it is settled"
    assert len(customer.records()) == 1
    disk.heal()
    rest = read_rest(connection, body)
    assert b'"cost":%s' % str(PRICE.normalize()).encode() in rest.replace(b" ", b"")
    connection.close()
    customer.wait_for_no_hold()
    check_readable(customer, 10 - 2 * PRICE, 2)


def test_client_that_leaves_meanwhile(gateway, customer, disk, provider):
    """What he had received he pays, once, as soon as it can be written."""
    connection, gate = begin(gateway, customer, provider, STREAMED)
    disk.fail("enospc")
    connection.close()
    disk.wait_for_refusals()
    gate.set()
    check_refused(gateway, customer, provider)
    assert len(customer.records()) == 1
    disk.heal()
    assert customer.wait_for_record(2)["usage_source"] == "partial"
    customer.wait_for_no_hold()
    assert len(customer.records()) == 2


# ---- its end ----


def check_after_restart(gateway, customer, disk, provider, in_doubt=False) -> None:
    """The hold is void; or, when the sync had failed, settled: it was in the log, and nobody had
    been told that it is not."""
    disk.heal()
    provider.answer = answers.chat(usage=Usage(30, 20))
    gateway.verify_ledger()
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    assert open_holds(gateway) == 0
    settled = len(customer.records()) - 1
    assert settled in ((0, 1) if in_doubt else (0,))
    check_readable(customer, 10 - (1 + settled) * PRICE, 1 + settled)
    assert customer.ask().status_code == 200
    customer.wait_for_no_hold()
    gateway.verify_ledger()


@all_faults(PLAIN)
def test_kill_while_it_fails(gateway, customer, disk, provider, fault, body):
    connection, gate = begin(gateway, customer, provider, body)
    fail_before_the_end(connection, gate, disk, fault, body)
    gateway.kill()
    assert answers.DONE not in connection.read_to_end()
    check_after_restart(gateway, customer, disk, provider, in_doubt=fault == "sync")


def check_refused_at_the_end(rest: bytes) -> None:
    assert b'data: {"error":{' in rest
    assert b'"code":"ledger_unavailable"' in rest
    assert b'"total_tokens"' not in rest


def begin_beyond_its_money(gateway, customer, provider):
    """A stream that money ends when the gate opens."""
    gate = threading.Event()
    events = [answers.content_event("x" * 400)] * 40
    provider.answer = answers.stream(events, gates={2: gate})
    connection = gateway.connect()
    connection.send(chat_bytes(customer.key, STREAMED.replace(b'"max_tokens":100,', b"")))
    assert connection.read_head().status == 200
    return connection, gate


def test_stop_while_it_fails(gateway, customer, disk, provider):
    """It waits, then gives up and says so: to the client, in the log, by its exit status. So it is
    with an answer that money has ended; no cost of it is told."""
    poor = gateway.customer(credit="0.0005")
    connection, gate = begin(gateway, customer, provider, PLAIN)
    ended, money_gate = begin_beyond_its_money(gateway, poor, provider)
    wait_until(lambda: open_holds(gateway) == 2, 10, "the holds on disk")
    fail_before_the_end(connection, gate, disk, "enospc", PLAIN)
    money_gate.set()
    disk.wait_for_refusals()
    assert answers.DONE not in read_until_silent(ended)
    gateway.signal(signal.SIGTERM)
    reply = connection.read_reply()
    assert reply.status == 503
    assert reply.json["error"]["code"] == "ledger_unavailable"
    check_refused_at_the_end(ended.read_to_end())
    gateway.wait_for_exit(code=1)
    assert gateway.logs("could not be written")
    check_after_restart(gateway, customer, disk, provider)
    poor.web.base_url = gateway.origin + "/api"
    assert poor.balance == Decimal("0.0005")


@pytest.mark.long
def test_stop_while_a_stream_cannot_end(gateway, customer, disk, provider):
    """In an ordinary run test_failing_disk_dialects.py does it with every dialect."""
    connection, gate = begin(gateway, customer, provider, STREAMED)
    fail_before_the_end(connection, gate, disk, "sync", STREAMED)
    gateway.signal(signal.SIGTERM)
    check_refused_at_the_end(connection.read_to_end())
    gateway.wait_for_exit(code=1)
    check_after_restart(gateway, customer, disk, provider)


@pytest.mark.parametrize("fault", ["eio", "enospc", "sync"])
def test_start_on_a_failing_disk(gateway, customer, disk, provider, fault):
    """A crash has left a hold that must be ended before anything is served."""
    connection, gate = begin(gateway, customer, provider, STREAMED)
    gateway.kill()
    gate.set()
    connection.close()
    disk.fail(fault)
    result = gateway.command("serve")
    assert result.returncode == 1
    assert "cannot start" in result.stderr
    check_after_restart(gateway, customer, disk, provider)


# ---- under load ----


def complete_call(gateway, key: str, body: bytes) -> str | None:
    """The id of a call that was answered to its last byte, None for one that was refused."""
    with gateway.connect(timeout=30) as connection:
        connection.send(chat_bytes(key, body))
        reply = connection.read_reply()
    if reply.status != 200:
        assert reply.status == 503
        assert reply.json["error"]["code"] == "ledger_unavailable"
        return None
    if body is STREAMED:
        assert reply.body.endswith(answers.DONE)
    assert b'"cost"' in reply.body, reply.body
    return reply.headers["x-request-id"]


def all_records(customer) -> list[dict]:
    records, cursor = [], {}
    while cursor is not None:
        page = customer.call("GET", "/usage", 200, params={"limit": 100, **cursor})
        records += page["data"]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    return records


def test_no_free_answer_between_fault_and_discovery(gateway, disk, provider, is_long):
    """The disk comes and goes under calls of every kind: each complete answer is charged once,
    and nothing else is."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    customer = gateway.customer()

    def call(number: int) -> str | None:
        got = complete_call(gateway, customer.key, STREAMED if number % 2 else PLAIN)
        if got is None:
            wait_until(lambda: is_ready(gateway), 10, "ready")
        return got

    def step() -> None:
        refused = disk.refused
        disk.fail(chance.choice(FAULTS))
        if chance.random() < 0.8:
            wait_until(lambda: disk.refused > refused, 10, "a refusal")
        disk.heal()
        if chance.random() < 0.5:
            wait_until(lambda: is_ready(gateway), 10, "ready")

    def has_both() -> bool:
        return None in load.results and any(load.results)

    with Load(8, call) as load:
        steps = load.run_for(120 if is_long else 6, step, 0.02, has_both)
    customer.wait_for_no_hold()
    complete = [got for got in load.results if got is not None]
    print(f"{steps} faults, {len(complete)} answers, {load.results.count(None)} refusals")
    assert complete
    assert None in load.results
    charged = [record["id"] for record in all_records(customer) if usd(record["cost"]) > 0]
    assert sorted(charged) == sorted(complete)
    assert 10 - customer.balance == len(complete) * PRICE
