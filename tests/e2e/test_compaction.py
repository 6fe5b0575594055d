"""Summaries of long conversations, as Codex and the Agents SDK ask for them: made by the provider
where it has such a call, else by the model; and what becomes of them afterwards."""

import json

import answers
import pytest
import responses_answers
from answers import Usage, reply, stream
from gateway import UPSTREAM_KEY, Gateway
from openresponses_types import CompactResource
from prices import Price, charge, usd
from test_dialects import PROVIDERS, TOOL, answer_of

PRICE = Price("3", "15", "0.30")
COUNTS = Usage(40, 12)
SUMMARY = ("We", ' went "on"', " 🎉\n")
SEALED = "gw1.summary."
CALL = {"type": "function_call", "call_id": "call_a", "name": "get_weather",
        "arguments": '{"city":"Rome"}', "id": "fc_1", "status": "completed"}  # fmt: skip
TALK = [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": "First."},
    CALL,
    {"type": "function_call_output", "call_id": "call_a", "output": "sunny"},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Sun."}]},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Second."}]},
]
TOOLS = [{"type": "function", "name": "get_weather", "parameters": {"type": "object"}}]
TRIGGER = {"type": "compaction_trigger"}
OURS = {"type": "compaction", "id": "cmp_1", "encrypted_content": SEALED + "So far."}


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("compaction"), shared_provider, {})
    for dialect in PROVIDERS:
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
        gateway.policies.model(f"m-{dialect}", PRICE, providers=(f"of-{dialect}",),
                               max_output=4096)  # fmt: skip
    gateway.policies.provider("compacts", dialect=("openai-chat", "openai-responses"),
                              compacts=True)  # fmt: skip
    gateway.policies.model("m-compacts", PRICE, max_output=4096,
                           candidates=[{"provider": "compacts", "model": "theirs"},
                                       {"provider": "of-anthropic"}])  # fmt: skip
    gateway.policies.write("examples", "return {}\n")
    gateway.start()
    yield gateway
    gateway.check_clean()
    gateway.check_holds()
    gateway.stop()


@pytest.fixture
def customer(house):
    return house.customer()


def create(customer, **how):
    client = customer.openai()
    return client.responses.create(**{"model": "m-anthropic", "tools": TOOLS, **how})


def texts_of(body: dict) -> str:
    """All that a provider was asked, as JSON without escapes."""
    return json.dumps(body, ensure_ascii=False)


@pytest.mark.parametrize("dialect", PROVIDERS)
def test_the_model_writes_the_summary(customer, provider, dialect):
    provider.answer = answer_of(dialect, SUMMARY, usage=COUNTS)
    made = customer.openai().responses.compact(
        model=f"m-{dialect}", input=TALK, instructions="Talk.", extra_body={"tools": TOOLS}
    )
    assert made.object == "response.compaction"
    *said, summary = made.output
    assert [item.content[0].text for item in said] == ["First.", "Second."]
    assert summary.type == "compaction"
    assert summary.encrypted_content.startswith(SEALED)
    assert summary.encrypted_content.endswith("".join(SUMMARY))
    assert (made.usage.input_tokens, made.usage.output_tokens) == (40, 12)
    assert usd(made.usage.model_extra["cost"]) == charge(PRICE, COUNTS)
    asked = texts_of(provider.last.json)
    for words in ("Be brief.", "Talk.", "Rome", "sunny", "Sun.", "Second.", "get_weather"):
        assert words in asked, words
    assert asked.index("Second.") < asked.index("Write that summary now")
    assert "none" in asked.lower(), "no tool may be called"
    customer.wait_for_balance(10 - charge(PRICE, COUNTS))


def test_its_form_is_that_of_open_responses(customer, provider):
    provider.answer = answer_of("anthropic", SUMMARY)
    reply = customer.post({"model": "m-anthropic", "input": TALK}, "/responses/compact")
    assert reply.status_code == 200, reply.text
    CompactResource.model_validate(reply.json())


