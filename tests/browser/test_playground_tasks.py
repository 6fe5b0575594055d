"""The playground of models that do not talk: each has the form of what it is sold for, its result,
and what that cost."""

import base64
import json
import struct
import threading
import zlib

import answers
import endpoint_calls
import pytest
import speech_answers
from endpoint_calls import CALLS, model_of, reply
from fake_provider import Gate
from gateway import Gateway
from money import exact
from person import SIZES
from playwright.sync_api import expect
from test_everywhere import unreachable, violations
from test_transcriptions import sound
from wait import wait_until

LARGE_S = 12.3  # 197 KB of sound: more than a page may send without a pass


def png(side: int) -> bytes:
    """A real one, grey."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(b"\0" + b"\x80" * side for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))  # fmt: skip


def picture(side: int = 8, **members) -> dict:
    return {"b64_json": base64.b64encode(png(side)).decode(), **members}


@pytest.fixture(scope="module")
def house(shared_provider, built, tmp_path_factory):
    gateway = Gateway(tmp_path_factory.mktemp("tasks"), shared_provider, {"webui": built})
    gateway.policies.write("examples", "return {}\n")
    endpoint_calls.sell(gateway.policies)
    gateway.policies.model("artist", endpoints=["images", "image_edits"], **CALLS["edits"].sold)
    yield from gateway.served()


@pytest.fixture
def customer(house):
    return house.customer()


@pytest.fixture
def user(make_person, view, house, customer):
    return make_person(view, at=house).become(customer)


def result_of(user):
    return user.page.get_by_role("region", name=user.t("playground.result"))


def open_task(user, name: str, task: str = "") -> None:
    query = f"&task={task}" if task else ""
    user.open(f"/dashboard/playground?model={model_of(name)}{query}")
    expect(user.field("request.model")).to_have_value(model_of(name))


def run(user) -> None:
    user.button("playground.run").click()


def upload(user, key: str, *files: tuple[str, str, bytes]) -> None:
    user.field(key).set_input_files(
        [{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in files]
    )


def sees_charge(user, customer) -> dict:
    """The record's cost stands below the result, and leads to its page."""
    customer.wait_for_no_hold()
    record = customer.wait_for_record()
    result = result_of(user)
    expect(result.get_by_text(exact(record["cost"]), exact=True)).to_be_visible()
    link = user.link("playground.details", result)
    expect(link).to_have_attribute("href", f"/dashboard/usage/{record['id']}")
    return record


# ---- one of each ----


def embed(user, provider) -> None:
    vectors = [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 1.0, 0.0]]
    data = [{"object": "embedding", "index": at, "embedding": each}
            for at, each in enumerate(vectors)]  # fmt: skip
    usage = {"prompt_tokens": 9, "total_tokens": 9}
    provider.answer = reply({"object": "list", "data": data, "model": "m", "usage": usage})
    user.button("playground.addText").click()
    for number, text in enumerate(("cat", "kitten", "dog"), 1):
        user.page.get_by_label(user.t("playground.textNumber", n=number), exact=True).fill(text)
    run(user)
    rows = user.rows("playground.similarity")
    expect(rows).to_have_count(3)
    for row, (pair, similarity) in enumerate((((2, 3), "0.8000"), ((1, 2), "0.6000"),
                                              ((1, 3), "0.0000"))):  # fmt: skip
        text = user.t("playground.pair", a=pair[0], b=pair[1])
        expect(rows.nth(row)).to_contain_text(text)
        expect(rows.nth(row)).to_contain_text(similarity)
    expect(user.rows("playground.vectors").nth(1)).to_contain_text("0.6000, 0.8000, 0.0000")
    assert provider.last.json["input"] == ["cat", "kitten", "dog"]


def draw(user, provider) -> None:
    body = {"data": [picture(5, revised_prompt="A grey square"), picture(6)]}
    provider.answer = reply(body | {"usage": endpoint_calls.picture_usage({"input": 3})})
    user.field("playground.picture").fill("a square")
    user.field("playground.count").select_option("2")
    user.field("playground.size").select_option("1024x1024")
    run(user)
    for number, side in ((1, 5), (2, 6)):
        shown = result_of(user).get_by_alt_text(user.t("playground.pictureNumber", n=number))
        expect(shown).to_be_visible()
        assert shown.evaluate("(it) => it.naturalWidth") == side
    user.sees("A grey square")
    asked = provider.last.json
    assert {"prompt": "a square", "n": 2, "size": "1024x1024"}.items() <= asked.items()
    assert not asked.keys() & {"quality", "stream"}, "only what was wished for"


