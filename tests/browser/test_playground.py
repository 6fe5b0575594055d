"""The playground: streamed, stopped, charged, copied."""

import subprocess
import threading

import answers
from answers import Chat, Usage
from money import exact
from playwright.sync_api import expect
from wait import wait_until

MODEL = "gpt-4o-mini"


def ask(person, question: str) -> None:
    person.field("playground.message").fill(question)
    person.button("playground.send").click()


def open_playground(person) -> None:
    person.open(f"/dashboard/playground?model={MODEL}")
    expect(person.field("playground.message")).to_be_visible()


def test_an_answer_grows_and_says_what_it_cost(user, customer, provider):
    gate = threading.Event()
    chat = Chat(pieces=("One", " two", " three"), usage=Usage(prompt=12, completion=3))
    provider.answer = answers.stream_of(chat, gates={2: gate})
    open_playground(user)
    ask(user, "Count!")
    log = user.page.get_by_role("log")
    expect(log.get_by_text("One", exact=True)).to_be_visible()
    expect(user.button("playground.stop")).to_be_visible()
    gate.set()
    expect(log.get_by_text("One two three", exact=True)).to_be_visible()
    cost = exact(customer.wait_for_record()["cost"])
    expect(log.get_by_text(cost)).to_be_visible()
    expect(log).to_contain_text("12")
    expect(log).to_contain_text("ms")
    assert provider.last.json["messages"] == [{"role": "user", "content": "Count!"}]


def quoted(customer, *questions: str) -> str:
    """What the API says to the same request."""
    messages = [{"role": "user", "content": text} for text in questions]
    body = {"model": MODEL, "messages": messages, "stream": True}
    return customer.post(body, path="/estimate").json()["max_cost_exact"]


def test_what_it_costs_at_most_is_said_before(user, customer, provider):
    open_playground(user)
    user.field("playground.message").fill("Count!")
    user.sees(user.t("playground.most", amount=exact(quoted(customer, "Count!"))))
    longer = "Count to a hundred, please! " * 20
    user.field("playground.message").fill(longer)
    user.sees(user.t("playground.most", amount=exact(quoted(customer, longer))))
    assert not provider.requests, "nobody was asked"
    user.field("playground.message").fill(" ")
    expect(user.page.get_by_text(user.t("playground.most", amount="$"))).to_have_count(0)


def test_what_a_small_budget_pays_is_said_before(user, customer):
    for budget, text in (("0.000001", "mostRefused"), ("0.001", "mostAvailable")):
        customer.create_key("tight", budget=budget)
        amount = budget if text == "mostAvailable" else quoted(customer, "Hello?")
        open_playground(user)
        user.field("playground.key").select_option(value=customer.key_id)
        user.field("playground.message").fill("Hello?")
        user.sees(user.t(f"playground.{text}", amount=exact(amount)))


def test_a_talk_is_sent_whole(user, customer, provider):
    provider.answer = answers.chat(pieces=("Yes.",))
    open_playground(user)
    user.page.get_by_text(user.t("playground.settings")).click()
    user.field("playground.system").fill("Be brief.")
    ask(user, "First?")
    expect(user.page.get_by_role("log").get_by_text("Yes.", exact=True)).to_have_count(1)
    user.field("playground.message").fill("Second?")
    user.field("playground.message").press("Enter")
    expect(user.page.get_by_role("log").get_by_text("Yes.", exact=True)).to_have_count(2)
    assert [message["content"] for message in provider.last.json["messages"]] == [
        "Be brief.",
        "First?",
        "Yes.",
        "Second?",
    ]


def test_stopped(user, customer, provider):
    provider.answer = answers.endless(piece_bytes=20, gap_s=0.01)
    open_playground(user)
    ask(user, "Never stop!")
    expect(user.page.get_by_role("log").get_by_text("xxxx")).to_be_visible()
    user.button("playground.stop").click()
    log = user.page.get_by_role("log")
    expect(log.get_by_text(user.t("playground.stopped"), exact=True)).to_be_visible()
    wait_until(lambda: provider.last.gone_at, 10, "the provider to be left")
    record = customer.wait_for_record()
    expect(log.get_by_text(exact(record["cost"]), exact=True)).to_be_visible()
    customer.wait_for_no_hold()


def test_stopping_does_not_send_what_is_being_written(user, customer, provider):
    provider.answer = answers.endless(piece_bytes=20, gap_s=0.01)
    open_playground(user)
    ask(user, "Never stop!")
    expect(user.page.get_by_role("log").get_by_text("xxxx")).to_be_visible()
    user.field("playground.message").fill("And then")
    user.button("playground.stop").click()
    log = user.page.get_by_role("log")
    expect(log.get_by_text(user.t("playground.stopped"), exact=True)).to_be_visible()
    expect(user.field("playground.message")).to_have_value("And then")
    wait_until(lambda: provider.last.gone_at, 10, "the provider to be left")
    assert len(provider.requests) == 1
    customer.wait_for_no_hold()


def test_a_long_talk_goes_on(user, customer, provider):
    """More than 64 KB, which is read only with a pass."""
    provider.answer = answers.chat(pieces=("Long.",))
    open_playground(user)
    text = "word " * 15_000
    ask(user, text)
    expect(user.page.get_by_role("log").get_by_text("Long.", exact=True)).to_be_visible()
    assert provider.last.json["messages"][0]["content"] == text


def test_copied_as_curl(user, customer, provider):
    open_playground(user)
    ask(user, 'It\'s "quoted" & $HOME `id`')
    user.button("playground.copyCurl").click()
    command = user.copied().replace("llm_sk_your_key", customer.key)
    provider.reset()
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=240)
    assert "data: [DONE]" in result.stdout, result.stderr
    assert provider.last.json["messages"][0]["content"] == 'It\'s "quoted" & $HOME `id`'


def test_an_error_is_a_sentence(user, customer, provider):
    provider.answer = answers.error(500, "The server had an error", None, "server_error")
    open_playground(user)
    ask(user, "Hello?")
    alert = user.page.get_by_role("log").get_by_role("alert")
    expect(alert).to_contain_text(user.t("error.provider_unavailable"))


def test_the_budget_of_the_key(user, customer):
    customer.create_key("tight", budget="0.000001")
    open_playground(user)
    user.field("playground.key").select_option(value=customer.key_id)
    ask(user, "Hello?")
    alert = user.page.get_by_role("log").get_by_role("alert")
    expect(alert).to_contain_text(user.t("error.key_budget_exceeded"))


def test_without_a_key(user, customer):
    customer.delete_key()
    user.open("/dashboard/playground")
    user.sees(user.t("playground.noKey"))
