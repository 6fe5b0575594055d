"""Idempotency-Key when something breaks: the client leaves, the gateway stops or is killed, an SDK
sends again by itself. The call is paid once, and the retry gets all of its answer."""

import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count

import answers
import httpx2 as httpx
import openai
import pytest
from answers import Chat, Usage
from customer import QUESTION
from errors import check_error
from failing_disk import Disk
from idempotent import HEADER, MODEL, check_same, is_replay, kept, writing_held_up
from prices import Price, charge, usd
from rawhttp import chat_bytes
from test_backpressure import stalled
from test_drain import refuses
from test_gone import LEAVE
from wait import wait_until

# Fewer tokens than its text looks like: what is taken for cut is charged by its looks, too.
USAGE = Usage(40, 3)
PRICE = charge(MODEL, USAGE)
FORMS = {
    "whole": {},
    "streamed": {"stream": True},
    "streamed with usage": {"stream": True, "stream_options": {"include_usage": True}},
}
numbers = count(1)


@pytest.fixture
def key() -> str:
    return f"retry {next(numbers)}"


@pytest.fixture
def gate():
    opened = threading.Event()
    yield opened
    opened.set()


def gated(gate: threading.Event, at: int = 0, usage: Usage = USAGE):
    """The usual answer; a stream stops before its event `at`, a whole one before it begins, until
    the gate opens."""
    completion = Chat(usage=usage)

    async def answer(connection, request):
        if request.json.get("stream"):
            how = answers.stream_of(completion, gates={at: gate})
            await how(connection, request)
        else:
            await connection.until(gate)
            await answers.chat(usage=usage)(connection, request)

    return answer


def body_of(**fields) -> bytes:
    return json.dumps({"model": MODEL, "messages": list(QUESTION), **fields}).encode()


def send(connection, customer, key, **fields) -> None:
    connection.send(chat_bytes(customer.key, body_of(**fields), {HEADER: key}))


def retry(customer, key, **fields):
    return customer.post(body_of(**fields), headers={HEADER: key})


def retry_until_answered(customer, key, **fields):
    def again():
        response = retry(customer, key, **fields)
        return None if response.status_code == 409 else response

    return wait_until(again, 20, "the first answer")


def runs_on(gateway, count: int = 1) -> None:
    wait_until(
        lambda: len(gateway.logged("runs on for its retry")) >= count, 10, "the client's leaving"
    )


def check_whole(response, form: str) -> None:
    """Nothing of it is missing, and it has its price."""
    assert response.status_code == 200
    assert is_replay(response)
    if form == "whole":
        assert response.json()["choices"][0]["message"]["content"] == Chat().text
        assert usd(response.json()["usage"]["cost"]) == PRICE
        assert usd(response.headers["x-llm-cost"]) == PRICE
        return
    events = [e for e in response.content.split(b"\n\n") if e]
    assert events[-1] == b"data: [DONE]"
    chunks = [json.loads(event[6:]) for event in events[:-1]]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert "".join(delta.get("content") or "" for delta in deltas) == Chat().text
    if form == "streamed with usage":
        assert usd(chunks[-1]["usage"]["cost"]) == PRICE


# ---- the client leaves ----


@pytest.mark.quick
@pytest.mark.parametrize("how", LEAVE)
@pytest.mark.parametrize("form", FORMS)
def test_gone_before_the_first_byte(make_gateway, provider, key, gate, how, form):
    gateway = make_gateway()
    customer = gateway.customer()
    provider.answer = gated(gate)
    with gateway.connect() as connection:
        send(connection, customer, key, **FORMS[form])
        provider.wait_for_requests(1)
        LEAVE[how](connection)
        runs_on(gateway)
    check_error(retry(customer, key, **FORMS[form]), 409, "idempotency_in_progress")
    gate.set()
    check_whole(retry_until_answered(customer, key, **FORMS[form]), form)
    assert len(provider.requests) == 1
    assert provider.last.gone_at is None, "it was not cancelled"
    customer.wait_for_no_hold()
    assert 10 - customer.balance == PRICE
    assert customer.wait_for_record()["usage_source"] == "reported"


