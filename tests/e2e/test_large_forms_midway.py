"""What happens while a large form is on its way: keys, money, policies and the gateway itself come
and go, and the form ends at each byte. The books are right each time."""

import signal
from decimal import Decimal

import pytest
from forms import form
from large_forms import (
    HELD_BYTES,
    MB,
    Form,
    begin_upload,
    costs_nothing,
    head_of,
    is_exact,
    make_house,
    upload,
)
from prices import usd
from replays import make_admin
from test_debit import debit
from test_transcriptions import by_seconds, sound
from upload_provider import Upload, ok, read_all
from wait import wait_until

HALF = 40  # pieces of 64 KB


@pytest.fixture(scope="module")
def house(uploads, tmp_path_factory):
    gateway = make_house(tmp_path_factory.mktemp("midway"), uploads, workers=1)
    yield from gateway.served()


@pytest.fixture
def customer(house, provider_of_uploads):
    return house.customer(credit="100")


def finish(connection, what: Form, pieces: int):
    """Sends the rest, and returns the reply."""
    for place, piece in enumerate(what.pieces()):
        if place >= pieces:
            connection.send(piece)
    reply = connection.read_reply()
    connection.close()
    return reply


@pytest.fixture
def midway(customer, provider_of_uploads):
    """An upload of which the provider has a part."""
    what = Form(5 * MB)
    connection = begin_upload(customer, what, HALF)
    got = provider_of_uploads.wait_for(1)
    wait_until(lambda: got.bytes > 1 * MB, 10, "the middle")
    yield connection, what, got
    connection.close()


def is_paid(customer, what: Form) -> None:
    assert usd(customer.wait_for_record()["cost"]) == by_seconds(what.seconds)
    customer.wait_for_no_hold()


# ---- keys and money ----


def test_its_key_is_deleted(customer, midway):
    """A call that has begun ends, and is paid for; the next one is refused."""
    connection, what, got = midway
    customer.delete_key()
    assert finish(connection, what, HALF).status == 200
    is_exact(got, what)
    customer.wait_for_no_hold()
    assert Decimal("100") - customer.balance == by_seconds(what.seconds)
    with begin_upload(customer, what, 1) as connection:
        assert connection.read_reply().status == 401


def test_a_stream_whose_key_is_deleted(customer, provider_of_uploads):
    """It ends at once, and the provider has not had all: it costs nothing."""
    what = Form(5 * MB, before=(("model", "whisper"), ("stream", "true")))
    connection = begin_upload(customer, what, HALF)
    got = provider_of_uploads.wait_for(1)
    wait_until(lambda: got.bytes > 1 * MB, 10, "the middle")
    customer.delete_key()
    reply = connection.read_reply()
    assert reply.status == 401
    assert reply.json["error"]["code"] == "key_disabled"
    costs_nothing(customer, got)
    connection.close()


def test_the_money_is_taken_away(house, customer, midway):
    """What is held is not to be had, so the call is paid for by it."""
    connection, what, got = midway
    admin = make_admin(house, "midway@example.com")
    held = usd(customer.wallet()["held"])
    assert held >= by_seconds(what.seconds)
    debit(admin, customer, str(Decimal("100") - held))
    with upload(customer, what) as other:
        assert other.read_reply().status == 402
    assert finish(connection, what, HALF).status == 200
    is_exact(got, what)
    is_paid(customer, what)
    assert customer.balance == held - by_seconds(what.seconds)


def test_two_forms_and_the_money_for_one(house, provider_of_uploads):
    what = Form(5 * MB)
    customer = house.customer(credit="0.9")
    first = begin_upload(customer, what, HALF)
    got = provider_of_uploads.wait_for(1)
    with upload(customer, what) as second:
        assert second.read_reply().status == 402
    assert finish(first, what, HALF).status == 200
    is_exact(got, what)
    is_paid(customer, what)
    assert len(provider_of_uploads.uploads) == 1


# ---- policies, and the gateway itself ----


@pytest.fixture
def own(provider_of_uploads, tmp_path):
    gateway = make_house(tmp_path, provider_of_uploads, workers=1).start()
    yield gateway
    gateway.stop()


def begin(customer, provider_of_uploads, what: Form):
    connection = begin_upload(customer, what, HALF)
    got = provider_of_uploads.wait_for(1)
    wait_until(lambda: got.bytes > 1 * MB, 10, "the middle")
    return connection, got


def test_a_reload(own, provider_of_uploads):
    """It goes on by the policies with which it began; the next one finds no such model."""
    customer, what = own.customer(credit="100"), Form(5 * MB)
    connection, got = begin(customer, provider_of_uploads, what)
    before = own.policies.read("models")
    own.policies.write("models", "return {}\n")
    own.reload()
    assert finish(connection, what, HALF).status == 200
    is_exact(got, what)
    is_paid(customer, what)
    with begin_upload(customer, what, 2) as refused:
        assert refused.read_reply().status == 404
    own.policies.write("models", before)


