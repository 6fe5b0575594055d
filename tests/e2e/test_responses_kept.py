"""What is asked about responses and conversations that a provider keeps: only by the account that
made them, for nothing, and as the provider answers."""

import json

import answers
import openai
import pytest
from gateway import UPSTREAM_KEY, Gateway
from responses_answers import Response
from responses_state import LONG, MODEL, Made, ask, cost_of, kept, make, numbers, prepare


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


class Everywhere(dict):
    """The page that the fake provider has at every path."""

    def get(self, path, default):
        return next(iter(self.values()), default)


def tell(provider, answer) -> None:
    """The answer to whatever is asked."""
    provider.answer = answer
    provider.pages = Everywhere(all=answer)


def asked(provider) -> list:
    return provider.requests + provider.gets


def document(**members):
    return answers.reply(200, json.dumps(members, indent=1).encode())


def listed(*items):
    return document(object="list", data=list(items), first_id="a", last_id="b", has_more=False)


def said(id):
    return {"type": "message", "id": id, "status": "completed", "role": "user",
            "content": [{"type": "input_text", "text": "Hello!"}]}  # fmt: skip


# method, path with what an account has made, what the provider answers
QUESTIONS = {
    "a response": ("GET", "/responses/{response}"),
    "its input": ("GET", "/responses/{response}/input_items"),
    "its end": ("POST", "/responses/{response}/cancel"),
    "no response any more": ("DELETE", "/responses/{response}"),
    "a conversation": ("GET", "/conversations/{conversation}"),
    "its metadata": ("POST", "/conversations/{conversation}"),
    "its items": ("GET", "/conversations/{conversation}/items"),
    "more items": ("POST", "/conversations/{conversation}/items"),
    "an item": ("GET", "/conversations/{conversation}/items/{item}"),
    "no item any more": ("DELETE", "/conversations/{conversation}/items/{item}"),
    "no conversation any more": ("DELETE", "/conversations/{conversation}"),
}


def question(customer, name, made, query="", **how):
    method, path = QUESTIONS[name]
    path = path.format(**made.__dict__)
    headers = {**customer.authorization, **how.pop("headers", {})}
    if method == "POST" and not path.endswith("/cancel"):
        how.setdefault("json", {"metadata": {"a": "b"}})
    return customer.gateway.http.request(method, f"/v1{path}{query}", headers=headers, **how)


@pytest.mark.quick
@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_kept_can_be_asked_for(house, customer, provider, name):
    made = make(customer, provider)
    answer = b'{ "object": "as it came", "id": "x" , "member_of_tomorrow":[1e5] }'
    tell(provider, answers.reply(200, answer))
    balance = customer.balance
    reply = question(customer, name, made, "?include[]=a&limit=3&unknown=%20")
    assert (reply.status_code, reply.content) == (200, answer), reply.text
    method, path = QUESTIONS[name]
    (one,) = asked(provider)
    path = path.format(**made.__dict__) + "?include[]=a&limit=3&unknown=%20"
    assert one.line == f"{method} /v1{path} HTTP/1.1"
    assert one.headers["authorization"] == f"Bearer {UPSTREAM_KEY}"
    assert one.body == (reply.request.content or b"")
    assert customer.balance == balance
    assert len(customer.records()) == 1


@pytest.mark.quick
@pytest.mark.parametrize("name", QUESTIONS)
def test_what_another_account_has_cannot_be_asked_for(house, customer, provider, name):
    made = make(house.customer(), provider)
    nobody = Made(*(id.replace("_0", "_9") for id in (made.response, made.item, made.conversation)))
    other, unknown = (question(customer, name, whose) for whose in (made, nobody))
    assert other.status_code == unknown.status_code == 404
    assert other.json()["error"]["code"] == "not_found"
    assert other.text.replace("_0", "_9") == unknown.text.replace("_0", "_9")
    assert question(customer, name, made, headers={"Authorization": ""}).status_code == 401
    assert asked(provider) == []


@pytest.mark.parametrize(
    "path",
    ["/responses/../files", "/responses/a%2Fb", "/responses/{response}/files",
     "/responses/{response}/..%2F", "/conversations/{conversation}/files",
     "/conversations/{conversation}/items/.a", "/conversations/{conversation}/items/a/b",
     "/conversations/{conversation}/items/..%2Fa"],
)  # fmt: skip
def test_nothing_else_can_be_asked_for(customer, provider, path):
    made = make(customer, provider)
    reply = customer.gateway.http.get("/v1" + path.format(**made.__dict__),
                                      headers=customer.authorization)  # fmt: skip
    assert reply.status_code == 404, reply.text
    assert asked(provider) == []


@pytest.mark.parametrize(
    "query", ["stream=true", "stream=false&stream=true", "strea%6D=true", "a;stream=1", "stream"]
)
def test_a_kept_response_is_not_streamed(customer, provider, query):
    made = make(customer, provider)
    reply = question(customer, "a response", made, f"?{query}")
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == "stream"
    assert asked(provider) == []
    tell(provider, document(id=made.response))
    assert question(customer, "a response", made, "?stream=false").status_code == 200


PAGE = b"<html>https://key@internal.example answers, for $0.00298</html>"
EVENT = b'data: {"type":"response.completed","response":{"usage":{"cost":0.00298}}}\n\n'


@pytest.mark.parametrize("text", [PAGE, EVENT, b"[0.00298]"], ids=["page", "event", "list"])
def test_only_an_object_passes(customer, provider, text):
    """What cannot be read may have the operator's addresses and prices."""
    made = make(customer, provider)
    tell(provider, answers.reply(200, text, {"content-type": "text/html"}))
    for name in ("a response", "no response any more"):
        reply = question(customer, name, made)
        assert reply.status_code == 502, reply.text
        assert "0.00298" not in reply.text
    tell(provider, document(id=made.response))
    assert question(customer, "a response", made).status_code == 200