@pytest.mark.parametrize("how", LEAVE)
@pytest.mark.parametrize("form", ["streamed", "streamed with usage"])
def test_gone_in_mid_stream(make_gateway, provider, key, gate, how, form):
    gateway = make_gateway()
    customer = gateway.customer()
    provider.answer = gated(gate, at=3)
    with gateway.connect() as connection:
        send(connection, customer, key, **FORMS[form])
        assert connection.read_head().status == 200
        got = connection.read_chunk()
        LEAVE[how](connection)
        runs_on(gateway)
    check_error(retry(customer, key, **FORMS[form]), 409, "idempotency_in_progress")
    gate.set()
    again = retry_until_answered(customer, key, **FORMS[form])
    check_whole(again, form)
    assert again.content.startswith(got)
    assert len(provider.requests) == 1
    customer.wait_for_no_hold()
    assert 10 - customer.balance == PRICE
    record = customer.wait_for_record()
    assert (record["usage_source"], record["status"]) == ("reported", 200)


def test_without_the_header_all_is_as_it_was(customer, provider, gate):
    provider.answer = gated(gate, at=3)
    with customer.gateway.connect() as connection:
        connection.send(chat_bytes(customer.key, body_of(stream=True)))
        connection.read_head()
        connection.read_chunk()
    wait_until(lambda: provider.last.gone_at, 10, "the end of the upstream call")
    assert customer.wait_for_record()["usage_source"] == "partial"


def test_the_next_candidate_is_tried_without_a_client(make_gateway, provider, key, gate):
    async def fail_later(connection, request):
        await connection.until(gate)
        await answers.error(500, "oops", None, "server_error")(connection, request)

    def prepare(policies):
        policies.provider("second")
        policies.model("twice", Price("0.15", "0.60"), providers=("openai", "second"))

    gateway = make_gateway(prepare=prepare)
    customer = gateway.customer()
    provider.then(fail_later)
    provider.answer = answers.chat(usage=USAGE)
    fields = {"model": "twice", "stream": True}
    with gateway.connect() as connection:
        send(connection, customer, key, **fields)
        provider.wait_for_requests(1)
        connection.close()
        runs_on(gateway)
    gate.set()
    check_whole(retry_until_answered(customer, key, **fields), "streamed")
    assert len(provider.requests) == 2
    customer.wait_for_no_hold()
    assert 10 - customer.balance == charge(Price("0.15", "0.60"), USAGE)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_failure_without_a_client(make_gateway, provider, key, gate, streamed):
    """Nothing was charged and nobody has seen it: the retry begins anew, or gets the refusal."""

    def later(status: int, code: str):
        async def answer(connection, request):
            await connection.until(gate)
            await answers.error(status, "no", code, code)(connection, request)

        return answer

    gateway = make_gateway()
    customer = gateway.customer()
    for number, first in enumerate([later(400, "bad"), later(500, "server_error")], 1):
        gate.clear()
        provider.answer = first
        with gateway.connect() as connection:
            send(connection, customer, f"{key} {number}", stream=streamed)
            provider.wait_for_requests(number)
        runs_on(gateway, number)
        gate.set()
        wait_until(lambda n=number: len(customer.records()) == n, 10, "its end")
        provider.answer = answers.chat(usage=USAGE)
        again = retry_until_answered(customer, f"{key} {number}", stream=streamed)
        assert is_replay(again) == (number == 1)
        assert again.status_code == (400 if number == 1 else 200)
    assert len(provider.requests) == 3
    customer.wait_for_no_hold()
    assert 10 - customer.balance == PRICE


