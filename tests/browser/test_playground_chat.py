"""Conversations of the playground: settings and pictures that go along, answers in Markdown that
stay harmless, and what the browser keeps."""

import base64

import answers
import pytest
from person import SIZES
from playwright.sync_api import expect
from test_everywhere import unreachable, violations
from test_playground import ask, open_playground
from test_playground_tasks import png

BLIND = "gpt-3.5-turbo"  # has no vision


def log_of(user):
    return user.page.get_by_role("log")


def says(*pieces: str):
    return answers.chat(pieces=pieces)


def open_settings(user) -> None:
    user.page.get_by_text(user.t("playground.settings")).click()


def is_good_for_everybody(user) -> None:
    user.page.evaluate("scrollTo(0, 0)")  # nothing stands half below the head of the page
    width = user.page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[user.view.width][0], f"{width} px wide"
    assert not violations(user)
    if user.view.theme == "light":
        assert not unreachable(user)


# ---- settings ----


def test_settings_are_sent(user, customer, provider):
    provider.answer = says("Yes.")
    open_playground(user)
    open_settings(user)
    user.field("playground.system").fill("Be brief.")
    user.field("playground.longest").fill("321")
    user.field("playground.temperature").fill("0.25")
    is_good_for_everybody(user)
    ask(user, "Well?")
    expect(log_of(user).get_by_text("Yes.", exact=True)).to_be_visible()
    sent = provider.last.json
    assert sent["temperature"] == 0.25
    assert 321 in (sent.get("max_tokens"), sent.get("max_completion_tokens"))
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    customer.wait_for_no_hold()


def test_only_what_is_set_is_sent(user, customer, provider):
    provider.answer = says("Yes.")
    open_playground(user)
    ask(user, "Well?")
    expect(log_of(user).get_by_text("Yes.", exact=True)).to_be_visible()
    assert not provider.last.json.keys() & {"temperature", "reasoning_effort", "max_tokens"}


def test_wrong_settings_are_named_and_not_sent(user, provider):
    open_playground(user)
    open_settings(user)
    user.field("playground.message").fill("Well?")
    for field, value, fault in (("longest", "0", "longestFault"),
                                ("temperature", "3", "temperatureFault")):  # fmt: skip
        user.field(f"playground.{field}").fill(value)
        user.sees(user.t(f"playground.{fault}"))
        expect(user.button("playground.send")).to_be_disabled()
        user.field("playground.message").press("Enter")
        user.field(f"playground.{field}").fill("")
        expect(user.button("playground.send")).to_be_enabled()
    assert provider.requests == []


# ---- pictures ----


def add_picture(user, data: bytes, name: str = "a.png") -> None:
    picture = {"name": name, "mimeType": "image/png", "buffer": data}
    user.field("playground.pictures").set_input_files([picture])


@pytest.mark.parametrize("side", [9, 400], ids=["small", "large"])
def test_a_picture_goes_along(user, customer, provider, side):
    """And stays in the conversation; a large body needs a pass."""
    data = png(side) + bytes(100_000 if side > 9 else 0)
    provider.answer = says("A square.")
    open_playground(user)
    add_picture(user, data)
    ask(user, "What is it?")
    expect(log_of(user).get_by_text("A square.", exact=True)).to_be_visible()
    url = "data:image/png;base64," + base64.b64encode(data).decode()
    parts = [{"type": "text", "text": "What is it?"},
             {"type": "image_url", "image_url": {"url": url}}]  # fmt: skip
    asked = {"role": "user", "content": parts}
    assert provider.last.json["messages"] == [asked]
    shown = log_of(user).get_by_alt_text(user.t("playground.pictureNumber", n=1))
    expect(shown).to_have_js_property("naturalWidth", side)
    is_good_for_everybody(user)
    ask(user, "And now?")
    expect(log_of(user).get_by_text("A square.", exact=True)).to_have_count(2)
    assert provider.last.json["messages"][0] == asked, "said before"
    assert provider.last.json["messages"][2]["content"] == "And now?", "it went once"
    customer.wait_for_no_hold()