def edit(user, provider) -> None:
    provider.answer = reply({"data": [picture(7)], "usage": endpoint_calls.picture_usage({})})
    user.field("playground.picture").fill("make it blue")
    upload(user, "playground.files", ("one.png", "image/png", png(9)))
    run(user)
    shown = result_of(user).get_by_alt_text(user.t("playground.pictureNumber", n=1))
    expect(shown).to_be_visible()
    sent = provider.last.body
    assert png(9) in sent
    assert b'name="image"; filename="one.png"' in sent
    assert b"make it blue" in sent


def speak(user, provider) -> None:
    spoken = sound(0.5)
    provider.answer = speech_answers.whole(spoken, "audio/wav")
    user.field("playground.text").fill("Hello there")
    user.field("playground.format").select_option("wav")
    run(user)
    player = result_of(user).get_by_label(user.t("playground.sound"))
    expect(player).to_have_js_property("duration", 0.5)
    with user.page.expect_download() as download:
        user.link("playground.download").click()
    assert download.value.suggested_filename == "speech.wav"
    assert download.value.path().read_bytes() == spoken
    asked = provider.last.json
    assert (asked["voice"], asked["response_format"]) == ("alloy", "wav")


def transcribe(user, provider) -> None:
    provider.answer = endpoint_calls.written({"second": 13})
    upload(user, "playground.recording", ("talk.wav", "audio/wav", sound(LARGE_S)))
    user.field("playground.heardPrompt").fill("Seoul")
    run(user)
    expect(result_of(user).get_by_text("Hello", exact=True)).to_be_visible()
    user.button("action.copy", result_of(user)).click()
    assert user.copied() == "Hello"
    sent = provider.last.body
    assert sound(LARGE_S) in sent
    assert b"Seoul" in sent
    assert sent.index(b'name="model"') < sent.index(b'name="file"')


def moderate(user, provider) -> None:
    scores = {"violence": 0.9731, "harassment": 0.02}
    verdict = {"flagged": True, "categories": {"violence": True, "harassment": False},
               "category_scores": scores}  # fmt: skip
    provider.answer = reply({"id": "m", "model": "m", "results": [verdict]})
    user.field("playground.text").fill("I will hit you")
    run(user)
    rows = user.rows("playground.category")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("0.9731")
    expect(rows.first).to_contain_text(user.t("playground.flagged"))
    expect(rows.nth(1)).not_to_contain_text(user.t("playground.flagged"))


def rank(user, provider) -> None:
    results = [{"index": 2, "relevance_score": 0.91}, {"index": 0, "relevance_score": 0.1}]
    provider.answer = reply({"id": "r", "results": results, "usage": {"total_tokens": 401}})
    user.field("playground.query").fill("What is the capital of Korea?")
    user.field("playground.documents").fill(
        "Busan is a port.\n\nRice grows.\nSeoul is the capital."
    )
    run(user)
    ranked = result_of(user).get_by_role("list", name=user.t("playground.ranked"))
    expect(ranked.get_by_role("listitem")).to_have_count(2)
    expect(ranked.get_by_role("listitem").first).to_contain_text("Seoul is the capital.0.9100")
    expect(ranked.get_by_role("listitem").nth(1)).to_contain_text("Busan is a port.0.1000")
    assert provider.last.json["documents"][1] == "Rice grows."


def complete(user, provider) -> None:
    provider.answer = CALLS["completions, streamed"].answer(CALLS["completions"].used)
    user.field("playground.prompt").fill("Once upon a")
    user.field("playground.longest").fill("40")
    run(user)
    expect(result_of(user)).to_contain_text("brown fox")
    asked = provider.last.json
    assert (asked["prompt"], asked["max_tokens"], asked["stream"]) == ("Once upon a", 40, True)


TRIED = {
    "embeddings": embed,
    "images": draw,
    "edits": edit,
    "speech, by characters": speak,
    "transcriptions, by seconds": transcribe,
    "translations": transcribe,
    "moderations": moderate,
    "rerank, by tokens": rank,
    "completions": complete,
}


