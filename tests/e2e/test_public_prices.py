"""The price list for everybody (public_prices): what it shows, what it never shows, and that it is
not there unless the operator wants it."""

import json
from fractions import Fraction

import httpx2 as httpx
import openapi
import pytest
from policies import Lua
from prices import Price
from test_units import PRICE, UNITS
from wait import wait_until

RULES = ('{ { prompt_above = 200000, input = "2", output = "15" },'
         ' { service_tier = "flex", factor = "0.5" } }')  # fmt: skip
PAGE = "<!doctype html><title>pages</title>"


def prepare(policies) -> None:
    policies.provider("secretive")
    cheap = {"provider": "secretive", "model": "their/own-name", "input": "0.77",
             "output": "7.7", "cached_input": "0.077", "allow_loss": True}  # fmt: skip
    policies.model("everything", PRICE, web_search_max=10, when=Lua(RULES),
                   capabilities=["tools", "reasoning"], **UNITS,
                   candidates=[{"provider": "openai"}, cheap])  # fmt: skip
    policies.model("for-partners", Price("1", "2"))
    policies.model("not-set-up", Price("1", "2"), candidates=[{"provider": "keyless"}])
    policies.provider("keyless", api_key=Lua('env("NO_SUCH_KEY")'))
    policies.write("examples", "return {}\n")
    policies.write(
        "margins",
        """return {
        default = "20%",
        groups = { partners = "5%" },
    }
""",
    )
    policies.write(
        "routes",
        """return {
        access = {
            default = { "everything", "gpt-4o", "not-set-up" },
            groups = { partners = { "everything", "for-partners" } },
        },
    }
""",
    )


@pytest.fixture(scope="module")
def shop(shared_provider, tmp_path_factory):
    from gateway import Gateway

    folder = tmp_path_factory.mktemp("public")
    (folder / "pages").mkdir()
    (folder / "pages/index.html").write_text(PAGE)
    gateway = Gateway(folder, shared_provider, {"webui": folder / "pages"})
    prepare(gateway.policies)
    yield gateway.start()
    gateway.check_clean()
    gateway.stop()


def ask(gateway, path="/api/prices", method="GET", **headers) -> httpx.Response:
    """As nobody: no cookie, no key."""
    return httpx.request(method, gateway.origin + path, headers=headers, trust_env=False)


def test_prices_of_a_customer_without_a_group(shop):
    response = ask(shop)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert "set-cookie" not in response.headers
    mine = shop.customer(credit=None).call("GET", "/models", 200)
    assert response.json() == mine
    models = {model["id"]: model for model in response.json()["data"]}
    assert models.keys() == {"everything", "gpt-4o", "not-set-up"}
    pricing = models["everything"]["pricing"]
    assert Fraction(pricing["input"]) == Fraction("1.2")
    assert Fraction(pricing["web_search"]) == Fraction("0.012")
    long, flex = pricing["conditions"]
    assert long["when"] == {"prompt_above": 200000}
    assert Fraction(long["prices"]["output"]) == 18
    assert (flex["when"], flex["factor"]) == ({"service_tier": "flex"}, "0.5")


def test_no_secret_of_the_operators(shop):
    """No buy price, provider, margin, their names of models, or what is not set up."""
    text = ask(shop).text
    for secret in ("secretive", "their/own-name", "openai_api_key", "NO_SUCH_KEY", "keyless",
                   "margin", "0.77", "0.924", "buy", "provider", "unavailable_reason",
                   "for-partners", "partners", '"20'):  # fmt: skip
        assert secret.lower() not in text.lower().replace('"owned_by":"openai"', ""), secret
    (model,) = [model for model in json.loads(text)["data"] if model["id"] == "not-set-up"]
    assert model["available"] is False


def test_as_the_document_says(shop):
    response = ask(shop)
    openapi.Document(openapi.load()).check(response)
    assert ask(shop, "/api/site").json()["public_prices"] is True


def test_it_may_be_kept_and_is_asked_again(shop):
    """Each worker has the same tag, and a true copy is not sent again."""
    first = ask(shop)
    assert first.headers["cache-control"] == "public, no-cache"
    tag = first.headers["etag"]
    for _ in range(8):  # connections of both workers
        assert ask(shop).headers["etag"] == tag
        same = ask(shop, **{"If-None-Match": f'"other", {tag}'})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["etag"] == tag
        assert ask(shop, **{"If-None-Match": '"other"'}).status_code == 200
    head = ask(shop, method="HEAD")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_only_read(shop, method):
    refused = ask(shop, method=method)
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET, HEAD"


def test_the_page(shop):
    page = ask(shop, "/prices")
    assert (page.status_code, page.text) == (200, PAGE)
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["etag"]
    assert ask(shop, "/pricesx").status_code == 404
    assert ask(shop, "/prices/x").status_code == 404


@pytest.mark.quick
def test_not_there_unless_it_is_wanted(make_gateway, tmp_path):
    """Nothing tells it from any other path that is not there."""
    (tmp_path / "index.html").write_text(PAGE)
    gateway = make_gateway(webui=tmp_path, public_prices="off")
    for path, nothing in (("/prices", "/nothing"), ("/api/prices", "/api/nothing")):
        for method in ("GET", "HEAD", "POST"):
            found, other = ask(gateway, path, method), ask(gateway, nothing, method)
            assert found.status_code == other.status_code == 404
            assert found.text.replace(path, "") == other.text.replace(nothing, "")
    assert ask(gateway, "/api/site").json()["public_prices"] is False


def test_a_reload_changes_it_at_once(make_gateway):
    gateway = make_gateway()
    before = ask(gateway)
    gateway.policies.write("examples", "return {}\n")
    gateway.policies.replace("margins", 'default = "20%"', 'default = "50%"')
    gateway.reload()
    tag = {"If-None-Match": before.headers["etag"]}
    assert ask(gateway, **tag).status_code == 200
    after = {model["id"]: model for model in ask(gateway).json()["data"]}
    assert Fraction(after["gpt-4o"]["pricing"]["output"]) == 15


def test_nobody_makes_it_expensive(make_gateway):
    """A rule runs for each model of a list: for the public it is asked once a minute, not once a
    visitor."""
    gateway = make_gateway(workers=1)
    gateway.policies.write("examples", "return {}\n")
    gateway.policies.write(
        "margins",
        """local count = 0
return {
    default = "20%",
    rule = function(request)
        if request.model == "demo" then
            count = count + 1
            return tostring(count % 100) .. "%"
        end
    end,
}
""",
    )
    gateway.reload()

    def shown() -> str:
        models = {model["id"]: model for model in ask(gateway).json()["data"]}
        return models["demo"]["pricing"]["output"]

    first = shown()
    assert {shown() for _ in range(20)} == {first}
    customer = gateway.customer(credit=None)
    seen = {json.dumps(customer.call("GET", "/models", 200)) for _ in range(2)}
    wait_until(lambda: len(seen) == 2, 1, "the rule is asked for each list of a user")
