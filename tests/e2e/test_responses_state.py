"""What a provider keeps of the Responses API: whose it is, who may name it, and what it costs. All
customers share the operator's account with the provider."""

import json
import sqlite3
import threading

import answers
import openai
import pytest
from gateway import Gateway
from prices import usd
from responses_answers import Response, response
from responses_state import CONTEXT, LONG, MODEL, Made, ask, cost_of, kept, make, numbers, prepare
from wait import wait_until


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("state"), shared_provider, {})
    prepare(gateway.policies)
    gateway.start()
    yield gateway
    gateway.check_clean()
    gateway.check_holds()
    gateway.stop()


@pytest.fixture
def customer(house):
    return house.customer()


# ---- every id that can be named, wherever it may stand ----


def item(kind, **members):
    return lambda made: {"input": [{"type": kind, "id": made.item, **members}]}


NAMES = {
    "previous_response_id": lambda made: {"previous_response_id": made.response},
    "conversation": lambda made: {"conversation": made.conversation},
    "conversation's id": lambda made: {"conversation": {"id": made.conversation}},
    "compared": lambda made: {"prompt_cache_options": {"comparison_response_id": made.response}},
    "item_reference": item("item_reference"),
    "untyped": lambda made: {"input": [{"id": made.item}]},
    "type null": item(None),
    "a role and no content": lambda made: {"input": [{"id": made.item, "role": "user"}]},
    "role null": lambda made: {"input": [{"id": made.item, "role": None, "content": "a"}]},
    "no such role": lambda made: {"input": [{"id": made.item, "role": "x", "content": "a"}]},
    "reasoning": item("reasoning", summary=[{"type": "summary_text", "text": "I thought."}]),
    "empty reasoning": item("reasoning", summary=[], encrypted_content="", content=[]),
    "compaction": item("compaction"),
    "picture": item("image_generation_call", result=None, status="completed"),
    "file search": item("file_search_call", queries=["a"], results=None),
    "web search": item("web_search_call", status="completed"),
    "an item of tomorrow": item("item_of_tomorrow", status="completed"),
    "a message": item("message", role="assistant"),
    "approval": lambda made: {"input": [{"type": "mcp_approval_response", "approve": True,
                                         "approval_request_id": made.item}]},
}  # fmt: skip


@pytest.mark.quick
@pytest.mark.parametrize("name", NAMES)
def test_an_account_names_what_it_has_made(customer, provider, name):
    made = make(customer, provider)
    kept(provider)
    body = json.dumps({"model": MODEL, "input": "Go on.", **NAMES[name](made)}, indent=1).encode()
    reply = customer.post(body, "/responses")
    assert reply.status_code == 200, reply.text
    assert provider.last.body == body


@pytest.mark.quick
@pytest.mark.parametrize("name", NAMES)
def test_another_account_s_id_is_one_that_nobody_has(house, customer, provider, name):
    made = make(house.customer(), provider)
    nobody = Made(*(id.replace("_0", "_9") for id in (made.response, made.item, made.conversation)))
    other, unknown = (ask(customer, **NAMES[name](whose)) for whose in (made, nobody))
    assert other.status_code == unknown.status_code == 404
    error = other.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["param"] in (
        "previous_response_id",
        "conversation",
        "prompt_cache_options",
        "input",
    )
    named = error["code"] == "previous_response_not_found"
    assert named == (error["param"] in ("previous_response_id", "prompt_cache_options"))
    assert other.text.replace("_0", "_9") == unknown.text.replace("_0", "_9")
    assert list(other.headers) == list(unknown.headers)
    assert provider.requests == []
    assert usd(customer.wallet()["held"]) == 0
    assert customer.balance == 10


WHOLE = [
    {"type": "reasoning", "id": "rs_none", "summary": [], "encrypted_content": "gAAA"},
    {"type": "reasoning", "id": "rs_none", "summary": [],
     "content": [{"type": "reasoning_text", "text": "a"}]},
    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "a"}]},
    {"type": "message", "id": "msg_none", "role": "assistant", "content": "a"},
    {"role": "user", "id": "msg_none", "content": "a"},
    {"type": "function_call", "id": "fc_none", "call_id": "c", "name": "f", "arguments": "{}"},
    {"type": "image_generation_call", "id": "ig_none", "result": "iVBORw0KGgo="},
    {"type": "web_search_call", "id": "ws_none", "status": "completed",
     "action": {"type": "search", "query": "a"}},
    {"type": "item_of_tomorrow", "id": "it_none", "text": "a"},
]  # fmt: skip