@pytest.mark.parametrize("dialect", PROVIDERS)
def test_the_conversation_goes_on_from_it(customer, provider, dialect):
    provider.answer = answer_of(dialect)
    goes_on = {"role": "user", "content": "Third."}
    made = create(customer, model=f"m-{dialect}", input=[TALK[1], OURS, goes_on])
    assert made.status == "completed"
    asked = texts_of(provider.last.json)
    assert asked.index("First.") < asked.index("summary of the") < asked.index("So far.")
    assert asked.index("So far.") < asked.index("Third.")
    assert "gw1" not in asked
    assert "compaction" not in asked


@pytest.mark.parametrize("dialect", PROVIDERS)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_trigger(customer, provider, dialect, streamed):
    provider.answer = answer_of(dialect, SUMMARY, usage=COUNTS)
    made = create(customer, model=f"m-{dialect}", input=[*TALK, TRIGGER], stream=streamed)
    kinds = []
    if streamed:
        events = list(made)
        kinds = [event.type for event in events]
        made = events[-1].response
        done = [event.item for event in events if event.type == "response.output_item.done"]
        assert done == made.output
        assert [event.sequence_number for event in events] == list(range(len(events)))
    assert kinds == [] or kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.compaction.compacting",
        "response.output_item.done",
        "response.completed",
    ]
    assert made.status == "completed"
    assert [item.type for item in made.output] == ["compaction"]
    assert made.output[0].encrypted_content.endswith("".join(SUMMARY))
    assert usd(made.usage.model_extra["cost"]) == charge(PRICE, COUNTS)
    customer.wait_for_balance(10 - charge(PRICE, COUNTS))


THEIRS = {
    "id": "resp_9",
    "object": "response.compaction",
    "created_at": 1764967971,
    "output": [
        {"id": "msg_1", "type": "message", "status": "completed", "role": "user",
         "content": [{"type": "input_text", "text": "First. " * 300}]},
        {"id": "cmp_9", "type": "compaction", "encrypted_content": "gAAAAAB" * 40},
    ],
    "usage": {"input_tokens": 40, "input_tokens_details": {"cached_tokens": 0},
              "output_tokens": 12, "output_tokens_details": {"reasoning_tokens": 0},
              "total_tokens": 52},
}  # fmt: skip


def test_a_provider_that_makes_summaries_is_asked(customer, provider):
    provider.answer = reply(200, json.dumps(THEIRS).encode())
    body = b'{"tomorrow":1.0, "model":"m-compacts" ,"input":[{"role":"user","content":"a"}]}'
    for _ in range(2):
        made = customer.post(body, "/responses/compact", headers={"Idempotency-Key": "once"})
        assert made.status_code == 200, made.text
        answer = made.json()
        assert usd(answer["usage"].pop("cost")) == charge(PRICE, COUNTS)
        assert answer == THEIRS
    assert len(provider.requests) == 1
    sent = provider.last
    assert sent.path.endswith("/v1/responses/compact")
    assert sent.body == body.replace(b"m-compacts", b"theirs")
    assert sent.headers["authorization"] == f"Bearer {UPSTREAM_KEY}"
    customer.wait_for_balance(10 - charge(PRICE, COUNTS))
    record = customer.wait_for_record()
    assert (record["provider"], record["usage_source"]) == ("compacts", "reported")


def test_no_limit_of_the_client_s_makes_it_cheaper(house, customer, provider):
    """The provider's own call takes none, and bills the whole summary."""
    long = Usage(40, 500)
    usage = {"input_tokens": 40, "output_tokens": 500, "total_tokens": 540}
    provider.answer = reply(200, json.dumps({**THEIRS, "usage": usage}).encode())
    body = {"model": "m-compacts", "input": TALK, "max_output_tokens": 1}
    assert house.customer(credit="0.03").post(body, "/responses/compact").status_code == 429
    bound = {"x-llm-max-cost": "0.03"}
    assert customer.post(body, "/responses/compact", headers=bound).status_code == 400
    assert provider.requests == []
    assert customer.post(body, "/responses/compact").status_code == 200
    customer.wait_for_balance(10 - charge(PRICE, long))


