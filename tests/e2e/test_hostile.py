"""Whatever is sent, to every address: a clear 4xx in the shape of our errors, nothing lost, nothing
secret logged."""

import json

import answers
import pytest
from customer import PASSWORD
from errors import check_error

OK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
DEEP = 100
HUGE = "9" * 400

NO_JSON = {
    "nothing": b"",
    "spaces": b"  \n ",
    "text": b"hello",
    "half": b'{"model":"gpt-4o-mini"',
    "trailing comma": b'{"a":1,}',
    "trailing bytes": b'{"model":"gpt-4o-mini"} x',
    "two values": b"{}{}",
    "single quotes": b"{'a':1}",
    "comment": b'{"a":1 /* x */}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "hex": b'{"a":0x10}',
    "leading zero": b'{"a":01}',
    "plus": b'{"a":+1}',
    "bare point": b'{"a":1.}',
    "two BOMs": b'\xef\xbb\xbf\xef\xbb\xbf{"a":1}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "invalid UTF-8": b'{"a":"\xff\xfe"}',
    "overlong UTF-8": b'{"a":"\xc0\xaf"}',
    "surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "beyond Unicode": b'{"a":"\xf4\x90\x80\x80"}',
    "cut UTF-8": b'{"a":"\xe2\x82"}',
    "NUL": b'{"a":"\x00"}',
    "NUL behind": b'{"a":1}\x00',
    "control character": b'{"a":"\x01"}',
    "newline in a string": b'{"a":"\n"}',
    "bad escape": b'{"a":"\\x41"}',
    "short escape": b'{"a":"\\u12"}',
    "100 deep": b"[" * DEEP + b"]" * DEEP,
    "100 deep inside": b'{"model":"m","messages":[],"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "100,000 deep": b"[" * 100_000,
    "100,000 objects deep": b'{"a":' * 100_000,
}  # fmt: skip
NO_OBJECT = {"array": b"[]", "null": b"null", "number": b"5", "string": b'"x"', "true": b"true"}


@pytest.fixture
def untouched(gateway, shared_customer, provider):
    """Nothing reached the provider, nothing was charged, the key still works."""
    before = shared_customer.wallet()
    yield shared_customer
    assert provider.requests == []
    assert shared_customer.wallet() == before
    assert shared_customer.get("/models").status_code == 200


# ---- chat completions ----


@pytest.mark.quick
@pytest.mark.parametrize("name", NO_JSON)
def test_chat_no_json(untouched, name):
    check_error(untouched.post(NO_JSON[name]), 400, "invalid_json", retry=False)


@pytest.mark.parametrize("name", NO_OBJECT)
def test_chat_no_object(untouched, name):
    check_error(untouched.post(NO_OBJECT[name]), 400, retry=False)