@pytest.mark.parametrize("name", TRIED)
def test_tried_and_charged(user, customer, provider, name):
    """And good for everybody: axe, the width and the keyboard."""
    open_task(user, name)
    TRIED[name](user, provider)
    record = sees_charge(user, customer)
    assert record["model"] == model_of(name)
    assert record["key_id"] == customer.key_id
    width = user.page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[user.view.width][0], f"{width} px wide"
    assert not violations(user)
    if user.view.theme == "light":
        assert not unreachable(user)


# ---- what grows ----


def test_a_picture_is_seen_while_it_is_drawn(user, customer, provider):
    gate = threading.Event()
    events = [
        endpoint_calls.event("image_generation.partial_image", partial_image_index=0, **picture(3)),
        endpoint_calls.event("image_generation.completed", **picture(4),
                             usage=endpoint_calls.picture_usage({"input": 3, "image_output": 9})),
    ]  # fmt: skip
    provider.answer = answers.stream(events, gates={1: gate})
    open_task(user, "images")
    user.field("playground.picture").fill("a square")
    user.page.get_by_label(user.t("playground.streamPicture")).check()
    run(user)
    partial = result_of(user).get_by_alt_text(user.t("playground.partial"))
    expect(partial).to_be_visible()
    assert partial.evaluate("(it) => it.naturalWidth") == 3
    expect(user.button("playground.stop")).to_be_visible()
    gate.set()
    whole = result_of(user).get_by_alt_text(user.t("playground.pictureNumber", n=1))
    expect(whole).to_be_visible()
    expect(partial).to_have_count(0)
    assert whole.evaluate("(it) => it.naturalWidth") == 4
    sees_charge(user, customer)
    assert {"stream": True, "partial_images": 2}.items() <= provider.last.json.items()


def test_a_text_is_seen_while_it_is_heard(user, customer, provider):
    gate = threading.Event()
    events = [
        endpoint_calls.event("transcript.text.delta", delta="Good "),
        endpoint_calls.event("transcript.text.delta", delta="morning"),
        endpoint_calls.event("transcript.text.done", text="Good morning.",
                             usage=endpoint_calls.sound_usage({"audio_input": 20, "output": 3})),
    ]  # fmt: skip
    provider.answer = answers.stream(events, gates={1: gate})
    open_task(user, "transcriptions")
    upload(user, "playground.recording", ("a.wav", "audio/wav", sound(1)))
    user.page.get_by_label(user.t("playground.streamText")).check()
    run(user)
    expect(result_of(user).get_by_text("Good", exact=True)).to_be_visible()
    gate.set()
    expect(result_of(user).get_by_text("Good morning.", exact=True)).to_be_visible()
    sees_charge(user, customer)


# ---- what goes wrong ----


def test_stopped(user, customer, provider, shared_provider):
    with Gate(shared_provider) as gate:
        provider.answer = answers.behind(gate, CALLS["embeddings"].answer({"input": 5}))
        open_task(user, "embeddings")
        user.page.get_by_label(user.t("playground.textNumber", n=1), exact=True).fill("cat")
        user.button("playground.run").focus()
        user.page.keyboard.press("Enter")
        wait_until(lambda: provider.requests, 10, "the call to arrive")
        stop = user.button("playground.stop")
        expect(stop).to_be_focused()
        user.page.keyboard.press("Enter")
        expect(user.button("playground.run")).to_be_focused()
        result = result_of(user)
        expect(result.get_by_text(user.t("playground.stopped"), exact=True)).to_be_visible()
        expect(user.link("playground.stoppedNote", result)).to_be_visible()
        assert len(provider.requests) == 1, "stopping does not ask again"
    customer.wait_for_no_hold()


def test_an_error_is_a_sentence(user, customer, provider):
    refused = {"error": {"message": "Unknown voice 'alloi'.", "type": "invalid_request_error",
                         "param": "voice", "code": "unknown_voice"}}  # fmt: skip
    provider.answer = answers.reply(400, json.dumps(refused).encode())
    open_task(user, "speech, by characters")
    user.field("playground.text").fill("Hello")
    run(user)
    expect(result_of(user).get_by_role("alert")).to_contain_text("Unknown voice 'alloi'.")
    assert customer.balance == 10


