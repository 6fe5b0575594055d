"""What Claude Code 2.1.332, Codex 0.171.0 and Gemini CLI 0.61.0 really sent (agent_requests/), to
providers of every dialect. Of the requests the ids are made zero, and long texts are cut to their
beginning and their length, "beginning…[9137]": they grow here again."""

import json
import re
from pathlib import Path

import answers
import anthropic_answers
import gemini_answers
import pytest
import responses_answers
import test_translation
from answers import Usage
from gateway import Gateway
from prices import Price, charge, usd

FOLDER = Path(__file__).parent / "agent_requests"
REQUESTS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
CALLS = [name for name in REQUESTS if not name.endswith("-count")]
OWN = {"claude-code": "anthropic", "codex": "openai-responses", "gemini-cli": "gemini"}
PRICE = Price("3", "15", "0.30")
CUT = re.compile(r"(.*)…\[(\d+)\]", re.DOTALL)
SAY = {
    "openai": answers.chat(usage=Usage(19, 10)),
    "openai-responses": responses_answers.response(),
    "anthropic": anthropic_answers.message(),
    "gemini": gemini_answers.content(),
}
MAX_OUTPUT = 64_000


def grown(value):
    if isinstance(value, dict):
        return {key: grown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [grown(item) for item in value]
    cut = CUT.fullmatch(value) if isinstance(value, str) else None
    return (cut[1] + " word" * int(cut[2]))[: int(cut[2])] if cut else value


def names(value, name: str) -> list:
    """What stands anywhere under that name."""
    if isinstance(value, list):
        return [found for item in value for found in names(item, name)]
    if not isinstance(value, dict):
        return []
    inner = [found for item in value.values() for found in names(item, name)]
    return inner + ([value[name]] if name in value else [])


def model_of(request: dict) -> str:
    return request["body"].get("model") or request["path"].split("/")[-1].split(":")[0]


@pytest.fixture(scope="module")
def houses(shared_provider, tmp_path_factory):
    """A gateway for each dialect of its provider, started when it is wanted. One sells Codex's
    search."""
    made = {}

    def house(dialect: str) -> Gateway:
        if dialect not in made:
            gateway = Gateway(tmp_path_factory.mktemp(dialect), shared_provider, {})
            gateway.policies.provider("of", dialect=dialect)
            allow = ("tools.web_search",) if dialect == "openai-responses" else ()
            for model in {model_of(request) for request in REQUESTS.values()}:
                gateway.policies.model(model, PRICE, providers=("of",), context=200_000,
                                       max_output=MAX_OUTPUT, allow=allow)  # fmt: skip
            gateway.policies.write("examples", "return {}\n")
            made[dialect] = gateway.start()
        return made[dialect]

    yield house
    for gateway in made.values():
        gateway.check_clean()
        gateway.check_holds()
        gateway.stop()


def send(house, customer, request: dict):
    body = json.dumps(grown(request["body"]), ensure_ascii=False, separators=(",", ":")).encode()
    key = "x-goog-api-key" if "/v1beta/" in request["path"] else "authorization"
    headers = request["headers"] | {
        key: customer.key if "goog" in key else f"Bearer {customer.key}"
    }
    return body, house.http.post(request["path"], content=body, headers=headers)


def check_gemini(body: dict) -> None:
    """As test_translation has it, but for what a request may lack."""
    usual = {"tools": [], "toolConfig": {}, "generationConfig": {}}
    test_translation.check_gemini(usual | body)


CHECK = test_translation.CHECK | {
    "openai": test_translation.CHECK["openai-chat"],
    "gemini": check_gemini,
}


@pytest.mark.parametrize("dialect", SAY)
@pytest.mark.parametrize("name", CALLS)
def test_a_request_of_an_agent(houses, provider, name, dialect):
    house = houses(dialect)
    customer = house.customer()
    provider.answer = SAY[dialect]
    agent = next(agent for agent in OWN if name.startswith(agent))
    body, reply = send(house, customer, REQUESTS[name])
    assert reply.status_code == 200, reply.text
    assert "Hello" in reply.text
    record = customer.wait_for_record()
    assert usd(record["cost"]) == charge(PRICE, Usage(19, 10))
    sent = provider.last
    if dialect == OWN[agent]:
        assert sent.body == body
        for header in ("anthropic-version", "anthropic-beta"):
            assert sent.headers.get(header) == REQUESTS[name]["headers"].get(header)
        return
    CHECK[dialect](sent.json)
    assert not [word for word in names(sent.json, "type") if word in ("OBJECT", "STRING")]
    assert "web_search" not in {str(kind) for kind in names(sent.json, "type")}
    if name.endswith("-results"):
        assert "harbour" in sent.body.decode()


@pytest.mark.parametrize("dialect", SAY)
def test_a_count_of_claude_code(houses, provider, dialect):
    """Free, and outside the limits: it asks for two dozen at once."""
    house = houses(dialect)
    customer = house.customer()
    for _ in range(25):
        _, reply = send(house, customer, REQUESTS["claude-code-count"])
        assert reply.status_code == 200, reply.text
        assert reply.json()["input_tokens"] > 1000
    assert customer.balance == 10


@pytest.mark.parametrize("name", ["codex-first", "gemini-cli-first"])
def test_the_longest_answer_where_nobody_limits_it(houses, provider, name):
    """Anthropic wants a limit. A small one would cut the files that agents write."""
    house = houses("anthropic")
    provider.answer = SAY["anthropic"]
    _, reply = send(house, house.customer(), REQUESTS[name])
    assert reply.status_code == 200, reply.text
    assert provider.last.json["max_tokens"] == MAX_OUTPUT


def test_a_search_that_would_be_billed_is_sold_by_name(provider, make_gateway):
    """A provider of Codex's own dialect would search, and bill it; others never see the tool."""
    gateway = make_gateway(
        prepare=lambda policies: (
            policies.provider("of", dialect="openai-responses"),
            policies.provider("other", dialect="anthropic"),
            policies.model("agent", PRICE, providers=("other", "of")),
            policies.write("examples", "return {}\n"),
        )
    )
    customer = gateway.customer()
    _, reply = send(gateway, customer, REQUESTS["codex-first"])
    assert reply.status_code == 400
    assert "'tools.web_search', which is not sold" in reply.json()["error"]["message"]
    assert not provider.requests