def test_gone_without_reading(make_gateway, provider, key):
    """A client that does not read stops the provider; when it leaves, the call goes on to its
    end. (What is large enough for that is too large to be kept.)"""
    gateway = make_gateway()
    customer = gateway.customer()
    events = [answers.content_event(f"{index} " + "y" * 10_000) for index in range(4000)]
    provider.answer = answers.stream([*events, answers.DONE])
    fields = {"stream": True}
    with gateway.connect() as connection:
        send(connection, customer, key, **fields)
        assert connection.read_head().status == 200
        wait_until(lambda: stalled(provider), 30, "a stop of the provider's writing")
        assert provider.last.ended_at is None, "it all fitted somewhere: the test shows nothing"
    wait_until(lambda: provider.last.ended_at, 20, "the end of the provider's answer")
    assert provider.last.gone_at is None
    response = retry_409_until(customer, key, "idempotency_answer_not_kept", **fields)
    check_error(response, 409, "idempotency_answer_not_kept", retry=False)
    customer.wait_for_no_hold()
    assert 10 - customer.balance == usd(customer.wait_for_record()["cost"]) > 0


def test_gone_before_the_hold_is_written(make_gateway, provider, key, tmp_path):
    """The provider has been stopped, for nothing may go out yet, and then nobody is there."""
    disk = Disk(tmp_path, tmp_path / "gateway0" / "gateway.db")
    gateway = make_gateway(env=disk.env, durability="power")
    customer = gateway.customer()
    events = [answers.content_event(f"{index} " + "y" * 10_000) for index in range(200)]
    provider.answer = answers.stream([*events, answers.DONE])
    fields = {"stream": True}
    with disk.failing("slow"):
        with gateway.connect() as connection:
            send(connection, customer, key, **fields)
            provider.wait_for_requests(1)
            wait_until(lambda: provider.last.marks.get("events", 0) > 20, 10, "a part of it")
        runs_on(gateway)
    again = retry_until_answered(customer, key, **fields)
    assert again.content == b"".join(events) + answers.DONE
    assert len(provider.requests) == 1
    customer.wait_for_no_hold()
    assert 10 - customer.balance == usd(customer.wait_for_record()["cost"]) > 0


def retry_409_until(customer, key, code: str, **fields):
    def again():
        response = retry(customer, key, **fields)
        return response if response.json()["error"]["code"] == code else None

    return wait_until(again, 20, code)


def test_many_leave_at_once(make_gateway, provider, key, gate):
    gateway = make_gateway()
    customer = gateway.customer()
    provider.answer = gated(gate, at=2)
    connections = [gateway.connect() for _ in range(50)]
    for number, connection in enumerate(connections):
        send(connection, customer, f"{key} {number}", stream=True)
    for connection in connections:
        connection.read_head()
    for connection in connections:
        connection.reset()
    runs_on(gateway, 50)
    gate.set()
    for number in range(50):
        response = retry_until_answered(customer, f"{key} {number}", stream=True)
        check_whole(response, "streamed")
    assert len(provider.requests) == 50
    customer.wait_for_no_hold()
    assert 10 - customer.balance == 50 * PRICE


# ---- not before it is written ----


def hold_is_written(gateway) -> None:
    wait_until(lambda: kept(gateway, "SELECT count(*) FROM open_holds") == 1, 10, "the hold")


@pytest.mark.parametrize("streamed", [False, True])
def test_refused_but_not_yet_written(make_gateway, provider, key, gate, streamed):
    """The refusal goes out at once; until it is kept, the key is not free."""

    async def refuse_later(connection, request):
        await connection.until(gate)
        await answers.error(400, "no", "bad", "invalid_request_error")(connection, request)

    gateway = make_gateway()
    customer = gateway.customer()
    provider.answer = refuse_later
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(retry, customer, key, stream=streamed)
        provider.wait_for_requests(1)
        hold_is_written(gateway)
        with writing_held_up(gateway):
            gate.set()
            first = asked.result(30)
            check_error(first, 400, "bad")
            check_error(retry(customer, key, stream=streamed), 409, "idempotency_in_progress")
    check_same(first, retry_until_answered(customer, key, stream=streamed))
    assert len(provider.requests) == 1