WRONG = {
    "no model": ({"messages": OK["messages"]}, "missing_field", "model"),
    "no messages": ({"model": "gpt-4o-mini"}, "missing_field", "messages"),
    "model null": ({**OK, "model": None}, None, "model"),
    "model number": ({**OK, "model": 5}, "invalid_value", "model"),
    "model array": ({**OK, "model": ["gpt-4o-mini"]}, "invalid_value", "model"),
    "model empty": ({**OK, "model": ""}, None, "model"),
    "messages null": ({**OK, "messages": None}, None, "messages"),
    "messages string": ({**OK, "messages": "Hi"}, "invalid_value", "messages"),
    "messages object": ({**OK, "messages": {}}, "invalid_value", "messages"),
    "messages empty": ({**OK, "messages": []}, "invalid_value", "messages"),
    "message string": ({**OK, "messages": ["Hi"]}, "invalid_value", None),
    "stream string": ({**OK, "stream": "true"}, "invalid_value", "stream"),
    "stream number": ({**OK, "stream": 1}, "invalid_value", "stream"),
    "stream_options string": ({**OK, "stream": True, "stream_options": "x"}, "invalid_value",
                              "stream_options"),
    "include_usage string": ({**OK, "stream": True, "stream_options": {"include_usage": "x"}},
                             "invalid_value", None),
    "n zero": ({**OK, "n": 0}, "invalid_value", "n"),
    "n negative": ({**OK, "n": -1}, "invalid_value", "n"),
    "n string": ({**OK, "n": "1"}, "invalid_value", "n"),
    "n fraction": ({**OK, "n": 1.5}, "invalid_value", "n"),
    "n huge": ({**OK, "n": 10**6}, "invalid_value", "n"),
    "max_tokens zero": ({**OK, "max_tokens": 0}, "invalid_value", "max_tokens"),
    "max_tokens negative": ({**OK, "max_tokens": -1}, "invalid_value", "max_tokens"),
    "max_tokens string": ({**OK, "max_tokens": "10"}, "invalid_value", "max_tokens"),
    "max_tokens fraction": ({**OK, "max_tokens": 1.5}, "invalid_value", "max_tokens"),
    "max_tokens 2^63": ({**OK, "max_tokens": 2**63}, "invalid_value", "max_tokens"),
    "max_completion_tokens string": ({**OK, "max_completion_tokens": "x"}, "invalid_value",
                                     "max_completion_tokens"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_chat_wrong_values(untouched, name):
    body, code, param = WRONG[name]
    check_error(untouched.post(body), 400, code, param=param, retry=False)


RAW = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}],%s}'
NUMBERS = {
    "huge": HUGE,
    "-huge": "-" + HUGE,
    "1e400": "1e400",
    "-1e400": "-1e400",
    "1e-400": "1e-400",
}


@pytest.mark.parametrize("member", [b"max_tokens", b"n"])
@pytest.mark.parametrize("name", NUMBERS)
def test_chat_numbers(untouched, member, name):
    body = RAW % (b'"%s":%s' % (member, NUMBERS[name].encode()))
    check_error(untouched.post(body), 400, "invalid_value", param=member.decode())


DUPLICATES = {
    "model": b'"model":"gpt-4"',
    "messages": b'"messages":[]',
    "stream": b'"stream":true,"stream":false',
    "max_tokens": b'"max_tokens":1,"max_tokens":100000',
    "n": b'"n":1,"n":5',
    "escaped model": b'"\\u006dodel":"gpt-4"',
}


@pytest.mark.parametrize("name", DUPLICATES)
def test_chat_duplicate_members(untouched, name):
    """What money depends on must not be read in two ways."""
    check_error(untouched.post(RAW % DUPLICATES[name]), 400, "invalid_value")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/x"])
def test_chat_other_content_type(customer, kind):
    """Refused or read as JSON: never anything else."""
    response = customer.post(json.dumps(OK).encode(), headers={"Content-Type": kind})
    if response.status_code != 200:
        check_error(response, response.status_code)
        assert response.status_code in (400, 415)


@pytest.mark.parametrize(
    "model",
    ["x" * 100_000, "../../etc", "gpt-4o-mini\u0000", "gpt-4o-mini ", "GPT-4O-MINI", "\u202egpt",
     "' OR 1=1 --", "%s%n", "\n"],
)  # fmt: skip
def test_chat_unknown_models(untouched, model):
    response = untouched.ask(model)
    assert response.status_code in (400, 404)
    check_error(response, response.status_code, retry=False)
    assert len(response.content) < 5000


def test_log_line_cannot_be_forged(gateway, customer):
    """What comes from outside cannot write a line or a field into the log."""
    evil = 'x","level":"error","event":"forged"}\n{"event":"forged"}\n'
    customer.ask(evil)
    gateway.http.get("/api/v1/models/" + "%0a%22forged", headers=customer.authorization)
    gateway.http.post("/api/auth/signin", json={"email": evil, "password": evil})
    assert gateway.never_logged("forged")


# ---- the dashboard's API ----

DOCUMENT_BYTES_MAX = 65536  # of the dashboard's API
ENDPOINTS = {
    "signup": ("/auth/signup", {"email": "h{n}@example.com", "password": PASSWORD}),
    "signin": ("/auth/signin", {"email": "h@example.com", "password": PASSWORD}),
    "keys": ("/keys", {"name": "x"}),
    "charge": ("/balance/charge", {"amount": "1"}),
}


