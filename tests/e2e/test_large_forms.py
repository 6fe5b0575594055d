"""Large forms are passed on as they come: at little memory, unchanged, and paid for exactly,
whatever happens on the way."""

import hashlib
import itertools
import threading
from decimal import Decimal

import pytest
from forms import form
from gateway import is_sanitized
from large_forms import (
    MB,
    PIECE,
    RATE,
    Form,
    begin_upload,
    caf_head,
    chunk,
    costs_nothing,
    head_of,
    is_exact,
    make_house,
    upload,
)
from prices import MARGIN, usd
from test_transcriptions import by_seconds
from upload_provider import Upload, UploadProvider, ok, read_all
from wait import wait_until


@pytest.fixture(scope="module")
def house(uploads, tmp_path_factory):
    gateway = make_house(tmp_path_factory.mktemp("large"), uploads, workers=1)
    yield from gateway.served()


@pytest.fixture
def customer(house, provider_of_uploads):
    return house.customer(credit="100")


@pytest.mark.parametrize("chunked", [False, True], ids=["of known length", "in chunks"])
def test_it_arrives_as_it_was_sent(customer, provider_of_uploads, chunked):
    what = Form(5 * MB, after=(("language", "en"),))
    with upload(customer, what, chunked) as connection:
        reply = connection.read_reply()
    assert reply.status == 200, reply.body
    got = provider_of_uploads.wait_for(1)
    is_exact(got, what)
    assert got.chunked == chunked
    record = customer.wait_for_record()
    assert usd(record["cost"]) == by_seconds(what.seconds)
    assert usd(record["cost"]) == Decimal("100") - customer.balance


# ---- memory ----


@pytest.mark.skipif(is_sanitized(), reason="a sanitizer keeps what was freed")
def test_100_mb_each_at_little_memory(customer, provider_of_uploads):
    """The provider stops in the middle until every client is held up."""
    calls = 4
    gate = threading.Event()

    def reads_slowly(got: Upload, read):
        while got.bytes < 40 * MB and read():
            pass
        gate.wait(60)
        return read_all(got, read)

    provider_of_uploads.plan = reads_slowly
    what = Form(100 * MB)
    with upload(customer, Form(2 * MB)) as connection:  # what any call leaves behind
        gate.set()
        assert connection.read_reply().status == 200
    gate.clear()
    before = customer.gateway.rss_bytes()
    replies = [None] * calls

    def call(place: int) -> None:
        with upload(customer, what) as connection:
            replies[place] = connection.read_reply()

    clients = [threading.Thread(target=call, args=(place,)) for place in range(calls)]
    for client in clients:
        client.start()
    most = 0
    wait_until(lambda: sum(got.bytes >= 40 * MB for got in provider_of_uploads.uploads) == calls,
               60, "all in the middle")  # fmt: skip
    most = max(most, customer.gateway.rss_bytes())
    gate.set()
    while any(client.is_alive() for client in clients):
        most = max(most, customer.gateway.rss_bytes())
        clients[0].join(0.02)
    assert [reply.status for reply in replies] == [200] * calls
    for got in provider_of_uploads.uploads[1:]:
        is_exact(got, what)
    assert most - before < calls * MB, f"{(most - before) / calls / MB:.2f} MB a call"
    customer.wait_for_record(calls + 1)
    paid = by_seconds(what.seconds) * calls + by_seconds(Form(2 * MB).seconds)
    assert Decimal("100") - customer.balance == paid


@pytest.mark.parametrize("chunked", [True, False], ids=["in chunks", "of known length"])
def test_a_large_first_piece_stops_nothing(tmp_path, provider_of_uploads, chunked):
    """More than the window comes at once, before it is known what is asked for."""
    gateway = make_house(tmp_path, provider_of_uploads, workers=1, form_held_bytes_max=200_000)
    customer = gateway.start().customer()
    what = Form(2 * MB, before=(("model", "whisper"), ("prompt", "a " * 15_000)))
    data = b"".join(what.pieces())
    try:
        with gateway.connect() as connection:
            head = head_of(customer, None if chunked else what.bytes)
            connection.send(head + (chunk(data[:201_000]) if chunked else data[:201_000]))
            wait_until(lambda: provider_of_uploads.uploads, 10, "the beginning")
            rest = data[201_000:]
            connection.send(chunk(rest) + b"0\r\n\r\n" if chunked else rest)
            assert connection.read_reply().status == 200
        is_exact(provider_of_uploads.uploads[-1], what)
    finally:
        gateway.customers.clear()
        gateway.stop()


