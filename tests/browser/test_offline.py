"""The gateway goes away and comes back at the same address: pages say so and mend themselves."""

import socket
from contextlib import contextmanager

import pytest
from person import ENGLISH, KOREAN
from playwright.sync_api import expect
from wait import wait_until

# The browser itself notes each call that got no answer.
UNANSWERED = ("ERR_CONNECTION", "ERR_EMPTY_RESPONSE", "ERR_SOCKET")


@pytest.fixture
def house(make_gateway):
    return make_gateway()


@contextmanager
def away(gateway):
    """The process ends, and begins again at its address, which nobody else takes meanwhile."""
    gateway.stop()
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(gateway.address)
        yield
    gateway.settings["listen"] = "{}:{}".format(*gateway.address)
    gateway.start()


def forgive(person) -> None:
    """What the browser itself notes of a gateway that is not there."""
    person.complaints = [
        one for one in person.complaints if not any(word in one for word in UNANSWERED)
    ]


@pytest.mark.parametrize("view", [ENGLISH, KOREAN], ids=str)
def test_live_tells_since_when_it_is_not(make_person, house, view):
    customer = house.customer()
    customer.ask("demo")
    person = make_person(view, house).become(customer)
    person.open("/dashboard")
    person.rows("home.latest")
    person.sees(person.t("home.live"))
    words = person.t("home.offline", time="").strip()
    with away(house):
        person.sees(words)
        expect(person.main.get_by_text(person.t("home.live"), exact=True)).to_have_count(0)
    person.sees(person.t("home.live"))
    expect(person.main.get_by_text(words)).to_have_count(0)
    customer.ask("gpt-4o")
    expect(person.rows("home.latest").first).to_contain_text("gpt-4o")
    forgive(person)


def test_a_page_that_was_opened_meanwhile_mends_itself(make_person, house):
    """The page is there already, its list is not; then the gateway is back."""
    person = make_person(at=house).become(house.customer())
    person.open("/dashboard/keys")
    person.rows("nav.keys")
    person.link("nav.models").hover()  # so its code is there
    person.page.wait_for_load_state("networkidle")
    with away(house):
        person.link("nav.models").click()
        person.sees(person.t("error.offline"))
    person.rows("nav.models")
    expect(person.main.get_by_text(person.t("error.offline"))).to_have_count(0)
    forgive(person)


def test_error_boxes_mend_themselves(make_person, customer):
    person = make_person().become(customer)
    person.open("/dashboard/keys")
    person.rows("nav.keys")
    failing = lambda route: route.fulfill(status=503, body="{}")  # noqa: E731
    person.page.route("**/api/models", failing)
    person.open("/dashboard/models")
    person.sees(person.t("action.retry"))
    person.page.unroute("**/api/models", failing)
    person.rows("nav.models")
    expect(person.main.get_by_text(person.t("action.retry"))).to_have_count(0)


def test_refusals_are_not_asked_again(make_person, customer):
    """Only what passes by itself."""
    person = make_person().become(customer)
    asked = []

    def refuse(route):
        asked.append(1)
        route.fulfill(status=404, body="{}")

    person.page.route("**/api/models", refuse)
    person.page.clock.install()  # before any timer of the page is set
    person.open("/dashboard/models")
    person.sees(person.t("action.retry"))
    person.page.clock.run_for(30_000)
    assert len(asked) == 1
    person.button("action.retry").click()
    wait_until(lambda: person.page.evaluate("1") and len(asked) == 2)


def test_snippets_show_the_address_one_came_by(make_person, customer):
    person = make_person().become(customer)
    port = person.gateway.origin.rpartition(":")[2]
    person.context.add_cookies(
        [
            {"name": name, "value": value, "url": f"http://localhost:{port}"}
            for name, value in customer.web.cookies.items()
        ]
    )
    person.open(f"http://localhost:{port}/dashboard/keys?new=1")
    person.field("keys.name", person.dialog).fill("snippets")
    person.button("keys.create", person.dialog).click()
    expect(person.dialog).to_contain_text(f"http://localhost:{port}/api/v1/chat/completions")


def test_a_named_address_stays(make_person, make_gateway):
    gateway = make_gateway(public_url="https://llm.example.com")
    customer = gateway.customer()
    person = make_person(at=gateway).become(customer)
    person.open("/dashboard/keys?new=1")
    person.field("keys.name", person.dialog).fill("snippets")
    person.button("keys.create", person.dialog).click()
    expect(person.dialog).to_contain_text("https://llm.example.com/api/v1/chat/completions")