def test_a_provider_s_refusal_passes(customer, provider):
    made = make(customer, provider)
    tell(provider, answers.error(404, "No such response.", None, "invalid_request_error"))
    reply = question(customer, "a response", made)
    assert reply.status_code == 404
    assert "No such response." in reply.json()["error"]["message"]
    words = {"message": "w" * 2000, "type": "of_theirs", "param": "after", "code": "bad_cursor"}
    body = json.dumps({"error": words}, indent=3).encode()
    tell(provider, answers.reply(400, body))
    reply = question(customer, "its input", made, "?after=x")
    assert (reply.status_code, reply.content) == (400, body)
    tell(provider, answers.error(401, "Wrong key", "invalid_api_key", "invalid_request_error"))
    reply = question(customer, "a response", made)
    assert reply.status_code == 503
    assert "Wrong key" not in reply.text


def test_what_is_deleted_is_nobody_s(customer, provider):
    client = customer.openai()
    made = make(customer, provider)
    tell(provider, document(id=made.response, object="response", deleted=True))
    client.responses.delete(made.response)
    tell(provider, document(id=made.conversation, object="conversation.deleted", deleted=True))
    assert client.conversations.delete(made.conversation).deleted
    provider.reset()
    for names in (
        {"previous_response_id": made.response},
        {"conversation": made.conversation},
    ):
        assert ask(customer, **names).status_code == 404
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.response)
    assert asked(provider) == []


def test_the_openai_package_asks_for_responses(customer, provider):
    client = customer.openai()
    made = make(customer, provider)
    tell(provider, answers.reply(200, Response(name="7").body({"model": MODEL})))
    assert client.responses.retrieve(made.response).output_text == "Hello there!"
    assert client.responses.cancel(made.response).id == "resp_7"
    tell(provider, listed(said("msg_input")))
    assert [item.id for item in client.responses.input_items.list(made.response)] == ["msg_input"]
    kept(provider)
    reference = [{"type": "item_reference", "id": "msg_input"}]
    client.responses.create(model=MODEL, input=reference)
    assert provider.last.json["input"] == reference


def test_the_openai_package_makes_conversations(house, customer, provider):
    client = customer.openai()
    id = f"conv_made{next(numbers)}"
    tell(provider, document(id=id, object="conversation", created_at=1, metadata={}))
    made = client.conversations.create(items=[{"role": "user", "content": "Hello!"}])
    assert provider.last.json == {"items": [{"role": "user", "content": "Hello!"}]}
    assert client.conversations.retrieve(made.id).id == id
    with pytest.raises(openai.NotFoundError):
        house.customer().openai().conversations.retrieve(made.id)
    tell(provider, listed(said(f"msg_in_{id}")))
    added = client.conversations.items.create(made.id, items=[{"role": "user", "content": "a"}])
    assert [item.id for item in added.data] == [f"msg_in_{id}"]
    assert [item.id for item in client.conversations.items.list(made.id)] == [f"msg_in_{id}"]
    kept(provider)
    item = {"type": "item_reference", "id": f"msg_in_{id}"}
    client.responses.create(model=MODEL, conversation=made.id, input=[item])
    assert provider.last.json["conversation"] == id
    assert house.customer().post(
        {"model": MODEL, "input": [item]}, "/responses"
    ).status_code == 404  # fmt: skip


def test_what_is_added_to_a_conversation_is_paid_by_who_leaves(customer, provider):
    made = make(customer, provider, **LONG)
    tell(provider, listed())
    text = "word " * 8_000
    items = [{"role": "user", "content": text}]
    assert question(customer, "more items", made, json={"items": items}).status_code == 200
    paid = customer.balance
    events = Response(name="left").events({"model": MODEL})
    provider.answer = answers.stream(events[:6], ending="hang")
    with customer.openai().responses.create(
        model=MODEL, input="And?", stream=True, conversation=made.conversation
    ) as stream:
        next(iter(stream))
    customer.wait_for_no_hold()
    assert paid - customer.balance >= cost_of(42_000 + 8_000)


@pytest.mark.parametrize("path", ["/conversations", "/conversations/{conversation}/items"])
def test_items_name_only_what_the_account_has(house, customer, provider, path):
    mine, theirs = make(customer, provider), make(house.customer(), provider)

    def add(*items):
        return customer.post({"items": list(items)}, path.format(**mine.__dict__))

    assert add({"type": "item_reference", "id": theirs.item}).status_code == 404
    reply = add({"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "items")
    assert customer.post(b'{"items":[],"Items":[]}', "/conversations").status_code == 400
    assert customer.post(b'{"items":[],"items":[]}', "/conversations").status_code == 400
    assert customer.post(b'{"items":{"id":"msg_1"}}', "/conversations").status_code == 400
    assert asked(provider) == []
    tell(provider, document(id=f"conv_of_{mine.item}", object="conversation"))
    assert add({"type": "item_reference", "id": mine.item}).status_code == 200


def test_questions_count_as_requests(make_gateway, provider):
    def limited(policies):
        prepare(policies)
        policies.write("limits", 'return { { scope = "key", requests_per_minute = 3 } }\n')

    customer = make_gateway(prepare=limited).customer()
    tell(provider, document(id="conv_1", object="conversation"))
    statuses = [customer.post({}, "/conversations").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_a_gateway_without_a_keeper_says_so(gateway, provider):
    customer = gateway.customer()
    reply = customer.post({}, "/conversations")
    assert reply.status_code == 404
    assert "keeps conversations" in reply.json()["error"]["message"]
    assert asked(provider) == []