def test_a_model_without_eyes_gets_no_picture(user):
    user.open(f"/dashboard/playground?model={BLIND}")
    expect(user.field("playground.message")).to_be_visible()
    expect(user.field("playground.pictures")).to_have_count(0)


# ---- Markdown ----

ANSWER = """# Title

Some **bold**, *slanted* and `inline` text, a [page](https://example.com/a).

1. one
2. two

```python
print("<b>")
```

| a | b |
|---|---|
| 1 | 2 |
"""


def test_answers_are_laid_out(user, customer, provider):
    provider.answer = says(*ANSWER.splitlines(keepends=True))
    open_playground(user)
    ask(user, "# Not a title")
    log = log_of(user)
    expect(log.locator("strong")).to_have_text("bold")
    expect(log.locator("em")).to_have_text("slanted")
    expect(log.locator("ol > li")).to_have_count(2)
    expect(log.locator("pre")).to_have_text('print("<b>")')
    expect(log.locator("td")).to_have_text(["1", "2"])
    link = log.get_by_role("link", name="page", exact=True)
    expect(link).to_have_attribute("href", "https://example.com/a")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(log.get_by_text("# Not a title", exact=True)).to_be_visible()
    expect(user.link("playground.details", log)).to_be_visible()
    is_good_for_everybody(user)


HOSTILE = """<img src=x onerror="window.hit=1"> <b>not bold</b>

<script>window.hit=1</script>

[a](javascript:window.hit=1) [b](data:text/html,<script>window.hit=1</script>)
[c](/api/auth/signout)
![picture](https://pictures.invalid/1.png) <https://example.com/auto> [d]: javascript:window.hit=1

<a href="javascript:window.hit=1">e</a> **<i onmouseover="window.hit=1">f</i>**
"""


def test_nothing_in_an_answer_runs_or_is_fetched(user, customer, provider):
    provider.answer = says(HOSTILE)
    fetched: list[str] = []
    open_playground(user)
    user.page.on("request", lambda request: fetched.append(request.url))
    ask(user, "Show me!")
    log = log_of(user)
    expect(log).to_contain_text('<img src=x onerror="window.hit=1">')
    expect(log).to_contain_text("<script>window.hit=1</script>")
    expect(user.link("playground.details", log)).to_be_visible()
    assert log.locator("img, b, i, script, iframe").count() == 0
    addresses = log.get_by_role("link").evaluate_all("links => links.map((it) => it.href)")
    outside = [each for each in addresses if not each.startswith(user.gateway.origin)]
    assert outside == ["https://pictures.invalid/1.png", "https://example.com/auto"]
    assert all("/dashboard/usage/" in each for each in set(addresses) - set(outside))
    assert not [url for url in fetched if "invalid" in url or url.endswith("/x")]
    assert user.page.evaluate("window.hit") is None


def test_an_answer_that_is_nested_without_end_is_shown(user, customer, provider):
    text = ">" * 20_000
    provider.answer = says(text)
    open_playground(user)
    ask(user, "Deeper!")
    expect(log_of(user)).to_contain_text(text)


# ---- what the browser keeps ----