@pytest.fixture
def poor(gateway, shared_poor):
    """A signed-in user with no credits, who must not get any."""
    keys = shared_poor.call("GET", "/keys", 200)
    yield shared_poor
    assert shared_poor.balance == 0
    assert shared_poor.call("GET", "/keys", 200) == keys


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("name", [*NO_JSON, *NO_OBJECT])
def test_api_no_json(poor, endpoint, name):
    body = NO_JSON.get(name) or NO_OBJECT.get(name, b"")
    headers = {"Content-Type": "application/json"}
    response = poor.web.post(ENDPOINTS[endpoint][0], content=body, headers=headers)
    check_error(response, 413 if len(body) > DOCUMENT_BYTES_MAX else 400, on_api=False)


VALUES = [None, 5, -1, True, [], {}, [[]], {"a": 1}, "", "\u0000", "x\u0000y", "x" * 100_000, 1e308]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_api_wrong_types(poor, endpoint, value):
    path, good = ENDPOINTS[endpoint]
    for member in good:
        if endpoint == "charge" and value in (5, 1e308) and value is not True:
            continue  # an amount, or too much of one
        response = poor.web.post(path, json={**good, member: value})
        if endpoint == "signin" and response.status_code == 401:
            continue  # a text that is nobody's address or password
        large = len(response.request.content) > DOCUMENT_BYTES_MAX
        error = check_error(response, 413 if large else 400, on_api=False)
        assert error["param"] in (member, None)
        assert len(response.content) < 5000


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_api_missing_members(poor, endpoint):
    path, good = ENDPOINTS[endpoint]
    for member in good:
        body = {name: value for name, value in good.items() if name != member}
        error = check_error(poor.web.post(path, json=body), 400, "missing_field", on_api=False)
        assert error["param"] == member


AMOUNTS = [
    "-1", "-0.000000001", "0", "0.0", "-0", "NaN", "nan", "Infinity", "-Infinity", "1e3", "1E3",
    "+1", " 1", "1 ", "1,5", "1_000", "0x10", "", ".", "1.", ".5", "0.0000000001", "1.0000000001",
    "1000000000000", "9223372036854775807", "9223372036854775808", "18446744073709551617", HUGE,
    "\u0661", "1\u0000", "one", "$1", "1 USD",
]  # fmt: skip
RAW_AMOUNTS = [
    "-1", "0", "-0", "1e300", "1e-10", "-1e-9", "1e18", HUGE, "9223372036854775808", "true", "null",
    "[1]", '{"amount":1}', '"1","amount":"2"', '1,"amount":-1',
]  # fmt: skip


@pytest.mark.parametrize("amount", AMOUNTS)
def test_charge_amounts(poor, amount):
    response = poor.web.post("/balance/charge", json={"amount": amount})
    check_error(response, 400, "invalid_amount", on_api=False)


@pytest.mark.parametrize("raw", RAW_AMOUNTS)
def test_charge_raw_amounts(poor, raw):
    headers = {"Content-Type": "application/json"}
    body = b'{"amount":%s}' % raw.encode()
    response = poor.web.post("/balance/charge", content=body, headers=headers)
    check_error(response, 400, on_api=False)


@pytest.mark.parametrize("budget", ["-1", "NaN", "1e400", HUGE, "0.0000000001", "x"])
def test_key_budgets(poor, budget):
    response = poor.web.post("/keys", json={"name": "x", "budget": budget})
    check_error(response, 400, on_api=False, param="budget")


