"""What the gateway itself keeps of conversations (keep_responses_days): a customer goes on from a
response or a conversation, whatever provider answers, and nobody else can; the database has it only
sealed."""

import itertools
import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import answers
import anthropic_answers
import gemini_answers
import openai
import pytest
from answers import Usage
from fake_provider import Gate
from gateway import Gateway
from prices import Price, charge
from responses_answers import response

PRICE = Price("3", "15", "0.30")
DIALECTS = ("openai", "openai-responses", "anthropic", "gemini")
numbers = itertools.count(1)
SECRET = "The word is Quibbleflax."


def keeper(folder, provider) -> Gateway:
    settings = {"keep_responses_days": 7, "keep_responses_bytes_max": 1024 * 1024}
    gateway = Gateway(folder, provider, settings)
    for dialect in DIALECTS:
        gateway.policies.provider(f"of-{dialect}", dialect=dialect)
        gateway.policies.model(f"m-{dialect}", PRICE, providers=(f"of-{dialect}",), max_output=4096)
    gateway.policies.model("alone", PRICE, providers=("of-openai",), max_output=4096)
    gateway.policies.write("examples", "return {}\n")
    return gateway.start()


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    gateway = keeper(tmp_path_factory.mktemp("turns"), shared_provider)
    yield gateway
    gateway.check_clean()
    gateway.check_holds()
    gateway.stop()


@pytest.fixture
def customer(house):
    return house.customer()


def answer_of(dialect: str, text=("It is noted.",), prompt=40):
    if dialect == "anthropic":
        return anthropic_answers.message(pieces=text, input_tokens=prompt, output_tokens=12)
    if dialect == "gemini":
        return gemini_answers.content(pieces=text, input_tokens=prompt, output_tokens=12)
    if dialect == "openai":
        return answers.chat(pieces=text, usage=Usage(prompt, 12))
    return response(name=f"{next(numbers):06}", pieces=text, input_tokens=prompt, output_tokens=12)


@pytest.fixture(params=DIALECTS)
def dialect(request):
    return request.param


def say(customer, provider, dialect="openai", text=("It is noted.",), **how):
    """One turn. Returns the response, and all that the provider was asked."""
    provider.answer = answer_of(dialect, text)
    asked = {"model": f"m-{dialect}", "input": "Go on.", **how}
    made = customer.openai().responses.create(**asked)
    if asked.get("stream"):
        made = list(made)[-1].response
    return made, provider.last.body.decode()


def refused(call, status=404) -> dict:
    with pytest.raises(openai.APIStatusError) as caught:
        call()
    assert caught.value.status_code == status, caught.value.message
    return caught.value.body


# ---- going on ----


@pytest.mark.quick
@pytest.mark.parametrize("stream", [False, True])
def test_a_customer_goes_on(customer, provider, dialect, stream):
    how = {"stream": stream}
    first, _ = say(customer, provider, dialect, input=SECRET, **how)
    second, asked = say(
        customer, provider, dialect, input="Which?", previous_response_id=first.id, **how
    )
    assert asked.index("Quibbleflax") < asked.index("It is noted.") < asked.index("Which?")
    third, asked = say(customer, provider, dialect, previous_response_id=second.id, **how)
    if dialect != "openai-responses":  # whose answers pass as they come
        assert third.store
        assert third.previous_response_id == second.id
    assert asked.count("Quibbleflax") == asked.count("Which?") == asked.count("Go on.") == 1
    assert asked.count("It is noted.") == 2
    assert "previous_response_id" not in asked
    assert third.status == "completed"
    assert customer.balance == 10 - 3 * charge(PRICE, Usage(40, 12))


def test_any_provider_goes_on(customer, provider):
    made, _ = say(customer, provider, input=SECRET)
    for number, dialect in enumerate(DIALECTS):
        made, asked = say(customer, provider, dialect, previous_response_id=made.id)
        assert asked.count("Quibbleflax") == 1
        assert asked.count("It is noted.") == number + 1


def test_two_go_on_from_one(customer, provider):
    first, _ = say(customer, provider, input=SECRET)
    left, _ = say(customer, provider, input="To the left.", previous_response_id=first.id)
    _, asked = say(customer, provider, input="To the right.", previous_response_id=first.id)
    assert "left" not in asked
    assert "Quibbleflax" in asked
    _, asked = say(customer, provider, previous_response_id=left.id)
    assert "right" not in asked
    assert "To the left." in asked


