"""Large forms that cannot pass: held where they can be, else refused with what to do, and free."""

from decimal import Decimal

import pytest
from forms import form
from large_forms import (
    MB,
    RATE,
    Form,
    begin_upload,
    chunk,
    costs_nothing,
    head_of,
    is_exact,
    make_house,
    upload,
)
from prices import usd
from test_transcriptions import by_seconds, sound


@pytest.fixture(scope="module")
def house(uploads, tmp_path_factory):
    gateway = make_house(tmp_path_factory.mktemp("refused"), uploads, workers=1)
    yield from gateway.served()


@pytest.fixture
def customer(house, provider_of_uploads):
    return house.customer(credit="100")


# ---- what cannot pass ----


def test_a_form_whose_file_comes_first_is_held(customer, provider_of_uploads):
    what = Form(3 * MB, before=(), after=(("model", "whisper"),))
    with upload(customer, what, chunked=True) as connection:
        assert connection.read_reply().status == 200
    got = provider_of_uploads.wait_for(1)
    assert got.whole
    assert got.length == what.bytes - len("whisper") + len("theirs")
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(what.seconds)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_larger_one_is_told_what_to_do(customer, provider_of_uploads, chunked):
    what = Form(40 * MB, before=(), after=(("model", "whisper"),))
    connection = customer.gateway.connect(timeout=30)
    connection.send(head_of(customer, None if chunked else what.bytes))
    try:
        for piece in what.pieces():
            connection.send(chunk(piece) if chunked else piece)
    except OSError:
        pass  # it does not wait for the end
    reply = connection.read_reply()
    assert reply.status == 413
    assert "before the file" in reply.json["error"]["message"]
    assert not provider_of_uploads.uploads
    connection.close()


def test_one_with_an_idempotency_key_is_held(customer, provider_of_uploads):
    what = Form(3 * MB)
    replies = []
    for _ in range(2):
        with upload(customer, what, **{"Idempotency-Key": "once"}) as connection:
            replies.append(connection.read_reply())
    assert replies[0].status == replies[1].status == 200
    assert replies[0].body == replies[1].body
    assert len(provider_of_uploads.uploads) == 1
    with begin_upload(customer, Form(40 * MB), 1, **{"Idempotency-Key": "more"}) as connection:
        assert connection.read_reply().status == 413


def test_one_with_an_estimate_is_held(customer, provider_of_uploads):
    """The estimate and the call are known by a digest of their parts."""
    what = Form(3 * MB)
    with upload(customer, what, path="/estimate/audio/transcriptions") as connection:
        estimate = connection.read_reply()
    assert estimate.status == 200, estimate.body
    most = estimate.json["max_cost_exact"]
    with upload(customer, what, **{"x-llm-max-cost": most}) as connection:
        assert connection.read_reply().status == 200
    is_exact(provider_of_uploads.wait_for(1), what)


REFUSED_BEHIND_THE_FILE = {
    "stream": (("stream", "true"),),
    "format": (("response_format", "srt"),),
    "text": (("prompt", "x" * 9000),),
    "long text": (("prompt", "x" * 70000),),
    "model": (("model", "whisper"),),
    "address": (("url", "http://a/"),),
}


@pytest.mark.parametrize("after", REFUSED_BEHIND_THE_FILE.values(), ids=REFUSED_BEHIND_THE_FILE)
def test_fields_that_decide_something_behind_the_file(customer, provider_of_uploads, after):
    with upload(customer, Form(2 * MB, after=after)) as connection:
        reply = connection.read_reply()
    assert reply.status == 400, reply.body
    costs_nothing(customer, provider_of_uploads.wait_for(1))


def test_fields_that_decide_nothing_behind_the_file(customer, provider_of_uploads):
    """As the AI SDK sends them."""
    after = (("language", "en"), ("response_format", "verbose_json"), ("temperature", "0"),
             ("timestamp_granularities[]", "word"), ("stream", "false"))  # fmt: skip
    what = Form(2 * MB, after=after)
    with upload(customer, what) as connection:
        assert connection.read_reply().status == 200
    is_exact(provider_of_uploads.wait_for(1), what)


def test_sound_that_is_too_long(customer, provider_of_uploads):
    what = Form(7001 * 2 * RATE)
    connection = begin_upload(customer, what, 10**9)
    reply = connection.read_reply()
    assert reply.status == 400
    assert "7001 seconds" in reply.json["error"]["message"]
    costs_nothing(customer, provider_of_uploads.wait_for(1))
    connection.close()