def test_the_end_of_the_gateway_waits_for_it(own, provider_of_uploads):
    customer, what = own.customer(credit="100"), Form(5 * MB)
    connection, got = begin(customer, provider_of_uploads, what)
    own.signal(signal.SIGTERM)
    wait_until(lambda: own.logged("stopping") or own.logged("drain"), 10, "the drain")
    assert finish(connection, what, HALF).status == 200
    is_exact(got, what)
    own.wait_for_exit()
    own.start()
    customer.web.base_url = own.origin + "/api"
    is_paid(customer, what)


def test_the_end_of_the_gateway_does_not_wait_for_ever(provider_of_uploads, tmp_path):
    gateway = make_house(tmp_path, provider_of_uploads, workers=1, drain_timeout_ms=300).start()
    customer, what = gateway.customer(credit="100"), Form(5 * MB)
    connection, got = begin(customer, provider_of_uploads, what)
    gateway.stop()
    connection.close()
    wait_until(lambda: got.ended, 10, "the provider's side has ended")
    assert not got.whole
    gateway.start()
    customer.web.base_url = gateway.origin + "/api"
    customer.wait_for_no_hold()
    assert customer.balance == Decimal("100")
    gateway.stop()


# ---- its end, at each byte ----

SOUND = sound(0) + b"\x02" * HELD_BYTES
END = b"\r\n--XyZ--\r\n"
WHOLE = form(("model", "whisper"), ("file", SOUND, "a.wav"))
assert WHOLE.endswith(END)


@pytest.mark.parametrize("chunked", [False, True])
def test_it_is_cut_at_each_byte_of_its_end(customer, provider_of_uploads, chunked):
    """Its client leaves there: no provider ever has all, and nothing is paid. (Behind the last dash
    a form may end.)"""
    for cut in range(len(WHOLE) - len(END), len(WHOLE) - 2):
        provider_of_uploads.uploads.clear()
        with customer.gateway.connect() as connection:
            connection.send(head_of(customer, None if chunked else len(WHOLE)))
            data = WHOLE[:cut]
            connection.send(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
            provider_of_uploads.wait_for(1)
        costs_nothing(customer, provider_of_uploads.wait_for(1))


def test_it_is_cut_at_each_byte_of_its_front(customer, provider_of_uploads):
    front = WHOLE.index(SOUND)
    for cut in range(front + 1):
        with customer.gateway.connect() as connection:
            connection.send(head_of(customer, len(WHOLE)) + WHOLE[:cut])
    customer.wait_for_no_hold()
    assert customer.balance == Decimal("100")
    assert not provider_of_uploads.uploads


def test_each_byte_of_its_end_comes_alone(customer, provider_of_uploads):
    with customer.gateway.connect() as connection:
        connection.send(head_of(customer, len(WHOLE)) + WHOLE[: -len(END)])
        got = provider_of_uploads.wait_for(1)
        for place in range(len(WHOLE) - len(END), len(WHOLE)):
            assert not got.whole
            connection.send(WHOLE[place : place + 1])
        assert connection.read_reply().status == 200
    assert got.whole
    customer.wait_for_no_hold()
    assert Decimal("100") - customer.balance == by_seconds(-(-HELD_BYTES // 16000))


def test_a_request_behind_its_end(customer, provider_of_uploads):
    with customer.gateway.connect() as connection:
        again = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        connection.send(head_of(customer, len(WHOLE)) + WHOLE + again)
        assert connection.read_reply().status == 200
        assert connection.read_reply("GET").status == 200
    assert provider_of_uploads.wait_for(1).whole


def test_a_boundary_that_never_comes(customer, provider_of_uploads):
    """Almost, again and again."""
    almost = b"\r\n--XyY" * (HELD_BYTES // 7)
    body = WHOLE[: -len(END)] + almost
    with customer.gateway.connect() as connection:
        connection.send(head_of(customer, len(body)) + body)
        assert connection.read_reply().status == 400
    costs_nothing(customer, provider_of_uploads.wait_for(1))


# ---- providers that end early ----


BROKEN = {"nothing": b"", "half a head": b"HTTP/1.1 ", "half a body": ok()[:-5],
          "no JSON": ok(b"no json")}  # fmt: skip


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("at", [0, 1, 600 * 1024])
def test_a_provider_that_breaks_off(customer, provider_of_uploads, at, answer):
    def plan(got: Upload, read) -> None:
        while got.bytes < at and read():
            pass
        got.connection.sendall(answer)

    provider_of_uploads.plan = plan
    what = Form(1 * MB)
    with begin_upload(customer, what, 14) as connection:
        assert connection.read_reply().status == 502
    customer.wait_for_no_hold()
    assert customer.balance == Decimal("100")


def test_a_provider_that_refuses_while_its_client_goes_on(customer, provider_of_uploads):
    """The client reads no answer before it has sent all: it gets the refusal all the same."""
    refusal = ok(b'{"error":{"message":"no","code":null}}', "400 No")

    def plan(got: Upload, read):
        while got.bytes < MB and read():
            pass
        return refusal

    provider_of_uploads.plan = plan
    what = Form(3 * MB)
    with upload(customer, what) as connection:
        assert connection.read_reply().status == 400
    customer.wait_for_no_hold()
    assert customer.balance == Decimal("100")
    provider_of_uploads.plan = read_all