def test_a_tool_s_result_follows_its_call(customer, provider):
    call = {"id": "call_7", "type": "function",
            "function": {"name": "weather", "arguments": '{"city":"Bern"}'}}  # fmt: skip
    provider.answer = answers.chat(pieces=(), tool_calls=(call,), usage=Usage(40, 12))
    tools = [{"type": "function", "name": "weather", "parameters": {"type": "object"}}]
    client = customer.openai()
    first = client.responses.create(model="m-openai", input="How is Bern?", tools=tools)
    result = {"type": "function_call_output", "call_id": "call_7", "output": "sunny"}
    say(customer, provider, input=[result], tools=tools, previous_response_id=first.id)
    messages = provider.last.json["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool"]
    assert messages[1]["tool_calls"][0]["id"] == messages[2]["tool_call_id"] == "call_7"


def test_items_that_are_named_are_brought(customer, provider, dialect):
    """As the AI SDK does: it names the items of earlier answers."""
    made, _ = say(customer, provider, dialect, input=SECRET)
    named = {"type": "item_reference", "id": made.output[0].id}
    words = {"role": "user", "content": "What did you say?"}
    _, asked = say(customer, provider, dialect, input=[named, words])
    assert "It is noted." in asked
    assert "item_reference" not in asked
    assert "Quibbleflax" not in asked


def test_a_long_chain(customer, provider):
    """Longer than what is looked for at once: every so often a turn has all of it."""
    made, _ = say(customer, provider, input="turn 0.")
    for number in range(1, 70):
        made, asked = say(customer, provider, input=f"turn {number}.", previous_response_id=made.id)
    assert [asked.count(f"turn {number}.") for number in range(70)] == [1] * 70
    assert asked.count("It is noted.") == 69


def test_an_id_that_comes_twice(customer, provider):
    """A server that gives all its answers one id: the newest counts."""
    made = None
    for number in range(3):
        provider.answer = response(name="same", pieces=(f"answer {number}",))
        more = {"previous_response_id": made.id} if made else {}
        made = customer.openai().responses.create(
            model="m-openai-responses", input=f"turn {number}.", **more
        )
    asked = provider.last.body.decode()
    assert "turn 0." in asked
    assert "answer 1" in asked
    assert "turn 2." in asked


def meanwhile(customer, provider, do, **how):
    """Does something while a call waits for its provider. Returns the call's answer."""
    with Gate(provider) as gate, ThreadPoolExecutor(1) as pool:

        async def answer(connection, request):
            asked.set()
            await connection.until(gate)
            await answer_of("openai")(connection, request)

        asked = threading.Event()
        provider.answer = answer
        made = pool.submit(customer.openai().responses.create, model="m-openai", **how)
        assert asked.wait(10)
        do()
        gate.set()
        return made.result()


def test_a_place_is_never_given_again(customer, provider):
    """A call goes on from a turn that is deleted meanwhile: no other turn is taken for it."""
    first, _ = say(customer, provider, input=SECRET)

    def another_comes_in_its_place():
        customer.openai().responses.delete(first.id)
        say(customer, provider, input="What another one says.")

    made = meanwhile(
        customer, provider, another_comes_in_its_place, input="a", previous_response_id=first.id
    )
    error = refused(lambda: say(customer, provider, previous_response_id=made.id))
    assert error["code"] == "previous_response_not_found"


def test_a_conversation_that_is_deleted_meanwhile(customer, provider):
    """Nothing of it comes back with the answer of a call that still ran."""
    client = customer.openai()
    conversation = client.conversations.create(items=[{"role": "user", "content": SECRET}])
    delete = lambda: client.conversations.delete(conversation.id)  # noqa: E731
    made = meanwhile(customer, provider, delete, input="a", conversation=conversation.id)
    refused(lambda: client.conversations.retrieve(conversation.id))
    refused(lambda: client.responses.retrieve(made.id))


def test_a_conversation_that_was_pushed_out(customer, provider):
    """It does not begin anew without what it had."""
    client = customer.openai()
    conversation = client.conversations.create(items=[{"role": "user", "content": SECRET}])
    for _ in range(4):
        say(customer, provider, input="a" * 300_000)
    words = [{"role": "user", "content": "Which?"}]
    refused(lambda: client.conversations.items.create(conversation.id, items=words))
    refused(lambda: client.conversations.items.list(conversation.id))