@pytest.mark.parametrize("whole", WHOLE, ids=lambda whole: whole.get("type", "untyped"))
def test_an_item_that_has_its_content_names_nothing(customer, provider, whole):
    kept(provider)
    reply = ask(customer, input=[whole])
    assert reply.status_code == 200, reply.text
    assert provider.last.json["input"] == [whole]


def test_an_approval_of_what_stands_beside_it_names_nothing(customer, provider):
    kept(provider)
    asked = {"type": "mcp_approval_request", "id": "mcpr_1", "arguments": "{}", "name": "f",
             "server_label": "s"}  # fmt: skip
    approved = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}
    assert ask(customer, input=[asked, approved]).status_code == 200
    assert ask(customer, input=[approved, asked]).status_code == 200
    assert ask(customer, input=[approved]).status_code == 404


REFUSED = {
    "a file": {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
    "a prompt": {"prompt": {"id": "pmpt_1"}},
    "a container": {"tools": [{"type": "code_interpreter", "container": "cntr_1"}]},
    "a container of a call": {"input": [{"type": "code_interpreter_call", "id": "ci_1", "code": "",
                                         "container_id": "cntr_1", "outputs": None}]},
    "a skill": {"tools": [{"type": "shell", "environment": {"type": "container_auto", "skills": [
        {"type": "skill_reference", "skill_id": "skill_1"}]}}]},
    "instructions": {"instructions": [{"role": "system", "content": [
        {"type": "input_file", "file_id": "f"}]}]},
    "a store": {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]},
    "no id": {"previous_response_id": 5},
    "no plain id": {"previous_response_id": "../files"},
    "no plain item": {"input": [{"type": "item_reference", "id": "msg 1"}]},
    "another spelling": {"Previous_Response_Id": "resp_1"},
    "in camel case": {"previousResponseId": "resp_1"},
    "an id in capitals": {"input": [{"ID": "msg_1"}]},
    "another's thoughts": {"input": [{"type": "reasoning", "summary": [], "Id": "rs_1"}]},
    "two ids of one item": {"input": [{"type": "item_reference", "id": "msg_1", "ID": "msg_2"}]},
    "two ids of one conversation": {"conversation": {"id": "conv_1", "Id": "conv_2"}},
    "one item twice": {"input": [{"type": "item_reference", "id": "msg_1"}] * 2},
    "too many": {"input": [{"type": "item_reference", "id": f"msg_{i}"} for i in range(1001)]},
    "background": {"background": True},
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_nobody_can_own_is_refused(customer, provider, name):
    reply = ask(customer, **REFUSED[name])
    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]["message"]
    assert provider.requests == []


def test_work_in_the_background_is_streamed(customer, provider):
    """Only a stream tells what it has cost. The provider goes on without the client, so it is read
    to its end, and charged."""
    reply = ask(customer, model="gpt-behind", background=True)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "background")
    assert "stream" in reply.json()["error"]["message"]
    assert provider.requests == []
    gate = threading.Event()
    events = Response(name="behind", output_tokens=500).events({"model": MODEL})
    provider.answer = answers.stream(events, gates={6: gate})
    with customer.openai().responses.create(
        model="gpt-behind", input="a", stream=True, background=True
    ) as stream:
        next(iter(stream))
    assert provider.last.json["background"] is True
    gate.set()
    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    assert (record["usage_source"], record["output_tokens"]) == ("reported", 500)


def test_nothing_is_named_by_nothing(customer, provider):
    kept(provider)
    nothing = {"previous_response_id": None, "conversation": None, "prompt": None}
    assert ask(customer, **nothing).status_code == 200
    assert ask(customer, previous_response_id="", conversation="").status_code == 200


# ---- what is kept ----


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("incomplete", [None, "max_output_tokens"])
def test_answers_are_noted_before_their_last_byte(customer, provider, stream, incomplete):
    made = make(customer, provider, stream, incomplete=incomplete)
    kept(provider)
    reply = ask(customer, stream, previous_response_id=made.response,
                input=[{"type": "item_reference", "id": made.item}])  # fmt: skip
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize(
    ("said", "asked", "found"),
    [(False, None, 404), (True, False, 200), (None, False, 404), (None, None, 200)],
)
def test_who_keeps_nothing_has_nothing(customer, provider, said, asked, found):
    more = {"store": said}
    store = {} if asked is None else {"store": asked}
    made = make(customer, provider, asked=store, more=more)
    kept(provider)
    assert ask(customer, previous_response_id=made.response).status_code == found


