"""A provider over TLS and HTTP/2: kept alive, and leaving ends one stream at once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from answers import Usage
from certificate import make_certificate
from h2_provider import H2Provider
from prices import Price, charge
from wait import wait_until

PRICE = Price("1", "2")


@pytest.fixture
def h2_provider(tmp_path):
    certificate, key = make_certificate(tmp_path)
    provider = H2Provider(certificate, key)
    provider.ca_file = certificate
    yield provider
    provider.stop()


@pytest.fixture
def over_h2(make_gateway, h2_provider):
    def prepare(policies):
        url = f"https://127.0.0.1:{h2_provider.port}/v1"
        policies.provider("h2", base_url=url, api_key="sk-h2", ca_file=str(h2_provider.ca_file))
        policies.model("over-h2", PRICE, providers=("h2",))

    return make_gateway(workers=1, prepare=prepare)


ASK = {"model": "over-h2", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


def test_streams(over_h2, h2_provider):
    """Eight at once, then eight more on the same connections."""
    customer = over_h2.customer()
    count = 8
    for _ in range(2):
        with ThreadPoolExecutor(count) as pool:
            asked = [pool.submit(customer.ask, "over-h2", stream=True) for _ in range(count)]
            wait_until(lambda: len(h2_provider.open) == count, 10, "all streams open")
            h2_provider.finish_all()
            answers = [future.result(30) for future in asked]
        assert all(answer.status_code == 200 for answer in answers)
        assert all(answer.content.endswith(b"data: [DONE]\n\n") for answer in answers)
        customer.wait_for_no_hold()
    assert len(h2_provider.connections) == count, "kept alive"
    assert set(h2_provider.connections) <= {("h2", "TLSv1.2"), ("h2", "TLSv1.3")}
    headers, body = h2_provider.requests[0]
    assert headers[b"authorization"] == b"Bearer sk-h2"
    assert json.loads(body)["model"] == "over-h2"
    assert 10 - customer.balance == 2 * count * charge(PRICE, Usage(10, 5))


def test_leaving_ends_one_stream(over_h2, h2_provider):
    client = over_h2.customer().openai()
    stays = client.chat.completions.create(**ASK)
    goes = client.chat.completions.create(**ASK)
    wait_until(lambda: len(h2_provider.open) == 2, 10, "both streams open")
    next(iter(goes))
    goes.close()
    wait_until(lambda: h2_provider.lost == 1, 5, "the provider is told to stop")
    h2_provider.finish_all()
    assert [chunk.choices[0].finish_reason for chunk in stays][-1] == "stop"


def test_certificate_is_verified(make_gateway, h2_provider):
    def prepare(policies):
        policies.provider(
            "h2", base_url=f"https://127.0.0.1:{h2_provider.port}/v1", api_key="sk-h2"
        )
        policies.model("over-h2", PRICE, providers=("h2",))

    gateway = make_gateway(prepare=prepare)
    response = gateway.customer().ask("over-h2")
    assert response.status_code == 502
    assert response.json()["error"]["code"] == "provider_unavailable"
    assert not h2_provider.requests
