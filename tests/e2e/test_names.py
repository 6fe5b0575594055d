"""Names of models that are no entries of models.lua: other names of one, some with a star, and
names that are mistyped."""

import json

import answers
import pytest
from answers import Usage
from errors import check_error
from forms import form
from gateway import Gateway
from prices import Price, charge, usd

PRICE = Price("1", "2")


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("names"), shared_provider, {})
    policies = gateway.policies
    policies.provider("google", dialect="gemini")
    for number in range(100):
        policies.model(f"many-{number}", PRICE)
    policies.model("talk-5-mini", PRICE)
    policies.model("talk-5-mini-pro", PRICE)
    policies.model("vectors", PRICE, max_output=None, endpoints=["gemini-embeddings"],
                   providers=("google",))  # fmt: skip
    policies.model("hidden-name", PRICE, candidates=[{"provider": "openai", "model": "theirs"}])
    policies.model("unpriced")
    others = {"fast": "talk-5-mini", "talk-5-*": "talk-5-mini", "talk-5-*-pro": "talk-5-mini-pro",
              "nice": "hidden-name", "soon": "unpriced", "v*": "vectors"}  # fmt: skip
    text = policies.read("models").rstrip().removesuffix("}")
    lines = "".join(f'    ["{name}"] = "{target}",\n' for name, target in others.items())
    policies.write("models", f"{text}{lines}}}\n")
    policies.write("limits", 'return { { scope = "key", models = { "talk-5-mini" },'
                             " output_tokens_max = 77 } }\n")  # fmt: skip
    policies.write("examples", 'return { { model = "fast", input = 1000000, price = "1.2" } }\n')
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


@pytest.mark.quick
@pytest.mark.parametrize(
    ("name", "entry", "theirs"),
    [("fast", "talk-5-mini", "talk-5-mini"), ("talk-5-2026-08-06", "talk-5-mini", "talk-5-mini"),
     ("talk-5-big-pro", "talk-5-mini-pro", "talk-5-mini-pro"), ("nice", "hidden-name", "theirs"),
     ("talk-5-mini-pro", "talk-5-mini-pro", "talk-5-mini-pro")],
)  # fmt: skip
def test_another_name_is_the_entry(customer, provider, name, entry, theirs):
    """Its price, its limits, its record; the provider hears of no other name."""
    provider.answer = answers.chat(usage=Usage(10, 20))
    reply = customer.ask(name)
    assert reply.status_code == 200, reply.text
    assert provider.last.json["model"] == theirs
    assert reply.json()["model"] == entry
    assert (provider.last.json.get("max_tokens") == 77) == (entry == "talk-5-mini")
    record = customer.wait_for_record()
    assert record["model"] == entry
    assert usd(record["cost"]) == charge(PRICE, Usage(10, 20))


def test_a_name_in_an_address(customer, provider):
    body = {"embeddings": [{"values": [1]}], "usageMetadata": {"promptTokenCount": 3}}
    provider.answer = answers.reply(200, json.dumps(body).encode())
    asked = {"requests": [{"model": "models/v2", "content": {"parts": [{"text": "x"}]}}]}
    headers = {"x-goog-api-key": customer.key}
    url = "/v1beta/models/v2:batchEmbedContents"
    assert customer.gateway.http.post(url, json=asked, headers=headers).status_code == 200
    assert provider.last.json["requests"][0]["model"] == "models/vectors"
    assert customer.wait_for_record()["model"] == "vectors"


def test_what_the_key_may_use_is_the_entry(house, provider):
    provider.answer = answers.chat()
    narrow = house.customer(models=["talk-5-mini"])
    assert narrow.ask("fast").status_code == 200
    check_error(narrow.ask("talk-5-big-pro"), 403, "model_not_allowed")


def test_no_name_sells_what_has_no_price(customer, provider):
    provider.reset()
    check_error(customer.ask("soon"), 503, "model_not_priced")
    assert provider.requests == []


def test_a_retry_by_another_name_is_counted(customer, provider):
    provider.answer = answers.chat()
    headers = {"Idempotency-Key": "named"}
    body = {"model": "fast", "messages": [{"role": "user", "content": "x"}]}
    first = customer.post(body, headers=headers)
    customer.wait_for_no_hold()
    assert customer.post(body, headers=headers).content == first.content


def test_other_names_are_asked_about_and_not_listed(customer):
    listed = [model["id"] for model in customer.get("/models").json()["data"]]
    assert "talk-5-mini" in listed
    assert not {"fast", "nice", "talk-5-*"} & set(listed)
    assert customer.get("/models/fast").json()["id"] == "talk-5-mini"