def test_the_openai_package_goes_on(customer, provider):
    client = customer.openai()
    kept(provider)
    first = client.responses.create(model=MODEL, input="Hello!")
    kept(provider)
    second = client.responses.create(model=MODEL, input="And?", previous_response_id=first.id)
    assert provider.last.json["previous_response_id"] == first.id
    kept(provider)
    with client.responses.stream(model=MODEL, input="So?", previous_response_id=second.id) as all:
        assert all.get_final_response().output_text == "Hello there!"
    with pytest.raises(openai.NotFoundError, match="not found") as caught:
        client.responses.create(model=MODEL, input="And?", previous_response_id="resp_nobody")
    assert caught.value.code == "previous_response_not_found"


def test_what_is_noted_outlives_a_crash(make_gateway, provider):
    gateway = make_gateway(prepare=prepare, durability="power")
    customer = gateway.customer()
    made = make(customer, provider, stream=True)
    gateway.kill()
    gateway.customers.clear()  # their dashboards were at the old address
    gateway.start()
    kept(provider)
    assert ask(customer, previous_response_id=made.response).status_code == 200


def test_what_is_noted_ends(make_gateway, provider):
    gateway = make_gateway(prepare=prepare)
    customer = gateway.customer()
    made = make(customer, provider)
    with sqlite3.connect(gateway.database) as db:
        lasts = "SELECT DISTINCT expires_ms - created_ms FROM provider_objects"
        assert db.execute(lasts).fetchall() == [(30 * 24 * 3600 * 1000,)]
        db.execute("UPDATE provider_objects SET expires_ms = 1")
    assert ask(customer, previous_response_id=made.response).status_code == 404

    def rows() -> int:
        with sqlite3.connect(gateway.database) as db:
            return db.execute("SELECT count(*) FROM provider_objects").fetchone()[0]

    wait_until(lambda: rows() == 0, 10, "the end of expired rows")


def test_a_retry_is_kept_with_its_ids(customer, provider):
    made = kept(provider)
    for _ in range(2):
        reply = customer.post({"model": MODEL, "input": "a"}, "/responses",
                              headers={"Idempotency-Key": "k"})  # fmt: skip
        assert reply.status_code == 200
    kept(provider)
    assert ask(customer, previous_response_id=made.response).status_code == 200


# ---- where a call may go ----


def test_a_provider_that_keeps_nothing_says_what_to_do(customer, provider):
    for model in ("gpt-forgets", "gpt-chat"):
        for name in ("previous_response_id", "conversation", "item_reference", "picture"):
            reply = ask(customer, model=model, **NAMES[name](Made("resp_1", "msg_1", "conv_1")))
            assert reply.status_code == 400, reply.text
            error = reply.json()["error"]
            assert error["param"] == ("input" if name in ("item_reference", "picture") else name)
            assert "whole conversation" in error["message"]
    assert provider.requests == []


def test_reasoning_by_its_id_passes_to_who_keeps_nothing(customer, provider):
    provider.answer = response()
    thought = {"type": "reasoning", "id": "rs_none", "summary": []}
    said = {"role": "user", "content": "a"}
    assert ask(customer, model="gpt-forgets", input=[thought, said]).status_code == 200
    assert provider.last.json["input"] == [thought, said]
    assert ask(customer, model="gpt-both", input=[thought, said]).status_code == 200
    assert ask(customer, model=MODEL, input=[thought, said]).status_code == 404


def test_a_call_goes_to_who_has_what_it_names(customer, provider):
    made = make(customer, provider)
    kept(provider)
    assert ask(customer, model="gpt-both", previous_response_id=made.response).status_code == 200
    assert customer.wait_for_record(2)["provider"] == "keeps"
    provider.reset()
    for name in ("previous_response_id", "item_reference"):
        reply = ask(customer, model="gpt-other", **NAMES[name](made))
        assert reply.status_code == 400, reply.text
        assert "another provider keeps it" in reply.json()["error"]["message"]
    assert provider.requests == []


def test_two_providers_have_nothing_together(customer, provider):
    one, other = make(customer, provider), make(customer, provider, model="gpt-other")
    reply = ask(customer, previous_response_id=one.response,
                input=[{"type": "item_reference", "id": other.item}])  # fmt: skip
    assert reply.status_code == 400
    assert "two providers" in reply.json()["error"]["message"]
    assert provider.requests == []