def test_items_that_are_named_loosely_are_whole(house, provider):
    """Who sends all of a conversation each time needs nothing of what is kept."""
    customer = house.customer()
    thought = {"type": "reasoning", "id": "rs_1", "summary": []}
    provider.answer = response(name="thinks", more={"output": [thought]})
    client = customer.openai()
    client.responses.create(model="m-openai-responses", input=SECRET)
    for _ in range(4):  # they push it out
        say(customer, provider, input="a" * 300_000)
    _, asked = say(customer, provider, "openai-responses", input=[thought])
    assert "rs_1" in asked


def test_a_summary_is_asked_for_once(customer, provider):
    words = {"role": "user", "content": SECRET}
    made, asked = say(customer, provider, input=[words, {"type": "compaction_trigger"}])
    assert "summary" in asked
    assert made.output[-1].type == "compaction"
    made, asked = say(customer, provider, input="Which?", previous_response_id=made.id)
    assert made.output[0].type == "message"
    assert "Write that summary" not in asked


# ---- money ----


def test_what_is_brought_in_is_held_for(customer, provider):
    """A long conversation costs what it costs though the body that continues it is short. Nothing
    is known yet of the other model's tokens."""
    made, _ = say(customer, provider, input="word " * 10_000)
    before = len(provider.requests)
    how = {"model": "alone", "max_output_tokens": 16, "extra_headers": {"x-llm-max-cost": "0.02"}}
    error = refused(lambda: say(customer, provider, previous_response_id=made.id, **how), 400)
    assert error["code"] == "max_cost_exceeded"
    assert len(provider.requests) == before
    say(customer, provider, **how)


# ---- whose it is ----


@pytest.mark.quick
@pytest.mark.parametrize("method", ["go on", "get", "input_items", "delete", "item"])
def test_another_account_has_nothing_of_it(house, customer, provider, method):
    made, _ = say(customer, provider, input=SECRET)
    other = house.customer().openai()
    calls = {
        "go on": lambda id: other.responses.create(
            model="m-openai", input="a", previous_response_id=id
        ),
        "get": other.responses.retrieve,
        "input_items": other.responses.input_items.list,
        "delete": other.responses.delete,
        "item": lambda id: other.responses.create(
            model="m-openai", input=[{"type": "item_reference", "id": id}]
        ),
    }
    id = made.output[0].id if method == "item" else made.id
    nobody = id[:-4] + "0000"
    theirs = refused(lambda: calls[method](id))
    assert json.dumps(theirs).replace(id, nobody) == json.dumps(
        refused(lambda: calls[method](nobody))
    )
    assert customer.openai().responses.retrieve(made.id).id == made.id


def test_the_database_has_it_only_sealed(house, customer, provider):
    text = ("Flum", "moxdrible")
    made, _ = say(customer, provider, input=SECRET, text=text)
    conversation = customer.openai().conversations.create(
        items=[{"role": "user", "content": SECRET}], metadata={"about": "Quibbleflax"}
    )
    files = [path for path in house.folder.rglob("gateway*") if path.is_file()]
    assert any(made.id.encode() in path.read_bytes() for path in files)
    assert any(conversation.id.encode() in path.read_bytes() for path in files)
    for path in files:
        found = path.read_bytes()
        assert b"Quibbleflax" not in found, path
        assert b"Flummoxdrible" not in found, path


def test_a_client_may_forbid_it(customer, provider, dialect):
    made, _ = say(customer, provider, dialect, input=SECRET, store=False)
    refused(lambda: customer.openai().responses.retrieve(made.id))
    error = refused(lambda: say(customer, provider, dialect, previous_response_id=made.id))
    assert error["code"] == "previous_response_not_found"
    assert provider.requests[-1].json.get("previous_response_id") is None


# ---- what may be asked about it ----


def test_a_response_is_shown_and_deleted(customer, provider, dialect):
    client = customer.openai()
    first, _ = say(customer, provider, dialect, input=SECRET)
    second, _ = say(customer, provider, dialect, input="Which?", previous_response_id=first.id)
    shown = client.responses.retrieve(second.id)
    assert shown.output_text == "It is noted."
    assert shown.status == "completed"
    assert shown.model == second.model
    items = list(client.responses.input_items.list(second.id, order="asc"))
    texts = [item.model_dump_json() for item in items]
    assert len(items) == 3
    assert "Quibbleflax" in texts[0]
    assert "Which?" in texts[2]
    assert len({item.id for item in items}) == 3
    pages = client.responses.input_items.list(second.id, limit=1)
    assert [item.id for item in pages] == [item.id for item in reversed(items)]
    client.responses.delete(first.id)
    refused(lambda: client.responses.retrieve(first.id))
    # What continued it is not whole any more, and says so.
    error = refused(lambda: say(customer, provider, dialect, previous_response_id=second.id))
    assert error["code"] == "previous_response_not_found"
    assert client.responses.retrieve(second.id).id == second.id
    refused(lambda: client.responses.cancel(second.id), 400)