QUERIES = [
    "limit=0", "limit=-1", "limit=x", "limit=1e9", "limit=" + HUGE, "limit=5&limit=6", "limit=",
    "cursor=x", "cursor=%00", "cursor=-1", "cursor=" + "A" * 5000, "from=x", "to=yesterday",
    "from=2025-13-01T00:00:00Z", "from=2025-02-30T00:00:00Z", "to=99999-01-01T00:00:00Z", "to=%ff",
    "from=2025-01-01T00:00:00Z%00",
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_usage_queries(untouched, query):
    check_error(untouched.web.get("/usage?" + query), 400, on_api=False)


@pytest.mark.parametrize("by", ["x", "day,x", "day,day", "", "day;model", "%00", "cost"])
def test_summary_groups(untouched, by):
    check_error(untouched.web.get("/usage/summary?by=" + by), 400, on_api=False, param="by")


@pytest.mark.parametrize("path", ["/keys/%00", "/keys/..%2f..%2fx", "/keys/" + "x" * 3000,
                                  "/keys/'%20OR%201=1", "/keys/%ff"])  # fmt: skip
def test_key_ids(untouched, path):
    response = untouched.web.delete(path)
    assert response.status_code in (400, 404)
    check_error(response, response.status_code, on_api=False)


@pytest.mark.parametrize("query", ["", "?id=", "?id=x", "?id=%00", "?id=" + "x" * 3000,
                                   "?id=req_1' OR '1'='1".replace(" ", "%20")])  # fmt: skip
def test_generation_ids(untouched, query):
    response = untouched.get("/generation" + query)
    assert response.status_code in (400, 404)
    check_error(response, response.status_code)


@pytest.mark.parametrize("name", ["%00", "%ff", "a%2fb", "x" * 3000])
def test_model_names(untouched, name):
    response = untouched.get("/models/" + name)
    assert response.status_code in (400, 404)
    check_error(response, response.status_code)


def test_accounts_that_look_alike(gateway):
    """NUL and case do not make two users of one, or one of two."""
    body = {"email": "Look.Alike@example.com", "password": PASSWORD}
    assert gateway.http.post("/api/auth/signup", json=body).status_code == 201
    gateway.http.cookies.clear()
    body["email"] = "look.alike@EXAMPLE.com"
    check_error(gateway.http.post("/api/auth/signup", json=body), 409, on_api=False)
    assert gateway.http.post("/api/auth/signin", json=body).status_code == 200
    gateway.http.cookies.clear()


def test_names_are_kept_as_they_are(gateway):
    """Markup and SQL are text like any other."""
    customer = gateway.customer()
    for name in (
        "<script>alert(1)</script>",
        "'; DROP TABLE keys; --",
        "\U0001f600 \u202e",
        '"\\/',
    ):
        customer.create_key(name=name)
        names = {key["name"] for key in customer.call("GET", "/keys", 200)["data"]}
        assert name in names


# ---- static files ----


@pytest.mark.parametrize(
    "path",
    ["/../gateway.conf", "/%2e%2e/gateway.conf", "/..%2fgateway.db", "/dashboard/../../secret",
     "/....//secret", "/%2e%2e%2f%2e%2e%2fetc/passwd", "//etc/passwd", "/\\..\\secret", "/.%00/x",
     "/dashboard/%2e%2e%5csecret", "/.git/config"],
)  # fmt: skip
def test_no_file_outside(gateway, path):
    with gateway.connect() as connection:
        connection.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        reply = connection.read_reply("GET")
    text = reply.body.decode(errors="replace")
    assert reply.status in (400, 404) or (reply.status == 200 and "<html" in text.lower())
    assert "root:" not in text
    assert "database =" not in text


def test_bodies_of_any_bytes(untouched):
    """A body of 1 MB of noise is no reason to stop."""
    noise = bytes(range(256)) * 4096
    check_error(untouched.post(noise), 400, "invalid_json")
    untouched.post(b'"' + noise)


def test_provider_cannot_hurt_either(customer, provider):
    """Deep, huge and invalid answers of a provider: an answer or an error, never a crash."""
    for body in NO_JSON.values():
        provider.answer = answers.reply(200, body)
        assert customer.ask(max_tokens=10).status_code in (200, 502)
    customer.wait_for_no_hold()


@pytest.mark.parametrize("name", ["Model", "MAX_TOKENS", "Stream", "N"])
def test_names_in_another_case(customer, provider, name):
    """Names have their case (RFC 8259 knows no other way): one that only looks like a name that we
    price is refused."""
    check_error(customer.ask(**{name: 1}), 400, "invalid_value")
    assert not provider.requests