def test_one_that_does_not_know_it_gives_way(customer, provider):
    """The next candidate's model writes it."""
    missing = {"error": {"message": "Not found", "type": "invalid_request_error", "param": None,
                         "code": None}}  # fmt: skip
    provider.then(reply(404, json.dumps(missing).encode()), answer_of("anthropic", SUMMARY))
    made = customer.openai().responses.compact(model="m-compacts", input=TALK)
    assert made.output[-1].encrypted_content.endswith("".join(SUMMARY))
    assert [request.path for request in provider.requests] == [
        "/v1/responses/compact",
        "/v1/messages",
    ]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_trigger_passes_to_a_provider_that_knows_it(customer, provider, streamed):
    said = responses_answers.Response(pieces=(), more={"output": THEIRS["output"][1:]})

    async def answer(connection, request):
        if not request.json.get("stream"):
            await reply(200, said.body(request.json))(connection, request)
            return
        begun, *_, ended = said.events(request.json)
        item = json.dumps({"type": "response.output_item.done", "sequence_number": 1,
                           "output_index": 0, "item": THEIRS["output"][1]})  # fmt: skip
        event = f"event: response.output_item.done\ndata: {item}\n\n".encode()
        await stream([begun, event, ended])(connection, request)

    provider.answer = answer
    made = create(customer, model="m-compacts", input=[*TALK, TRIGGER], stream=streamed)
    if streamed:
        made = list(made)[-1].response
    assert [item.type for item in made.output] == ["compaction"]
    assert provider.last.json["input"] == [*TALK, TRIGGER]
    assert provider.last.path.endswith("/v1/responses")


def test_what_a_provider_has_encrypted_passes_to_one_of_its_kind(customer, provider):
    provider.answer = responses_answers.response()
    create(customer, model="m-compacts", input=[THEIRS["output"][1], TALK[1]])
    assert provider.last.json["input"] == [THEIRS["output"][1], TALK[1]]


REFUSED = {
    "another's summary": ("m-anthropic", [THEIRS["output"][1], TALK[1]], "encrypted_content"),
    "a trigger that is not the last": ("m-gemini", [TRIGGER, TALK[1]], "compaction_trigger"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_cannot_be_is_said(customer, provider, case):
    model, talk, words = REFUSED[case]
    refused = customer.post({"model": model, "input": talk}, "/responses")
    assert refused.status_code == 400, refused.text
    error = refused.json()["error"]
    assert words in error["message"] + error["param"]
    assert provider.requests == []


def test_a_compaction_is_not_streamed(customer, provider):
    body = {"model": "m-anthropic", "input": TALK, "stream": True}
    refused = customer.post(body, "/responses/compact")
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "stream"
    assert provider.requests == []


@pytest.mark.parametrize("path", ["/responses/compact", "/responses"])
def test_no_summary_is_no_answer(customer, provider, path):
    provider.answer = answer_of("anthropic", (), tool=TOOL)
    talk = [*TALK, TRIGGER] if path == "/responses" else TALK
    failed = customer.post({"model": "m-anthropic", "input": talk, "tools": TOOLS}, path)
    assert failed.status_code == 502, failed.text
    assert customer.balance == 10


def test_who_cannot_pay_the_longest_summary(house, provider):
    """A provider's own call takes no limit; where the model writes, it gets one."""
    poor = house.customer(credit="0.03")
    body = {"model": "m-compacts", "input": TALK}
    assert poor.post(body, "/responses/compact").status_code == 429  # as Responses say it
    assert provider.requests == []
    bound = {"x-llm-max-cost": "0.03"}
    assert house.customer().post(body, "/responses/compact", headers=bound).status_code == 400
    provider.answer = answer_of("anthropic", SUMMARY, usage=COUNTS)
    made = create(poor, input=[*TALK, TRIGGER], stream=True)
    assert list(made)[-1].response.output[0].type == "compaction"
    assert 0 < provider.last.json["max_tokens"] < 4096


def test_without_counts_the_summary_is_estimated(customer, provider):
    provider.answer = answers.chat(pieces=("word " * 200,), usage=None)
    list(create(customer, model="m-openai", input=[*TALK, TRIGGER], stream=True))
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    assert 100 < record["output_tokens"] < 400