# ---- conversations ----


@pytest.mark.quick
def test_a_conversation(customer, provider, dialect):
    client = customer.openai()
    conversation = client.conversations.create(
        items=[{"type": "message", "role": "user", "content": SECRET}], metadata={"topic": "a"}
    )
    assert client.conversations.retrieve(conversation.id).metadata == {"topic": "a"}
    made, asked = say(customer, provider, dialect, input="Which?", conversation=conversation.id)
    assert asked.index("Quibbleflax") < asked.index("Which?")
    if dialect != "openai-responses":
        assert made.conversation.id == conversation.id
    _, asked = say(customer, provider, dialect, conversation={"id": conversation.id})
    assert asked.index("Quibbleflax") < asked.index("It is noted.") < asked.index("Go on.")
    items = list(client.conversations.items.list(conversation.id, order="asc"))
    assert [item.role for item in items] == ["user", "user", "assistant", "user", "assistant"]
    assert client.responses.retrieve(made.id).id == made.id


def test_a_conversation_is_changed(customer, provider):
    client = customer.openai()
    conversation = client.conversations.create()
    added = client.conversations.items.create(
        conversation.id,
        items=[{"role": "user", "content": text} for text in ("one", "two", "three")],
    )
    assert [item.content[0].text for item in added.data] == ["one", "two", "three"]
    client.conversations.items.delete(added.data[1].id, conversation_id=conversation.id)
    refused(lambda: client.conversations.items.retrieve(
        added.data[1].id, conversation_id=conversation.id))  # fmt: skip
    third = client.conversations.items.retrieve(added.data[2].id, conversation_id=conversation.id)
    assert third.content[0].text == "three"
    client.conversations.update(conversation.id, metadata={"a": "b"})
    _, asked = say(customer, provider, conversation=conversation.id)
    assert "one" in asked
    assert "three" in asked
    assert "two" not in asked
    assert client.conversations.retrieve(conversation.id).metadata == {"a": "b"}
    client.conversations.delete(conversation.id)
    refused(lambda: client.conversations.retrieve(conversation.id))
    refused(lambda: say(customer, provider, conversation=conversation.id))


def test_items_of_a_conversation_name_no_others(customer, provider):
    made, _ = say(customer, provider, input=SECRET)
    client = customer.openai()
    named = [{"type": "item_reference", "id": made.output[0].id}]
    error = refused(lambda: client.conversations.create(items=named), 400)
    assert "Send the items themselves" in error["message"]
    conversation = client.conversations.create()
    add = lambda: client.conversations.items.create(conversation.id, items=named)  # noqa: E731
    assert "Send the items themselves" in refused(add, 400)["message"]


def test_one_of_both(customer, provider):
    made, _ = say(customer, provider, input=SECRET)
    conversation = customer.openai().conversations.create()
    how = {"previous_response_id": made.id, "conversation": conversation.id}
    refused(lambda: say(customer, provider, **how), 400)


# ---- what ends ----


def test_many_make_room_at_once(house, provider):
    """One large turn pushes thousands of small ones out, and the ledger does not stand still."""
    customer = house.customer()
    client = customer.openai()
    client.conversations.create()
    with sqlite3.connect(house.database, timeout=10) as db:
        (account,) = db.execute("SELECT account_id FROM kept_turns ORDER BY turn DESC").fetchone()
        now = time.time() * 1000
        db.executemany(
            "INSERT INTO kept_turns (account_id, response_id, conversation_id, depth, created_ms,"
            " expires_ms, sealed) VALUES (?, '', ?, 0, ?, ?, zeroblob(200))",
            [(account, f"conv_{i}", int(now), int(now) + 10**8) for i in range(20_000)],
        )
    started = time.monotonic()
    client.conversations.create(items=[{"role": "user", "content": "a" * 900_000}])
    assert time.monotonic() - started < 20, "a look for each of them takes minutes"
    with sqlite3.connect(house.database, timeout=10) as db:
        (kept,) = db.execute(
            "SELECT bytes FROM kept_bytes WHERE account_id = ?", (account,)
        ).fetchone()
    assert 900_000 < kept <= 1024 * 1024


