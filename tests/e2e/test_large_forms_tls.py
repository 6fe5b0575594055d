"""Large forms where the provider, or the client, speaks TLS: libcurl sends them, over HTTP/1.1 and
HTTP/2. These are the tests of test_large_forms.py again."""

import hashlib
import ssl
import threading

import answers
import pytest
from certificate import make_certificate
from fake_provider import Provider
from large_forms import MB, Form, head_of, make_house, upload
from prices import usd
from test_large_forms import (  # noqa: F401
    customer,
    house,
    test_100_mb_each_at_little_memory,
    test_a_client_that_leaves_behind_an_early_answer,
    test_a_client_that_leaves_in_the_middle,
    test_a_provider_that_answers_before_it_has_all,
    test_a_provider_that_answers_while_it_reads,
    test_a_provider_that_dies_in_the_middle,
    test_a_provider_that_refuses_early,
    test_a_stream,
    test_it_arrives_as_it_was_sent,
)
from test_large_forms_refused import (  # noqa: F401
    test_fields_that_decide_something_behind_the_file,
    test_hostile_forms,
)
from test_transcriptions import by_seconds
from upload_provider import TEXT, UploadProvider, read_all
from wait import wait_until


@pytest.fixture(scope="module")
def uploads(tmp_path_factory):
    certificate, key = make_certificate(tmp_path_factory.mktemp("provider"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    provider = UploadProvider(context)
    provider.certificate = certificate
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def h2_provider(tmp_path_factory):
    certificate, key = make_certificate(tmp_path_factory.mktemp("h2"))
    provider = Provider(answers.reply(200, TEXT), certificate, key, http2=True)
    yield provider
    assert not provider.failures
    provider.stop()


@pytest.fixture(scope="module")
def h2_house(h2_provider, tmp_path_factory):
    gateway = make_house(tmp_path_factory.mktemp("h2_house"), h2_provider, workers=1)
    yield from gateway.served()


@pytest.mark.parametrize("chunked", [False, True])
def test_over_http2(h2_house, h2_provider, chunked):
    sender = h2_house.customer(credit="100")
    what = Form(5 * MB)
    with upload(sender, what, chunked) as connection:
        assert connection.read_reply().status == 200
    assert hashlib.sha256(h2_provider.last.body).hexdigest() == what.digest()
    assert usd(sender.wait_for_record()["cost"]) == by_seconds(what.seconds)


# ---- a client that speaks TLS ----

WINDOW = 192 * 1024  # of what waits for the provider (LIMIT_FORM_FLOW_BYTES)
READ = 4096  # so much of a record of TLS, then the rest, is read at once
RECORD = 16000


@pytest.fixture
def secure(provider_of_uploads, tmp_path):
    certificate, key = make_certificate(tmp_path)
    gateway = make_house(tmp_path / "house", provider_of_uploads, workers=1,
                         form_held_bytes_max=MB // 16, tls_certificate=certificate,
                         tls_key=key)  # fmt: skip
    gateway.client_trust = ssl.create_default_context(cafile=certificate)
    yield from gateway.served()


def test_a_client_that_leaves_when_its_end_came_behind_a_stop(secure, provider_of_uploads):
    """The first part of a record of TLS fills the window, so the client is stopped; the form's end
    is in the rest of it. Nothing more is to come, but that the client leaves is seen."""
    gate = threading.Event()

    def plan(got, read):
        answer = read_all(got, read)
        gate.wait(30)
        return answer

    provider_of_uploads.plan = plan
    sender = secure.customer(credit="100")
    bare = Form(0)
    what = Form(WINDOW + RECORD - READ // 2 - bare.bytes + len(bare.before))
    data = b"".join(what.pieces())
    connection = secure.connect(tls=secure.client_trust)
    connection.send(head_of(sender, what.bytes) + data[:-RECORD])
    got = provider_of_uploads.wait_for(1)
    wait_until(lambda: got.bytes >= len(data) - RECORD - 100, 10, "all but the last record")
    connection.send(data[-RECORD:])
    wait_until(lambda: got.whole, 10, "all of it")
    connection.close()
    wait_until(lambda: secure.logged("client gone"), 10, "it is seen to have left")
    gate.set()
    assert usd(sender.wait_for_record()["cost"]) == by_seconds(what.seconds)