def test_an_event_that_says_an_error(user, customer, provider):
    events = [
        endpoint_calls.event("image_generation.partial_image", partial_image_index=0, **picture(3)),
        b'data: {"error": {"message": "The brush broke.", "code": null}}\n\n',
    ]
    provider.answer = answers.stream(events)
    open_task(user, "images")
    user.field("playground.picture").fill("a square")
    user.page.get_by_label(user.t("playground.streamPicture")).check()
    run(user)
    expect(result_of(user).get_by_role("alert")).to_be_visible()
    customer.wait_for_no_hold()


def test_the_budget_of_the_key(user, customer, provider):
    customer.create_key("tight", budget="0.000001")
    open_task(user, "moderations")
    user.field("playground.key").select_option(value=customer.key_id)
    user.field("playground.text").fill("x")
    run(user)
    alert = result_of(user).get_by_role("alert")
    expect(alert).to_contain_text(user.t("error.key_budget_exceeded"))
    assert provider.requests == []


def test_strange_answers_break_nothing(user, customer, provider):
    """What is missing is a dash; what is no vector at all is an error."""
    results = [{"index": 0, "relevance_score": None}, {"index": 7}]
    provider.answer = reply({"id": "r", "results": results, "usage": {"total_tokens": 4}})
    open_task(user, "rerank, by tokens")
    user.field("playground.query").fill("q")
    user.field("playground.documents").fill("only one")
    run(user)
    ranked = result_of(user).get_by_role("list", name=user.t("playground.ranked"))
    expect(ranked.get_by_role("listitem").first).to_contain_text("only one\u2013")
    provider.answer = reply({"results": [{"categories": None, "category_scores": {"x": "high"}}]})
    open_task(user, "moderations")
    user.field("playground.text").fill("x")
    run(user)
    expect(user.rows("playground.category").first).to_contain_text("\u2013")
    item = {"object": "embeddings", "index": 0, "embeddings": [[0.5, 1], [2, 3]]}
    provider.answer = reply({"data": [item], "usage": {"prompt_tokens": 3, "total_tokens": 3}})
    open_task(user, "embeddings")
    user.page.get_by_label(user.t("playground.textNumber", n=1), exact=True).fill("cat")
    run(user)
    expect(result_of(user).get_by_role("alert")).to_contain_text(user.t("error.unexpected"))
    sees_charge(user, customer)


# ---- which form ----


def test_what_it_costs_at_most_is_said_before(user, customer, provider):
    open_task(user, "speech, by characters")
    user.field("playground.text").fill("Hello there")
    body = {"model": model_of("speech, by characters"), "input": "Hello there", "voice": "alloy"}
    told = customer.post(body, path="/estimate/audio/speech").json()
    user.sees(user.t("playground.most", amount=exact(told["max_cost_exact"])))
    assert provider.requests == []


def test_a_model_of_two_tasks_and_back_to_one(user):
    """The address keeps what was chosen."""
    user.open("/dashboard/playground?model=artist")
    expect(user.field("playground.files")).to_have_count(0)
    user.choice("playground.task.edits").click()
    expect(user.field("playground.files")).to_be_visible()
    user.page.reload()
    expect(user.field("playground.files")).to_be_visible()
    user.field("request.model").select_option("embeddings")
    expect(user.button("playground.addText")).to_be_visible()
    user.field("request.model").select_option("gpt-4o-mini")
    expect(user.field("playground.message")).to_be_visible()


def test_a_picture_elsewhere_is_not_fetched(user, customer, provider):
    """It would tell the server who looks; a javascript: address is no link at all."""
    urls = ["https://pictures.invalid/1.png", "javascript:alert(1)"]
    provider.answer = reply({"data": [{"url": url} for url in urls]})
    open_task(user, "images, by the picture")
    user.field("playground.picture").fill("a square")
    run(user)
    link = user.link("playground.openPicture", result_of(user), n=1)
    expect(link).to_have_attribute("href", urls[0])
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(user.link("playground.openPicture", result_of(user), n=2)).to_have_count(0)
    expect(result_of(user).locator("img")).to_have_count(0)


def test_a_model_in_the_price_list_is_tried(user):
    user.open("/dashboard/models?search=rerank-by-tokens")
    user.of_row("models.try", user.rows("nav.models").first, "link").click()
    expect(user.field("playground.documents")).to_be_visible()