def test_by_default_what_does_not_fit_passes(tmp_path, provider_of_uploads):
    """In chunks, as the openai package for Node sends it: nothing tells how large it is."""
    gateway = make_house(tmp_path, provider_of_uploads, form_held_bytes_max=32 * MB)
    customer = gateway.start().customer()
    what = Form(40 * MB)
    try:
        with upload(customer, what, chunked=True) as connection:
            assert connection.read_reply().status == 200
        is_exact(provider_of_uploads.uploads[-1], what)
    finally:
        gateway.customers.clear()
        gateway.stop()


# ---- money, whatever happens on the way ----


def test_a_small_balance_is_enough_for_a_small_file(house, provider_of_uploads):
    """Held is what so many bytes can be, not the longest sound of the model ($0.84)."""
    customer = house.customer(credit="0.20")
    what = Form(1 * MB)
    with upload(customer, what) as connection:
        assert connection.read_reply().status == 200
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(what.seconds)


def stopped_at(count: int, gate: threading.Event):
    def plan(got: Upload, read):
        while got.bytes < count and read():
            pass
        gate.wait(30)
        return read_all(got, read)

    return plan


@pytest.mark.parametrize("resets", [False, True])
def test_a_client_that_leaves_in_the_middle(customer, provider_of_uploads, resets):
    connection = begin_upload(customer, Form(5 * MB), 40)
    got = provider_of_uploads.wait_for(1)
    wait_until(lambda: got.bytes > 1 * MB, 10, "the middle")
    connection.reset() if resets else connection.close()
    costs_nothing(customer, got)


def test_a_client_that_leaves_when_all_is_sent(customer, provider_of_uploads):
    """The provider works on it, so it is paid for."""
    gate = threading.Event()

    def plan(got: Upload, read):
        answer = read_all(got, read)
        gate.wait(30)
        return answer

    provider_of_uploads.plan = plan
    what = Form(5 * MB)
    connection = upload(customer, what)
    got = provider_of_uploads.wait_for(1)
    wait_until(lambda: got.whole, 10, "all of it")
    with customer.gateway.logging("client gone"):
        connection.close()
    gate.set()
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(what.seconds)


@pytest.mark.parametrize(
    ("status", "passed"), [("413 Too Large", 400), ("401 No", 503), ("500 Oops", 502)]
)
def test_a_provider_that_refuses_early(customer, provider_of_uploads, status, passed):
    refusal = b'{"error":{"message":"too much","code":null}}'

    def plan(got: Upload, read):
        while got.bytes < 2 * MB:
            read()
        return ok(refusal, status)

    provider_of_uploads.plan = plan
    connection = begin_upload(customer, Form(5 * MB), 45)
    reply = connection.read_reply()
    assert reply.status in (passed, 413)
    assert reply.headers["connection"] == "close"
    costs_nothing(customer, provider_of_uploads.wait_for(1))
    connection.close()


def test_a_provider_that_dies_in_the_middle(customer, provider_of_uploads):
    provider_of_uploads.plan = lambda got, read: [read() for _ in range(20)] and None
    connection = begin_upload(customer, Form(5 * MB), 60)
    reply = connection.read_reply()
    assert reply.status == 502
    assert reply.headers["x-should-retry"] == "true"
    costs_nothing(customer, provider_of_uploads.wait_for(1))
    connection.close()


def answers_at(count: int):
    def plan(got: Upload, read):
        while got.bytes < count and read():
            pass
        return ok()

    return plan


