"""A request is asked again only where that is safe, or where the operator accepts the risk; and the
record says which it was."""

import answers
import pytest
from answers import Usage, error
from gateway import Gateway
from prices import Price, charge
from replays import make_admin

PRICE = Price("0.15", "0.60")
USAGE = Usage(20, 10)
GOOD = answers.chat(usage=USAGE)
FIRST, SECOND = "first-model", "second-model"  # the providers' own names
RETRY = {"bold": "", "wary": "unknown = false", "unreset": 'on = { "5xx", "connect" }'}


def serve(tmp_path_factory, provider, retry: str):
    gateway = Gateway(tmp_path_factory.mktemp("repeats"), provider, {"workers": 1})
    policies = gateway.policies
    policies.write("examples", "return {}\n")
    policies.write("routes", f"return {{ retry = {{ {retry} }} }}\n")
    for name in ("first", "second"):
        policies.provider(name)
    policies.provider("patient", first_byte_timeout_ms=300)
    first = {"provider": "first", "model": FIRST}
    second = {"provider": "second", "model": SECOND}
    policies.model("alone", PRICE, candidates=[first])
    policies.model("pair", PRICE, candidates=[first, second])
    policies.model("waits", PRICE, candidates=[{"provider": "patient", "model": FIRST}, second])
    yield from gateway.served()


@pytest.fixture(scope="module", params=RETRY)
def any_house(request, shared_provider, tmp_path_factory):
    for house in serve(tmp_path_factory, shared_provider, RETRY[request.param]):
        yield request.param, house


@pytest.fixture
def world(any_house, provider):
    """The policy's name, the gateway, a customer and the provider."""
    name, house = any_house
    provider.answer = GOOD
    return name, house, house.customer(), provider


def good_once(seen: set):
    """Answers the first request of each connection, and ends the connection at the next one."""

    async def answer(connection, request) -> None:
        if connection in seen:
            connection.reset()
        else:
            seen.add(connection)
            await GOOD(connection, request)

    return answer


def asked(provider) -> list[str]:
    names = [request.model for request in provider.requests]
    provider.requests.clear()
    return names


def attempts(house, customer, count: int) -> list[dict]:
    record = customer.wait_for_record(count)
    admin = make_admin(house, f"admin-{record['id']}@example.com")
    return admin.call("GET", f"/admin/usage/{record['id']}", 200)["attempt_list"]


def shown(rows: list[dict]) -> list[tuple]:
    return [(row["number"], row["outcome"], row["class"]) for row in rows]


def test_a_kept_connection_that_ends(world):
    """It is told, and asked again only as the policy says; the provider is as well as before."""
    name, house, customer, provider = world
    provider.script(FIRST, good_once(set()))
    assert customer.ask("alone").status_code == 200
    asked(provider)
    response = customer.ask("alone")
    customer.wait_for_no_hold()
    if name == "bold":
        assert response.status_code == 200
        assert asked(provider) == [FIRST, FIRST]
        assert 10 - customer.balance == 2 * charge(PRICE, USAGE)
        record = customer.wait_for_record(2)
        assert record["attempts"] == 2
        assert shown(attempts(house, customer, 2)) == [
            (1, "reset", "unknown"), (2, "answered", "answered")]  # fmt: skip
        line = house.logs("attempt failed", request_id=record["id"])
        assert (line[0]["class"], line[0]["outcome"]) == ("unknown", "reset")
    else:
        assert response.status_code == 502
        assert asked(provider) == [FIRST], "not asked again"
        assert 10 - customer.balance == charge(PRICE, USAGE)


UNKNOWN = {
    "a reset": answers.reset_before_head(),
    "no answer": answers.html(200),
    "a proxy's 502": answers.html(502),
    "an error in a 200": answers.reply(200, b'{"error":{"message":"no"}}'),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_may_have_been_billed(world, kind):
    name, house, customer, provider = world
    provider.script(FIRST, UNKNOWN[kind])
    response = customer.ask("pair")
    repeated = name == "bold" or (name == "unreset" and kind != "a reset")
    assert response.status_code == (200 if repeated else 502)
    # A reset may have been of a kept connection, which is asked once more.
    assert [who for who in asked(provider) if who == SECOND] == ([SECOND] if repeated else [])
    customer.wait_for_no_hold()
    assert 10 - customer.balance == (charge(PRICE, USAGE) if repeated else 0)
    assert {row["class"] for row in attempts(house, customer, 1)} == {"unknown"} | (
        {"answered"} if repeated else set()
    )


def test_silence(world):
    name, house, customer, provider = world
    provider.script(FIRST, answers.silence())
    response = customer.ask("waits")
    assert response.status_code == (200 if name == "bold" else 504)
    rows = attempts(house, customer, 1)
    assert (rows[0]["outcome"], rows[0]["class"]) == ("timeout", "unknown")


def test_what_was_not_begun_is_always_repeated(world):
    _, house, customer, provider = world
    provider.script(FIRST, error(500, "no", None, "server_error"))
    assert customer.ask("pair").status_code == 200
    assert shown(attempts(house, customer, 1)) == [
        (1, "5xx", "refused"), (2, "answered", "answered")]  # fmt: skip


def test_a_client_without_fallbacks(world):
    """Another provider is no wish of it; the same one may be asked again."""
    name, _, customer, provider = world
    provider.script(FIRST, good_once(set()))
    wish = {"provider": {"allow_fallbacks": False}}
    assert customer.ask("alone", **wish).status_code == 200
    response = customer.ask("alone", **wish)
    assert response.status_code == (200 if name == "bold" else 502)