def test_conversations_are_kept(user, customer, provider):
    provider.answer = says("First answer.")
    open_playground(user)
    expect(user.field("playground.kept")).to_have_count(0)
    ask(user, "First question?")
    log = log_of(user)
    expect(user.link("playground.details", log)).to_be_visible()
    user.page.reload()
    expect(log.get_by_text("First answer.", exact=True)).to_be_visible()
    expect(user.link("playground.details", log)).to_be_visible()
    user.button("playground.clear").click()
    provider.answer = says("Second answer.")
    ask(user, "Second question?")
    expect(log.get_by_text("Second answer.", exact=True)).to_be_visible()
    assert len(provider.last.json["messages"]) == 1, "a new conversation"
    is_good_for_everybody(user)
    user.field("playground.kept").select_option("First question?")
    expect(log.get_by_text("First answer.", exact=True)).to_be_visible()
    ask(user, "Go on!")
    expect(log.get_by_text("Second answer.", exact=True)).to_be_visible()
    assert [message["content"] for message in provider.last.json["messages"]] == [
        "First question?", "First answer.", "Go on!"
    ]  # fmt: skip
    user.button("playground.removeTalk").click()
    expect(log).to_contain_text("Second question?")
    user.page.reload()
    expect(log).to_contain_text("Second question?")
    expect(user.field("playground.kept").locator("option")).to_have_count(1)


def test_who_leaves_in_the_middle_finds_what_had_come(user, customer, provider):
    provider.answer = answers.endless(piece_bytes=20, gap_s=0.01)
    open_playground(user)
    ask(user, "Never stop!")
    expect(log_of(user).get_by_text("xxxx")).to_be_visible()
    if user.view.width == "wide":
        user.link("nav.usage").first.click()  # the page goes on without this part of it
    else:
        user.page.goto("/prices")  # all of it goes
    customer.wait_for_record()
    open_playground(user)
    expect(log_of(user).get_by_text(user.t("playground.stopped"), exact=True)).to_be_visible()
    customer.wait_for_no_hold()


def test_nobody_else_sees_them(make_person, view, gateway, provider):
    provider.answer = says("Between us.")
    one, other = gateway.customer(), gateway.customer()
    person = make_person(view)
    person.sign_in(one.email, one.password)
    open_playground(person)
    ask(person, "A secret")
    expect(log_of(person).get_by_text("Between us.", exact=True)).to_be_visible()
    person.context.clear_cookies()
    person.become(other)
    open_playground(person)
    expect(log_of(person)).to_contain_text(person.t("playground.empty"))
    person.context.clear_cookies()
    person.sign_in(one.email, one.password)
    open_playground(person)
    expect(log_of(person).get_by_text("Between us.", exact=True)).to_be_visible()
    if view.width == "narrow":
        person.button("nav.open").click()
    person.button("auth.signOut").click()
    person.sees_title("auth.signIn")
    assert "secret" not in person.page.evaluate("JSON.stringify(localStorage)")


@pytest.mark.parametrize("kept", ["{", "null", '[{"id":"a"}]', '[{"id":"a","turns":[{}]}]'])
def test_what_cannot_be_read_is_nothing(user, customer, provider, kept):
    user.open("/dashboard/usage")
    user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
    user.page.evaluate("([name, kept]) => localStorage.setItem(name, kept)",
                       [f"talks:{user_id}", kept])  # fmt: skip
    open_playground(user)
    expect(log_of(user)).to_contain_text(user.t("playground.empty"))


def test_what_is_too_large_to_keep_goes_by_its_age(user, customer, provider):
    """The oldest conversations first, then the pictures of the last one."""
    provider.answer = says("Seen.")
    open_playground(user)
    for number in (1, 2):
        add_picture(user, png(20) + bytes(900_000))
        ask(user, f"Picture {number}?")
        expect(log_of(user).get_by_text("Seen.", exact=True)).to_be_visible()
        expect(user.link("playground.details", log_of(user))).to_be_visible()
        user.button("playground.clear").click()
    user.page.reload()
    expect(user.field("playground.kept").locator("option")).to_have_count(1)
    expect(log_of(user)).to_contain_text("Picture 2?")
    add_picture(user, png(20) + bytes(900_000))
    ask(user, "And this?")
    expect(user.link("playground.details", log_of(user))).to_have_count(2)
    user.page.reload()
    expect(log_of(user)).to_contain_text("And this?")
    expect(log_of(user).locator("img")).to_have_count(0)