def test_a_provider_that_answers_before_it_has_all(customer, provider_of_uploads):
    """It is paid for the sound that it got: no more than was sent, which the sockets have."""
    provider_of_uploads.plan = answers_at(2 * MB)
    sent = Form(60 * len(PIECE))
    connection = begin_upload(customer, Form(8 * MB), 60)
    assert connection.read_reply().status == 200
    connection.close()
    record = customer.wait_for_record()
    assert by_seconds(2 * MB // (2 * RATE)) <= usd(record["cost"]) <= by_seconds(sent.seconds)
    customer.wait_for_no_hold()


def test_a_client_that_leaves_behind_an_early_answer(customer, provider_of_uploads):
    """Its head is here, its end is not: what was sent is paid for."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"

    def plan(got: Upload, read):
        answers_at(2 * MB)(got, read)
        return head

    provider_of_uploads.plan = plan
    sent = Form(60 * len(PIECE))
    connection = begin_upload(customer, Form(8 * MB), 60)
    got = provider_of_uploads.wait_for(1)
    wait_until(lambda: got.bytes >= 2 * MB, 10, "the head of an answer")
    connection.close()
    wait_until(lambda: got.ended, 10, "the provider's side has ended")
    customer.wait_for_no_hold()
    assert Decimal("100") - customer.balance <= by_seconds(sent.seconds)


def test_a_provider_that_answers_while_it_reads(customer, provider_of_uploads):
    """In the end it has all, and is paid for that."""

    def plan(got: Upload, read):
        answers_at(2 * MB)(got, read)
        got.connection.sendall(ok()[:-1])
        return read_all(got, read) and ok()[-1:]

    provider_of_uploads.plan = plan
    what = Form(8 * MB)
    with upload(customer, what) as connection:
        assert connection.read_reply().json["text"] == "Hello."
    is_exact(provider_of_uploads.wait_for(1), what)
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(what.seconds)


def test_another_form_of_sound(customer, provider_of_uploads):
    """Measured while it passes, as each form is."""
    what = Form(5 * MB, head=caf_head)
    with upload(customer, what) as connection:
        reply = connection.read_reply()
    assert reply.status == 200, reply.body
    is_exact(provider_of_uploads.wait_for(1), what)
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(what.seconds)


def test_a_stream(customer, provider_of_uploads):
    """Its head waits until the provider has all: some clients send no more once it is there."""
    events = b'data: {"type":"transcript.text.delta","delta":"Hi"}\n\n'
    events += b'data: {"type":"transcript.text.done","text":"Hi"}\n\n'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    provider_of_uploads.plan = lambda got, read: read_all(got, read) and head + events
    what = Form(3 * MB, before=(("model", "whisper"), ("stream", "true")))
    with upload(customer, what) as connection:
        reply = connection.read_reply()
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert b'"delta":"Hi"' in reply.body
    is_exact(provider_of_uploads.wait_for(1), what)
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(what.seconds)


def test_the_python_sdk(customer, provider_of_uploads):
    """It sends the fields first."""
    what = Form(8 * MB)
    file = what.before.split(b"\r\n\r\n")[-1] + b"".join(list(what.pieces())[1:-1])
    answer = customer.openai().audio.transcriptions.create(
        file=("a.wav", file), model="whisper", language="en"
    )
    assert answer.text == "Hello."
    assert provider_of_uploads.wait_for(1).whole
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(what.seconds)


def test_a_kill_in_the_middle(provider_of_uploads, tmp_path):
    gate = threading.Event()
    provider_of_uploads.plan = stopped_at(1 * MB, gate)
    gateway = make_house(tmp_path, provider_of_uploads).start()
    customer = gateway.customer(credit="100")
    connection = begin_upload(customer, Form(5 * MB), 30)
    got = provider_of_uploads.wait_for(1)
    wait_until(lambda: got.bytes >= 1 * MB, 10, "the middle")
    assert usd(customer.wallet()["held"]) > 0
    gateway.kill()
    gate.set()
    connection.close()
    gateway.start()
    customer = gateway.customers[0]
    customer.web = customer.web.__class__(base_url=gateway.origin + "/api", trust_env=False)
    customer.sign_in()
    customer.wait_for_no_hold()
    assert customer.balance == Decimal("100")
    gateway.stop()


# ---- another provider ----


@pytest.fixture(scope="module")
def second():
    provider = UploadProvider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def pair(uploads, second, tmp_path_factory):
    gateway = make_house(tmp_path_factory.mktemp("pair"), uploads, workers=1)
    gateway.policies.provider("second", base_url=second.url)
    gateway.policies.model("whisper", endpoints=["transcriptions"], context=16000, max_output=2000,
                           input="0", output="0", second="0.0001", second_max=7000,
                           providers=("openai", "second"))  # fmt: skip
    yield from gateway.served()


def test_another_provider_gets_it_while_all_is_here(pair, provider_of_uploads, second):
    second.uploads.clear()
    refusal = ok(b'{"error":{"message":"busy"}}', "503 Busy")
    provider_of_uploads.plan = lambda got, read: refusal
    customer = pair.customer(credit="100")
    what = Form(5 * MB)
    connection = begin_upload(customer, what, 2)  # of so little nothing is dropped
    got = second.wait_for(1)
    for piece in itertools.islice(what.pieces(), 2, None):
        connection.send(piece)
    assert connection.read_reply().status == 200
    assert got.digest.hexdigest() == what.digest(theirs=b"whisper")
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(what.seconds)
    connection.close()


def test_another_provider_cannot_get_what_was_dropped(pair, provider_of_uploads, second):
    second.uploads.clear()

    def plan(got: Upload, read):
        while got.bytes < 2 * MB:
            read()
        return ok(b'{"error":{"message":"busy"}}', "503 Busy")

    provider_of_uploads.plan = plan
    customer = pair.customer(credit="100")
    connection = begin_upload(customer, Form(5 * MB), 45)
    reply = connection.read_reply()
    assert reply.status == 503
    assert reply.headers["x-should-retry"] == "true"
    costs_nothing(customer, provider_of_uploads.wait_for(1))
    assert not second.uploads
    connection.close()


# ---- pictures ----


@pytest.fixture(scope="module")
def studio(uploads, tmp_path_factory):
    gateway = make_house(tmp_path_factory.mktemp("studio"), uploads, workers=1, body_bytes_max=MB)
    gateway.policies.model("editor", endpoints=["image_edits"], context=200000, max_output=6000,
                           input="5", image_input="10", image_output="40", output="10",
                           capabilities=["vision"], image_tokens_max=6000)  # fmt: skip
    yield from gateway.served()


def edits(pictures: int, *fields: tuple, after: tuple = ()) -> bytes:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(MB)
    files = [("image[]", picture, f"{i}.png") for i in range(pictures)]
    return form(("model", "editor"), ("prompt", "a hat"), *fields, *files, *after)


def ask_edits(customer, body: bytes):
    with customer.gateway.connect(timeout=30) as connection:
        connection.send(head_of(customer, len(body), "/images/edits") + body)
        return connection.read_reply()


def test_several_pictures(studio, provider_of_uploads):
    drawn = (b'{"created":1,"data":[{"b64_json":"iVBORw0KGgo="}],"usage":{"input_tokens":660,'
             b'"output_tokens":1000,"total_tokens":1660,'
             b'"input_tokens_details":{"text_tokens":20,"image_tokens":640}}}')  # fmt: skip
    provider_of_uploads.plan = lambda got, read: read_all(got, read) and ok(drawn)
    customer = studio.customer(credit="100")
    body = edits(3, ("n", "1"), ("size", "1024x1024"), after=(("mask", b"\x89PNG", "m.png"),))
    reply = ask_edits(customer, body)
    assert reply.status == 200, reply.body
    got = provider_of_uploads.wait_for(1)
    assert got.digest.hexdigest() == hashlib.sha256(body).hexdigest()
    cost = (20 * 5 + 640 * 10 + 1000 * 40) * (1 + Decimal(MARGIN)) / 10**6
    assert usd(customer.wait_for_record()["cost"]) == cost


@pytest.mark.parametrize(
    "body", [edits(18), edits(2, after=(("n", "2"),)), edits(2, after=(("size", "9x9"),))],
    ids=["18 pictures", "n behind", "size behind"],
)  # fmt: skip
def test_pictures_that_are_more_than_was_held(studio, provider_of_uploads, body):
    customer = studio.customer(credit="100")
    reply = ask_edits(customer, body)
    assert reply.status == 400, reply.body
    costs_nothing(customer, provider_of_uploads.wait_for(1))
