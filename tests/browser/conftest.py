"""The house of the browser tests: one gateway, one fake provider and one Chromium a pytest process.
Whoever looks at a page is checked behind the test for complaints of the page."""

import os

import answers
import pytest
from customer import Customer
from fake_provider import Provider
from gateway import ROOT, Gateway
from person import ENGLISH, KOREAN, Person, View
from places import Town
from playwright.sync_api import expect, sync_playwright
from receivers import Mailbox
from variants import keep_some

# Half the work of Chromium with its windows: this one has none to draw.
CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium-headless-shell"
# As root there is no sandbox; no renderer waits for the next test; the rest keeps Chromium from
# calling anybody but us.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--renderer-process-limit=1"]  # fmt: skip


def pytest_addoption(parser):
    parser.addoption("--screenshots", action="store_true", help="write docs/screenshots anew")


def pytest_ignore_collect(collection_path, config):
    """True: not even looked at; None: as usual."""
    is_writing = collection_path.name == "test_screenshots.py"
    return True if is_writing and not config.getoption("--screenshots") else None


def without_view(item) -> str:
    """The same for the tests that differ in nothing but the fixture `view`."""
    view = item.callspec.params.get("view") if hasattr(item, "callspec") else None
    return item.nodeid.replace(str(view), "*") if isinstance(view, View) else item.nodeid


@pytest.hookimpl(trylast=True)  # whoever names a view gets it
def pytest_collection_modifyitems(config, items):
    if not config.getoption("--long") and not config.getoption("--screenshots"):
        keep_some(config, items, lambda _: 1, without_view)


@pytest.fixture(scope="session")
def built():
    pages = ROOT / "webui/dist"
    assert (pages / "index.html").exists(), "webui/dist is not built: ./dev build"
    return pages


@pytest.fixture(scope="session")
def browser():
    expect.set_options(timeout=10_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shared_provider():
    provider = Provider(default=answers.chat())
    yield provider
    provider.stop()


@pytest.fixture
def provider(shared_provider):
    shared_provider.reset()
    yield shared_provider
    assert not shared_provider.failures, shared_provider.failures
    shared_provider.reset()


@pytest.fixture(scope="session")
def mailbox():
    """Where the gateway's mails come."""
    mailbox = Mailbox()
    yield mailbox
    mailbox.stop()


@pytest.fixture(scope="session")
def shared_gateway(shared_provider, built, mailbox, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gateway")
    settings = {"webui": built, "customer_webhooks": "any", **mailbox.settings}
    gateway = Gateway(folder, shared_provider, settings).start()
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def sound_ledger(shared_gateway):
    """Its ledger adds up behind each file of tests."""
    yield
    shared_gateway.verify_ledger()


@pytest.fixture
def gateway(shared_gateway, sound_ledger, provider):
    yield shared_gateway
    shared_gateway.check_clean()
    shared_gateway.check_holds()


@pytest.fixture
def make_gateway(provider, built, tmp_path):
    """Gateways of the test's own: make_gateway(prepare=, settings...)."""
    made: list[Gateway] = []

    def make(*, prepare=None, **settings) -> Gateway:
        folder = tmp_path / f"gateway{len(made)}"
        folder.mkdir()
        gateway = Gateway(folder, provider, {"webui": built, **settings})
        if prepare is not None:
            prepare(gateway.policies)
        made.append(gateway)
        return gateway.start()

    yield make
    try:
        for gateway in made:
            gateway.stop()
    finally:
        for gateway in made:
            gateway.abandon()


@pytest.fixture
def customer(gateway):
    return gateway.customer()


@pytest.fixture
def make_person(browser, gateway):
    """make_person(view, gateway): each is checked for complaints at the end."""
    made: list[Person] = []

    def make(view: View = ENGLISH, at: Gateway | None = None) -> Person:
        person = Person(browser, at or gateway, view)
        made.append(person)
        return person

    yield make
    try:
        for person in made:
            person.check_calm()
    finally:
        for person in made:
            person.leave()


@pytest.fixture(params=[ENGLISH, KOREAN], ids=str)
def view(request) -> View:
    """Both languages, widths and themes: with --long. Else one, and the other at another commit."""
    return request.param


@pytest.fixture
def person(make_person, view) -> Person:
    return make_person(view)


@pytest.fixture
def user(person, customer) -> Person:
    """A person who is signed in as `customer`."""
    return person.become(customer)


def make_operator(gateway: Gateway) -> Customer:
    """A customer with the role admin, as `llm-gateway user create --admin` makes one."""
    operator = Customer(gateway)
    operator.password = gateway.value_of("user", "create", operator.email, "--admin")
    operator.sign_in()
    return operator


@pytest.fixture
def operator(gateway) -> Customer:
    return make_operator(gateway)


@pytest.fixture
def boss(person, operator) -> Person:
    """A person who is signed in as an operator."""
    return person.become(operator)


@pytest.fixture(scope="session")
def town(shared_gateway, shared_provider) -> Town:
    """For tests that look at many pages and change nothing."""
    shared_provider.reset()
    town = Town(shared_gateway, shared_provider, make_operator(shared_gateway))
    shared_provider.reset()
    return town


@pytest.fixture(scope="module")
def people(browser, shared_gateway):
    """One for each corner: every page in a browser of its own would take twice as long."""
    people = {}

    def person_at(corner: View) -> Person:
        if corner not in people:
            people[corner] = Person(browser, shared_gateway, corner)
        return people[corner]

    yield person_at
    for person in people.values():
        person.leave()