def test_an_account_s_oldest_go(customer, provider):
    """keep_responses_bytes_max is 1 MB here."""
    client = customer.openai()
    made = [say(customer, provider, input=str(number) + "a" * 300_000)[0] for number in range(5)]
    known = []
    for one in made:
        try:
            known.append(client.responses.retrieve(one.id))
        except openai.NotFoundError:
            known.append(None)
    assert [found is not None for found in known] == [False, False, True, True, True]
    error = refused(lambda: say(customer, provider, previous_response_id=made[0].id))
    assert error["code"] == "previous_response_not_found"


def test_time_ends_it(house, customer, provider):
    made, _ = say(customer, provider, input=SECRET)
    with sqlite3.connect(house.database, timeout=10) as db:
        (days,) = db.execute(
            "SELECT (expires_ms - created_ms) / 86400000.0 FROM kept_turns WHERE response_id = ?",
            (made.id,),
        ).fetchone()
        db.execute("UPDATE kept_turns SET expires_ms = 1 WHERE response_id = ?", (made.id,))
    assert 7 <= days < 7.1
    refused(lambda: say(customer, provider, previous_response_id=made.id))


def test_a_restart_keeps_it(tmp_path, provider):
    gateway = keeper(tmp_path, provider)
    customer = gateway.customer()
    made, _ = say(customer, provider, input=SECRET)
    gateway.stop()
    gateway.start()
    _, asked = say(customer, provider, previous_response_id=made.id)
    assert "Quibbleflax" in asked
    # Switched off, what is there can still be read and deleted.
    gateway.stop()
    gateway.settings["keep_responses_days"] = 0
    gateway.write_config()
    gateway.start()
    client = customer.openai()
    assert client.responses.retrieve(made.id).id == made.id
    refused(lambda: say(customer, provider, previous_response_id=made.id), 400)
    client.responses.delete(made.id)
    refused(lambda: client.responses.retrieve(made.id))
    # A database without its secret tells nothing.
    gateway.stop()
    gateway.settings["secret_file"] = tmp_path / "another.secret"
    gateway.write_config()
    gateway.start()
    assert gateway.customer().openai().models.list()
    gateway.stop()


@pytest.mark.parametrize("item", [{}, {"role": "user", "content": ""}])
def test_items_without_a_text_are_counted(customer, provider, item):
    """A model reads something around each: 20,000 of them, the most, are no 3 tokens."""
    client = customer.openai()
    conversation = client.conversations.create()
    path = f"/v1/conversations/{conversation.id}"
    http = customer.gateway.http
    body = {"items": [item] * 20_000}
    assert http.post(f"{path}/items", json=body, headers=customer.authorization).status_code == 200
    asked = {"model": "alone", "input": "x", "conversation": conversation.id}
    reply = customer.post(asked, "/responses/input_tokens")
    assert 4 * 19_900 < reply.json()["input_tokens"] < 4 * 20_100
    client.conversations.delete(conversation.id)


def test_many_empty_messages_are_charged(customer, provider):
    """The same where they are sent, to a provider that counts nothing."""
    provider.answer = answers.chat(pieces=("ok",), usage=None)
    messages = [{"role": "user", "content": ""}] * 5000
    assert customer.ask(model="alone", messages=messages).status_code == 200
    record = customer.wait_for_record()
    assert record["usage_source"] == "estimated"
    assert 4 * 4900 < record["input_tokens"] < 4 * 5100


def test_a_conversation_of_many_items_is_refused(customer, provider):
    """The SDK takes seconds for so many items, so bytes are sent."""
    client = customer.openai()
    conversation = client.conversations.create()

    def add(count: int, path: str = f"/conversations/{conversation.id}/items") -> int:
        items = [{"role": "user", "content": "a"}] * count
        return customer.post({"items": items}, path).status_code

    assert add(20_000) == 200
    assert client.conversations.retrieve(conversation.id).id == conversation.id
    assert add(1) == 413
    assert client.conversations.retrieve(conversation.id).id == conversation.id
    assert add(20_001, "/conversations") == 413
    say(customer, provider, conversation=conversation.id)
    refused(lambda: say(customer, provider, conversation=conversation.id), 413)
    client.conversations.delete(conversation.id)
