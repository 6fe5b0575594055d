"""What each candidate leaves under each rule of prices: the operator's table and `check`, compared
with margins that are computed here, in exact fractions."""

import json
from fractions import Fraction

import pytest
from policies import Lua
from prices import Price
from test_admin_api import make_admin

RULES = ('{ { prompt_above = 200000, input = "2", output = "15" },'
         ' { service_tier = "flex", factor = "0.5" },'
         ' { region = "us", factor = "1.1" } }')  # fmt: skip
# The same at the plain prices and in flex, dearer in a long prompt; priority costs three times.
THEIRS = ('{ { prompt_above = 200000, input = "4", output = "12" },'
          ' { service_tier = "flex", factor = "0.5" },'
          ' { service_tier = "priority", factor = "3" } }')  # fmt: skip
MARGIN = Fraction("0.2")


def prepare(policies) -> None:
    policies.provider("second")
    theirs = {"provider": "second", "input": "1", "output": "10", "when": Lua(THEIRS),
              "allow_loss": True}  # fmt: skip
    policies.model("ruled", Price("1", "10"), when=Lua(RULES),
                   candidates=[{"provider": "openai"}, theirs])  # fmt: skip
    policies.write("examples", "return {}\n")


@pytest.fixture(scope="module")
def house(shared_provider, tmp_path_factory):
    from gateway import Gateway

    gateway = Gateway(tmp_path_factory.mktemp("margins"), shared_provider)
    prepare(gateway.policies)
    yield gateway.start()
    gateway.check_clean()
    gateway.stop()


def left(sold: str, bought: str) -> Fraction:
    """Of the cost, when a price with the margin is asked and another is paid."""
    return (Fraction(sold) * (1 + MARGIN) - Fraction(bought)) / Fraction(bought)


# Where each rule begins: our price, theirs; the lower of input and output counts.
EXPECTED = {
    None: min(left("1", "1"), left("10", "10")),
    "prompt above 200000": min(left("2", "4"), left("15", "12")),
    "service tier flex": left("0.5", "0.5"),
    "service tier priority": left("1", "3"),
    "region us": left("1.1", "1"),
}


def share(text: str) -> Fraction:
    """As it is shown: parts per million."""
    return Fraction(text.rstrip("%")) / 100


def rows_of(house) -> list[dict]:
    admin = make_admin(house)
    rows = admin.call("GET", "/admin/prices", 200, params={"limit": 500})["data"]
    return [row for row in rows if row["model"] == "ruled"]


def test_under_each_rule(house):
    _, second = rows_of(house)
    shown = {one["when"]: share(one["margin"]) for one in second["margins"]}
    assert shown == {when: round(margin, 6) for when, margin in EXPECTED.items()}
    assert share(second["margin"]) == EXPECTED[None]
    losses = {one["when"]: one["loss"] for one in second["margins"]}
    assert losses == {when: "input" if margin < 0 else None for when, margin in EXPECTED.items()}


def test_the_lowest_first(house):
    for row in rows_of(house):
        margins = [share(one["margin"]) for one in row["margins"]]
        assert margins == sorted(margins)
        assert len(margins) >= 4


def test_the_same_prices_leave_the_margin(house):
    """What is asked is what is paid, and the margin, under every rule."""
    first, _ = rows_of(house)
    assert {one["margin"] for one in first["margins"]} == {"20%"}
    assert first["margin"] == "20%"


def test_no_rules_no_list(house):
    admin = make_admin(house)
    rows = admin.call("GET", "/admin/prices", 200, params={"limit": 500})["data"]
    (row,) = [row for row in rows if row["model"] == "gpt-4o"]
    assert (row["margin"], row["margins"]) == ("20%", [])


def test_check_prints_them(house):
    checked = house.command("check")
    assert checked.returncode == 0, checked.stderr
    lines = checked.stdout.splitlines()
    assert "ruled of openai: margin 20% under every rule" in lines
    (line,) = [line for line in lines if line.startswith("ruled of second: margin ")]
    assert line == ("ruled of second: margin -60% (service tier priority: input at a loss), "
                    "-40% (prompt above 200000: input at a loss), 20% (plain), "
                    "20% (service tier flex), 32% (region us)")  # fmt: skip
    assert "note: sold at a loss through second, as allow_loss says (ruled)" in lines


def test_a_loss_under_a_rule_alone_is_refused(make_gateway):
    gateway = make_gateway(prepare=prepare)
    text = gateway.policies.read("models")
    assert "allow_loss" in text
    gateway.policies.write("models", text.replace('["allow_loss"] = true', '["allow_loss"] = false')
                           .replace("allow_loss = true", "allow_loss = false"))  # fmt: skip
    checked = gateway.command("check")
    assert checked.returncode == 1
    assert "service tier priority" in checked.stderr + checked.stdout


def test_many_rules_make_short_pages(make_gateway):
    """A page is bounded by what must be computed for it; its pages have every candidate once."""

    def many(policies) -> None:
        rules = ",".join(f'{{ prompt_above = {n}000, input = "{n + 1}" }}' for n in range(1, 16))
        policies.provider("second")
        theirs = {"provider": "second", "input": "1", "output": "10", "when": Lua(f"{{ {rules} }}")}
        for n in range(40):
            policies.model(f"many-{n:02}", Price("1", "10"), when=Lua(f"{{ {rules} }}"),
                           candidates=[{"provider": "openai"}, theirs])  # fmt: skip
        policies.write("examples", "return {}\n")

    gateway = make_gateway(prepare=many)
    admin = make_admin(gateway)
    rows, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        params = {"limit": 500} | ({"cursor": cursor} if cursor else {})
        page = admin.call("GET", "/admin/prices", 200, params=params)
        lines = sum(1 + len(row["margins"]) for row in page["data"])
        assert lines < 300 + 2 * 17, json.dumps(page)[:200]
        rows += [(row["model"], row["place"]) for row in page["data"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert pages > 4
    assert len(rows) == len(set(rows)) >= 80