def test_no_other_provider_is_tried(customer, provider):
    made = make(customer, provider)
    provider.answer = answers.error(500, "no", None, "server_error")
    reply = ask(customer, model="gpt-both", previous_response_id=made.response)
    assert reply.status_code == 502
    assert len(provider.requests) == 1


def test_guesses_count_as_requests(make_gateway, provider):
    def limited(policies):
        prepare(policies)
        policies.write("limits", 'return { { scope = "key", requests_per_minute = 3 } }\n')

    customer = make_gateway(prepare=limited).customer()
    statuses = [ask(customer, previous_response_id=f"resp_{i}").status_code for i in range(4)]
    assert statuses == [404, 404, 404, 429]


# ---- money ----


def held_for(customer, provider, **members):
    """What a call holds while it waits for its answer."""
    gate = threading.Event()
    made = Response(name=f"{next(numbers):06}")
    provider.answer = answers.behind(gate, answers.reply(200, made.body({"model": MODEL})))
    task = threading.Thread(target=ask, args=(customer,), kwargs=members)
    task.start()
    try:
        provider.wait_for_requests(1)
        return usd(customer.wallet()["held"])
    finally:
        gate.set()
        task.join()
        provider.reset()


def test_a_hold_has_what_is_named(customer, provider):
    made = make(customer, provider, **LONG, tool={"name": "f", "input": {}})
    alone = held_for(customer, provider)
    whole = held_for(customer, provider, previous_response_id=made.response)
    assert cost_of(42_000) <= whole - alone <= cost_of(42_100)
    items = [{"type": "item_reference", "id": id} for id in (made.item, f"fc{made.item[3:]}")]
    parts = held_for(customer, provider, input=items)
    assert cost_of(1_900) <= parts - alone <= cost_of(2_100), "two parts of one answer"
    grown = held_for(customer, provider, conversation=made.conversation)
    assert grown - alone >= cost_of(CONTEXT - 1_000)
    unbilled = held_for(customer, provider, **NAMES["compared"](made))
    assert unbilled - alone <= cost_of(500), "it is compared, not read"


def test_who_cannot_pay_what_is_named_asks_nobody(house, provider):
    poor = house.customer(credit="0.30")
    made = make(poor, provider, input_tokens=1_000)
    with sqlite3.connect(house.database) as db:
        db.execute("UPDATE provider_objects SET tokens = 110000 WHERE id = ?", (made.response,))
    reply = ask(poor, previous_response_id=made.response, max_output_tokens=100)
    assert reply.status_code == 429, reply.text
    assert reply.json()["error"]["code"] == "insufficient_quota"
    assert provider.requests == []


@pytest.mark.parametrize("name", ["previous_response_id", "conversation"])
def test_who_leaves_a_stream_pays_what_is_named(customer, provider, name):
    made = make(customer, provider, **LONG)
    paid = customer.balance
    events = Response(name="left").events({"model": MODEL})
    provider.answer = answers.stream(events[:6], ending="hang")
    with customer.openai().responses.create(
        model=MODEL, input="And?", stream=True, **NAMES[name](made)
    ) as stream:
        next(iter(stream))
    customer.wait_for_no_hold()
    assert cost_of(42_000) <= paid - customer.balance <= cost_of(42_500)


def test_without_usage_what_is_named_is_estimated(customer, provider):
    made = make(customer, provider, **LONG)
    kept(provider, more={"usage": None})
    reply = ask(customer, previous_response_id=made.response)
    record = customer.wait_for_record(2)
    assert record["usage_source"] == "estimated"
    assert 42_000 <= record["input_tokens"] <= 42_100
    assert reply.json()["usage"]["input_tokens"] == record["input_tokens"]


def test_what_is_reported_decides(customer, provider):
    made = make(customer, provider, **LONG)
    kept(provider, input_tokens=42_500, cached_tokens=40_000)
    ask(customer, previous_response_id=made.response)
    record = customer.wait_for_record(2)
    assert (record["usage_source"], record["input_tokens"]) == ("reported", 2_500)


def test_estimates_have_what_is_named(house, customer, provider):
    made = make(customer, provider, **LONG)
    count = customer.openai().responses.input_tokens.count
    alone = count(model=MODEL, input="a").input_tokens
    named = count(model=MODEL, input="a", previous_response_id=made.response).input_tokens
    assert named - alone == 42_000
    with pytest.raises(openai.NotFoundError):
        house.customer().openai().responses.input_tokens.count(
            model=MODEL, input="a", previous_response_id=made.response
        )
    assert provider.requests == []
