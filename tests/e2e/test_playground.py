"""The dashboard's playground below its pages: each endpoint with a session in place of a key,
charged as with the key; what comes from elsewhere is refused; files above 64 KB need a pass."""

import httpx2 as httpx
import pytest
from endpoint_calls import CALLS, model_of, sell
from errors import check_error
from forms import form
from gateway import Gateway
from policy_prices import exact_of, rounded_up
from prices import usd
from test_transcriptions import sound

PLAYED = [
    name
    for name, call in CALLS.items()
    if call.path.startswith(("/chat", "/completions", "/embeddings", "/moderations", "/rerank",
                             "/images/generations", "/images/edits", "/audio/"))
]  # fmt: skip
BOUNDARY = "XyZ"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
LARGE_S = 30  # 480 KB


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    settings = {"form_held_bytes_max": "300000"}  # larger recordings pass as they come
    gateway = Gateway(tmp_path_factory.mktemp("played"), shared_provider, settings)
    gateway.policies.write("examples", "return {}\n")
    sell(gateway.policies)
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


def send(customer, path: str, body, headers: dict | None = None, key_id: str | None = None):
    """A dict is sent as JSON, bytes as a form."""
    params = {"key_id": key_id or customer.key_id}
    url = "/playground" + path
    if isinstance(body, dict):
        return customer.web.post(url, params=params, json=body, headers=headers)
    headers = {"Content-Type": FORM} | (headers or {})
    return customer.web.post(url, params=params, content=body, headers=headers)


def play(customer, name: str, before: str = "", headers: dict | None = None) -> httpx.Response:
    call = CALLS[name]
    if isinstance(call.body, dict):
        body = {"model": model_of(name)} | call.body
    else:
        body = form(("model", model_of(name)), *call.body, boundary=BOUNDARY)
        headers = {"x-body-pass": pass_of(customer)} | (headers or {})
    return send(customer, before + call.path, body, headers)


def recording(seconds: float) -> bytes:
    model = model_of("transcriptions, by seconds")
    parts = (("model", model), ("file", sound(seconds), "a.wav"))
    return form(*parts, boundary=BOUNDARY)


def pass_of(customer, key_id: str | None = None) -> str:
    response = send(customer, "/pass", {}, key_id=key_id)
    assert response.status_code == 201, response.text
    return response.json()["pass"]


@pytest.mark.parametrize("name", PLAYED)
def test_it_is_charged_as_with_the_key(house, provider, customer, name):
    call = CALLS[name]
    provider.answer = call.answer(call.used)
    response = play(customer, name)
    assert response.status_code == 200, response.text
    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    charge = rounded_up(exact_of(house.policies, model_of(name), call.used))
    assert usd(record["cost"]) == 10 - customer.balance == charge > 0
    assert record["id"] == response.headers["x-request-id"]
    assert record["key_id"] == customer.key_id


def test_what_it_costs_at_most_is_told(customer, provider):
    for name in ("embeddings", "images, by the picture", "speech, by characters",
                 "rerank, by searches", "completions"):  # fmt: skip
        told = play(customer, name, before="/estimate")
        assert told.status_code == 200, told.text
        with_key = CALLS[name].send(customer, model_of(name), before="/estimate").json()
        assert told.json()["max_cost_exact"] == with_key["max_cost_exact"]
    assert provider.requests == []


# ---- what comes from elsewhere ----


def test_a_form_of_another_site(customer, provider):
    response = play(customer, "transcriptions", headers={"Origin": "https://evil.test"})
    check_error(response, 403, "origin_not_allowed")
    response = send(customer, "/audio/transcriptions", b"x=1", {"Content-Type": "text/plain"})
    check_error(response, 400, "invalid_value")
    response = send(customer, "/embeddings", b"{}", {"Content-Type": FORM})
    check_error(response, 400, "invalid_value")
    assert provider.requests == []


def test_anothers_key(house, customer, provider):
    other = house.customer()
    for path in ("/embeddings", "/pass", "/estimate/embeddings"):
        response = send(customer, path, {"model": "embeddings"}, key_id=other.key_id)
        check_error(response, 404, "not_found", param="key_id")
    assert provider.requests == []


# ---- large bodies ----


def test_a_large_file_needs_a_pass(customer, provider):
    """The same 30 seconds, refused and then taken; and the call still needs the session."""
    call = CALLS["transcriptions, by seconds"]
    provider.answer = call.answer({"second": LARGE_S})
    body = recording(LARGE_S)
    assert len(body) > 400_000
    check_error(send(customer, call.path, body), 413, "request_too_large")
    headers = {"x-body-pass": pass_of(customer)}
    response = send(customer, call.path, body, headers)
    assert response.status_code == 200, response.text
    lines = customer.call("GET", f"/usage/{response.headers['x-request-id']}", 200)["charge"]
    assert [each["quantity"] for each in lines["lines"] if each["kind"] == "second"] == [LARGE_S]
    assert sound(LARGE_S) in provider.last.body
    provider.reset()
    nobody = customer.gateway.http.post(
        f"/api/playground{call.path}", params={"key_id": customer.key_id}, content=body,
        headers={"Content-Type": FORM} | headers,
    )  # fmt: skip
    check_error(nobody, 401, "not_signed_in")
    assert provider.requests == []


def test_a_pass_is_of_a_key_that_works(customer):
    body = recording(LARGE_S)
    path = CALLS["transcriptions"].path
    for wrong in ("", "x" * 108, pass_of(customer)[:-4] + "AAA="):
        response = send(customer, path, body, {"x-body-pass": wrong})
        check_error(response, 401, "invalid_api_key")
    headers = {"x-body-pass": pass_of(customer)}
    customer.call("PATCH", f"/keys/{customer.key_id}", 200, json={"disabled": True})
    check_error(send(customer, path, body, headers), 401, "invalid_api_key")


def test_a_pass_does_not_pay(house):
    poor = house.customer(credit=None)
    headers = {"x-body-pass": pass_of(poor)}
    response = send(poor, "/audio/transcriptions", recording(LARGE_S), headers)
    check_error(response, 402, "insufficient_credits")
