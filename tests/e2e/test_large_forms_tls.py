"""Large forms where the provider, or the client, speaks TLS: libcurl sends them, over HTTP/1.1 and
HTTP/2. These are the tests of test_large_forms.py again."""

import hashlib
import ssl

import answers
import pytest
from certificate import make_certificate
from fake_provider import Provider
from large_forms import MB, Form, make_house, upload
from prices import usd
from test_large_forms import (  # noqa: F401
    customer,
    house,
    test_100_mb_each_at_little_memory,
    test_a_client_that_leaves_in_the_middle,
    test_a_provider_that_answers_before_it_has_all,
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
from upload_provider import TEXT, UploadProvider


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