@pytest.mark.quick
@pytest.mark.parametrize(
    ("name", "meant"),
    [("Talk-5-MINI", "talk-5-mini"), ("talk5mini", "talk-5-mini"), ("tolk-5-mini", "talk-5-mini"),
     ("openai/hidden_name", "hidden-name"), ("many-7x", "many-7"), ("gpt4o", "gpt-4o"),
     ("talk_4_mini", None), ("many-107", None), ("something else", None), ("unpricd", None)],
)  # fmt: skip
def test_a_mistyped_name(customer, name, meant):
    error = check_error(customer.ask(name), 404, "model_not_found", param="model")
    says = f' Did you mean "{meant}"?' if meant else ""
    assert error["message"] == f'The model "{name}" does not exist.{says}'


CHAT = {"messages": [{"role": "user", "content": "x"}]}
PLACES = {
    "/chat/completions": CHAT, "/responses": {"input": "x"}, "/messages": {**CHAT, "max_tokens": 5},
    "/completions": {"prompt": "x"}, "/embeddings": {"input": "x"}, "/moderations": {"input": "x"},
    "/rerank": {"query": "x", "documents": ["x"]}, "/images/generations": {"prompt": "x"},
    "/audio/speech": {"input": "x", "voice": "y"}, "/decisions": {"input": "x", "questions": []},
    "/models/tolk-5-mini:generateContent": {"contents": [{"parts": [{"text": "x"}]}]},
    "/models/tolk-5-mini:embedContent": {"content": {"parts": [{"text": "x"}]}},
    "/models/tolk-5-mini": None,
    "/images/edits": [("prompt", "x"), ("image", b"x", "a.png")],
    "/audio/transcriptions": [("file", b"x", "a.wav")],
}  # fmt: skip


@pytest.mark.parametrize("path", PLACES)
def test_a_mistyped_name_everywhere(customer, provider, path):
    """The sentence is one; the form of the error is the one that the place's clients read."""
    provider.reset()
    body = PLACES[path]
    if body is None:
        reply = customer.get(path)
    elif isinstance(body, list):
        kind = {"Content-Type": "multipart/form-data; boundary=xyz"}
        parts = form(("model", "tolk-5-mini"), *body, boundary="xyz")
        reply = customer.post(parts, path, headers=kind)
    else:
        named = {} if ":" in path else {"model": "tolk-5-mini"}
        reply = customer.post(named | body, path)
    says = 'The model "tolk-5-mini" does not exist. Did you mean "talk-5-mini"?'
    answer = reply.json()
    assert (reply.status_code, answer["error"]["message"]) == (404, says)
    if path == "/messages":
        assert (answer["type"], answer["error"]["type"]) == ("error", "not_found_error")
    elif ":" in path:
        assert (answer["error"]["code"], answer["error"]["status"]) == (404, "NOT_FOUND")
    else:
        assert answer["error"].keys() >= {"type", "param", "code"}
        assert answer["error"]["code"] == "model_not_found"
    assert reply.headers["x-should-retry"] == "false"
    assert provider.requests == []


def test_a_key_hears_only_of_its_own(house):
    narrow = house.customer(models=["talk-5-mini-pro"])
    message = check_error(narrow.ask("hiddenname"), 404)["message"]
    assert "mean" not in message
    assert 'mean "talk-5-mini-pro"' in check_error(narrow.ask("talk5minipro"), 404)["message"]


MISTAKES = {
    '["a"] = "nothing",': 'models.a: there is no entry "nothing"',
    '["a"] = "talk-5-mni",': 'did you mean "talk-5-mini"?',
    '["a"] = "b", ["b"] = "talk-5-mini",': '"b" is another name itself',
    '["a*b*"] = "talk-5-mini",': "has more than one star",
    '["*"] = "talk-5-mini",': "is a star alone",
    '["a*"] = {},': "a name with a star stands for an entry",
    '["ab*"] = "talk-5-mini", ["a*b"] = "hidden-name",': 'fits the same names as "',
}


@pytest.mark.parametrize("lines", MISTAKES)
def test_mistakes_are_found_by_check(house, lines):
    policies = house.policies
    before = policies.read("models")
    try:
        policies.write("models", before.rstrip().removesuffix("}") + lines + "\n}\n")
        result = house.command("check")
        assert result.returncode == 1
        assert MISTAKES[lines] in result.stderr
        assert "models.lua:" in result.stderr
    finally:
        policies.write("models", before)