def test_sound_with_few_bytes_to_a_second(customer, provider_of_uploads):
    """500 samples a second, of one byte: longer than was held."""
    what = Form(MB)
    what.before = what.before.replace(
        (8000).to_bytes(4, "little") + (16000).to_bytes(4, "little") + b"\2\0\x10\0",
        (500).to_bytes(4, "little") + (500).to_bytes(4, "little") + b"\1\0\x08\0",
    )
    with upload(customer, what) as connection:
        reply = connection.read_reply()
    assert reply.status == 400
    assert "more than was held" in reply.json["error"]["message"]
    costs_nothing(customer, provider_of_uploads.wait_for(1))


def test_sound_that_cannot_be_measured(customer, provider_of_uploads):
    body = form(("model", "whisper"), ("file", b"\x01" * MB, "a.wav"))
    with customer.gateway.connect() as connection:
        connection.send(head_of(customer, len(body)) + body)
        reply = connection.read_reply()
    assert reply.status == 400
    assert "cannot be measured" in reply.json["error"]["message"]
    costs_nothing(customer, provider_of_uploads.wait_for(1))


# ---- hostile forms ----

FRONT = form(("model", "whisper"))[: -len("--XyZ--\r\n")]
FILE = b'--XyZ\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
LONG = sound(0) + b"\x02" * (700 * 1024)
HOSTILE = {
    "no end": FRONT + FILE + LONG,
    "an end that is cut": FRONT + FILE + LONG + b"\r\n--XyZ-",
    "a boundary without a line break": FRONT + FILE + LONG + b"x--XyZ--\r\n",
    "a boundary in the file": FRONT + FILE + LONG + b"--XyZ" + LONG + b"\r\n--XyZ--\r\n",
    "a part without a name": FRONT + FILE + LONG + b"\r\n--XyZ\r\n\r\nx\r\n--XyZ--\r\n",
    "a huge head": FRONT + FILE + LONG + b"\r\n--XyZ\r\nX: " + b"y" * 9000 + b"\r\n\r\n",
    "something behind the end": FRONT + FILE + LONG + b"\r\n--XyZ--\r\nmore",
    "65 parts": FRONT + FILE + LONG + b"\r\n" + form(*[("a", "b")] * 64),
    "another file": FRONT + FILE + LONG + b"\r\n" + FILE + b"x\r\n--XyZ--\r\n",
    "a length that lies": FRONT + FILE.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n")
                          + LONG + b"\r\n--XyZ--\r\n",
}  # fmt: skip


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_forms(customer, provider_of_uploads, body, chunked):
    with customer.gateway.connect() as connection:
        head = head_of(customer, None if chunked else len(body))
        connection.send(head + (chunk(body) + b"0\r\n\r\n" if chunked else body))
        reply = connection.read_reply()
    assert reply.status == 400, reply.body
    assert reply.json["error"]["code"] in ("invalid_form", "invalid_value")
    assert not any(got.whole for got in provider_of_uploads.uploads)
    customer.wait_for_no_hold()
    assert customer.balance == Decimal("100")


def test_garbage_instead_of_a_chunk(customer, provider_of_uploads):
    with customer.gateway.connect() as connection:
        connection.send(head_of(customer, None) + chunk(FRONT + FILE + LONG))
        got = provider_of_uploads.wait_for(1)
        connection.send(b"garbage\r\n")
        reply = connection.read_reply()
    assert reply.status == 400
    costs_nothing(customer, got)


def test_it_may_have_form_bytes_max(provider_of_uploads, tmp_path):
    gateway = make_house(tmp_path, provider_of_uploads, form_bytes_max=2 * MB).start()
    customer = gateway.customer(credit="100")
    for chunked in (False, True):
        what = Form(3 * MB)
        connection = gateway.connect()
        connection.send(head_of(customer, None if chunked else what.bytes))
        try:
            for piece in what.pieces():
                connection.send(chunk(piece) if chunked else piece)
        except OSError:
            pass
        reply = connection.read_reply()
        assert reply.status == 413
        assert "form_bytes_max" in reply.json["error"]["message"]
        connection.close()
    customer.wait_for_no_hold()
    assert customer.balance == Decimal("100")
    gateway.stop()


def test_a_client_that_stops_sending(provider_of_uploads, tmp_path):
    gateway = make_house(tmp_path, provider_of_uploads, body_window_ms=300).start()
    customer = gateway.customer(credit="100")
    connection = begin_upload(customer, Form(5 * MB), 20)
    reply = connection.read_reply()
    assert reply.status == 408
    costs_nothing(customer, provider_of_uploads.wait_for(1))
    connection.close()
    gateway.stop()