@pytest.mark.parametrize("stays", [True, False])
def test_answered_but_not_yet_written(make_gateway, provider, key, gate, stays):
    """All but the end has gone out, and the client stays, or leaves in this very moment."""
    gateway = make_gateway()
    customer = gateway.customer()
    provider.answer = gated(gate, at=2)
    with gateway.connect() as connection:
        send(connection, customer, key, stream=True)
        connection.read_head()
        hold_is_written(gateway)
        with writing_held_up(gateway):
            gate.set()
            got = connection.read_until(b'"finish_reason":"stop"')
            assert b"[DONE]" not in got
            if not stays:
                connection.reset()
            check_error(retry(customer, key, stream=True), 409, "idempotency_in_progress")
        if stays:
            connection.read_until(b"data: [DONE]\n\n")
            check_whole(retry(customer, key, stream=True), "streamed")
    check_whole(retry_until_answered(customer, key, stream=True), "streamed")
    assert len(provider.requests) == 1
    customer.wait_for_no_hold()
    assert 10 - customer.balance == PRICE


def test_charged_but_not_yet_written(make_gateway, key):
    """The client gives up while his top-up is on its way: it is made once."""
    gateway = make_gateway()
    customer = gateway.customer()
    headers = {HEADER: key}

    def top_up(**how):
        body = {"amount": "2.50"}
        return customer.web.post("/balance/charge", json=body, headers=headers, **how)

    with writing_held_up(gateway):
        with pytest.raises(httpx.ReadTimeout):
            top_up(timeout=0.5)
        wait_until(lambda: gateway.logged("exchange", status=499), 10, "the client's leaving")
        check_error(top_up(), 409, "idempotency_in_progress", retry=True)

    def again():
        response = top_up()
        return response if response.status_code == 201 else None

    assert is_replay(wait_until(again, 10, "the top-up"))
    assert customer.balance == Decimal("12.50")


# ---- the gateway stops ----


@pytest.fixture
def detached(make_gateway, provider, key, gate):
    """detached(settings...): a gateway with a stream whose client has left, waiting at the gate."""

    def make(**settings):
        gateway = make_gateway(**settings)
        customer = gateway.customer()
        provider.answer = gated(gate, at=3)
        with gateway.connect() as connection:
            send(connection, customer, key, stream=True)
            connection.read_head()
        runs_on(gateway)
        gateway.customers.clear()
        return gateway, customer

    return make


def restart(gateway, customer) -> None:
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"


def test_sigterm_waits_for_it(detached, provider, key, gate):
    gateway, customer = detached(drain_timeout_ms=20_000)
    gateway.signal(signal.SIGTERM)
    wait_until(lambda: refuses(gateway), 10, "the end of accepting")
    assert gateway.process.poll() is None
    gate.set()
    gateway.wait_for_exit(10)
    gateway.verify_ledger()
    restart(gateway, customer)
    check_whole(retry(customer, key, stream=True), "streamed")
    assert 10 - customer.balance == PRICE
    assert len(provider.requests) == 1


def test_the_end_of_the_drain_cuts_it(detached, provider, key):
    """What was generated is paid, and what there is of the answer is kept."""
    gateway, customer = detached(drain_timeout_ms=200)
    gateway.signal(signal.SIGTERM)
    gateway.wait_for_exit(20)
    restart(gateway, customer)
    again = retry(customer, key, stream=True)
    assert is_replay(again)
    assert b'"code":"shutting_down"' in again.content
    assert 10 - customer.balance == usd(customer.wait_for_record()["cost"]) > 0
    assert len(provider.requests) == 1


def kill_9(gateway) -> None:
    gateway.kill()


def two_sigterms(gateway) -> None:
    gateway.signal(signal.SIGTERM)
    wait_until(lambda: refuses(gateway), 10, "the end of accepting")
    gateway.signal(signal.SIGTERM)
    gateway.wait_for_exit(10, code=None)


@pytest.mark.parametrize("end", [kill_9, two_sigterms])
def test_ended_at_once(detached, provider, key, gate, end):
    """Void: nothing is charged, and the retry begins anew."""
    gateway, customer = detached()
    end(gateway)
    gate.set()
    restart(gateway, customer)
    assert customer.balance == 10
    assert kept(gateway) == 0
    provider.answer = answers.chat(usage=USAGE)
    first = retry(customer, key, stream=True)
    assert first.status_code == 200
    check_same(first, retry(customer, key, stream=True))
    assert len(provider.requests) == 2
    customer.wait_for_no_hold()
    assert 10 - customer.balance == PRICE


# ---- the official SDK sends again ----


def create(customer, key, **options):
    """(text, times the SDK has sent it)"""
    raw = customer.openai(**options).chat.completions.with_raw_response.create(
        model=MODEL, messages=list(QUESTION), extra_headers={HEADER: key}
    )
    return raw.parse(), raw.retries_taken


@pytest.mark.quick
def test_sdk_after_a_cut_before_the_first_byte(customer, provider, key):
    cuts = iter([answers.close_before_head(), answers.reset_before_head()])
    usual = answers.chat(usage=USAGE)

    async def answer(connection, request):
        await next(cuts, usual)(connection, request)

    provider.answer = answer
    said, _ = create(customer, key, max_retries=4)
    assert said.choices[0].message.content == Chat().text
    assert usd(said.usage.cost) == PRICE
    again, _ = create(customer, key)
    assert again == said
    customer.wait_for_no_hold()
    assert 10 - customer.balance == PRICE


def test_sdk_after_its_own_timeout(make_gateway, provider, key, gate):
    """It leaves, sends again, is told to wait, and gets the answer to the first."""
    gateway = make_gateway()
    customer = gateway.customer()
    provider.answer = gated(gate)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(create, customer, key, max_retries=20, timeout=2)
        runs_on(gateway)
        wait_until(lambda: gateway.logged("exchange", status=409), 20, "the retry")
        gate.set()
        said, retries = asked.result(60)
    assert retries >= 2
    assert said.choices[0].message.content == Chat().text
    assert len(provider.requests) == 1
    assert said._request_id == customer.wait_for_record()["id"]
    customer.wait_for_no_hold()
    assert 10 - customer.balance == PRICE


@pytest.mark.parametrize("streamed", [False, True])
def test_sdk_while_the_gateway_is_killed(make_gateway, provider, key, gate, streamed):
    gateway = make_gateway()
    customer = gateway.customer()
    provider.answer = gated(gate)
    client = customer.openai(max_retries=20)

    def call() -> str:
        options = {"model": MODEL, "messages": list(QUESTION), "extra_headers": {HEADER: key}}
        if not streamed:
            return client.chat.completions.create(**options).choices[0].message.content
        chunks = client.chat.completions.create(**options, stream=True)
        return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(call)
        provider.wait_for_requests(1)
        gateway.customers.clear()
        gateway.kill()
        gateway.settings["listen"] = f"{gateway.address[0]}:{gateway.address[1]}"
        gateway.start()
        provider.wait_for_requests(2, 30)
        gate.set()
        assert asked.result(60) == Chat().text
    assert len(provider.requests) == 2
    customer.wait_for_no_hold()
    assert 10 - customer.balance == PRICE
    assert call() == Chat().text
    assert 10 - customer.balance == PRICE


def test_sdk_gives_up_where_a_retry_is_no_use(customer, provider, key):
    create(customer, key)
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        customer.openai(max_retries=3).chat.completions.create(
            model=MODEL, messages=list(QUESTION), n=2, extra_headers={HEADER: key}
        )
    assert refused.value.code == "idempotency_key_reused"
