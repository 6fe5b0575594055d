"""The documentation at /docs, as files that are served: who may read which, with whose brand and
address. What is in it is tested in webui/docs and tests/browser/test_docs.py."""

import base64
import gzip
import hashlib

import pytest
from test_admin_api import make_admin
from test_brand import configure

SCRIPT = "theme();"
HEAD = (
    f"<!doctype html><script>{SCRIPT}</script><title>Page · @brand-name@</title>"
    "<!-- brand --><img src='@brand-logo@'>"
)
BODY = (
    "<p>curl http://127.0.0.1:3000/v1 h@t <b>@brand-name@</b></p><footer><!-- contact --></footer>"
)
PAGES = {
    "index.html": "<!doctype html><title>home</title>",
    "docs/index.html": HEAD + "first" + BODY,
    "docs/developers/errors.html": HEAD + "errors" + BODY,
    "docs/developers/search.json": '["@brand-name@"]',
    "docs/operators.html": HEAD + "operators" + BODY,
    "docs/operators/money.html": HEAD + "money" + BODY,
    "docs/operators/money.html.gz": "money",
    "docs/operators/search.json": '["money"]',
    "docs/not-found.html": HEAD + "no such page",
    "docs/sign-in.html": HEAD + "please sign in",
}
FOR_ALL = ("/docs", "/docs/", "/docs/developers/errors", "/docs/developers/errors/",
           "/docs/developers/errors.html", "/docs/developers/search.json")  # fmt: skip
FOR_OPERATORS = ("/docs/operators", "/docs/operators/money", "/docs/operators/money/",
                 "/docs/operators/money.html", "/docs/operators/search.json")  # fmt: skip


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    for name, text in PAGES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def serve(make_gateway, site):
    return lambda **settings: make_gateway(webui=site, **settings)


def read(person, path: str):
    """A page as somebody who is signed in, or as a gateway's stranger."""
    web = person.web if hasattr(person, "web") else person.http
    return web.get(f"{web.base_url.copy_with(path='/')}".rstrip("/") + path)


@pytest.mark.quick
def test_a_page_has_the_brand_and_the_address(serve):
    gateway = serve(public_url="https://ai.example.com/", brand_name="A & B",
                    contact="help@example.com", brand_colour="#0f5132")  # fmt: skip
    text = gateway.http.get("/docs/developers/errors").text
    assert "<title>Page · A &amp; B</title>" in text
    assert "<b>A &amp; B</b>" in text
    assert "--accent: light-dark(#0f5132, " in text
    assert "<img src='/brand-icon.svg'>" in text
    assert "curl https://ai.example.com/v1 h@t" in text
    assert '<footer><a href="mailto:help@example.com">help@example.com</a></footer>' in text
    assert "127.0.0.1" not in text
    assert "@brand" not in text
    assert gateway.http.get("/docs/developers/search.json").text == '["@brand-name@"]'


def test_without_settings_the_browser_knows_the_address(serve):
    text = serve().http.get("/docs").text
    assert "curl http://127.0.0.1:3000/v1" in text
    assert "<b>LLM Gateway</b>" in text
    assert "<footer></footer>" in text


def test_how_a_page_is_sent(serve):
    """Packed for whoever takes that; asked for again, it is not sent again; with its policy."""
    gateway = serve()
    plain = gateway.http.get("/docs", headers={"Accept-Encoding": "identity"})
    with gateway.http.stream("GET", "/docs", headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    assert plain.headers["etag"] != packed.headers["etag"]
    for answer in (plain, packed):
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
        digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
        assert f"script-src 'self' 'sha256-{digest}';" in answer.headers["content-security-policy"]
        assert "style-src 'self';" in answer.headers["content-security-policy"]
        again = gateway.http.get("/docs", headers={"If-None-Match": answer.headers["etag"]} | {
            "Accept-Encoding": answer.headers.get("content-encoding", "identity")})  # fmt: skip
        assert (again.status_code, again.content) == (304, b"")
    head = gateway.http.head("/docs", headers={"Accept-Encoding": "identity"})
    assert head.headers["content-length"] == str(len(plain.content))
    assert gateway.http.post("/docs").status_code == 405


def test_a_page_that_is_not_there(serve):
    gateway = serve()
    for path in ("/docs/nothing", "/docs/developers", "/docs/developers/errors.html.gz",
                 "/docs/not-found", "/docs/developers/errors/x", "/docs/" + "x" * 600):  # fmt: skip
        answer = gateway.http.get(path)
        assert answer.status_code == 404, path
        assert "no such page" in answer.text, path
    assert gateway.http.get("/docsx").json()["error"]["code"] == "not_found"


# What each reader gets of the developers' pages and of the operators'.
AUDIENCES = {
    "public": {"nobody": (200, 401), "customer": (200, 404), "support": (200, 200)},
    "signed_in": {"nobody": (401, 401), "customer": (200, 404), "support": (200, 200)},
    "off": {"nobody": (404, 404), "customer": (404, 404), "support": (404, 404)},
}


@pytest.mark.parametrize("docs", AUDIENCES)
def test_who_may_read_what(serve, docs):
    gateway = serve(docs=docs)
    support = gateway.customer()
    gateway.value_of("user", "role", support.email, "support")
    readers = {"nobody": gateway, "customer": gateway.customer(), "support": support}
    said = {200: "", 401: "please sign in", 404: "no such page" if docs != "off" else "not_found"}
    for name, statuses in AUDIENCES[docs].items():
        for paths, status in zip((FOR_ALL, FOR_OPERATORS), statuses, strict=True):
            for path in paths:
                answer = read(readers[name], path)
                assert answer.status_code == status, (name, path)
                assert said[status] in answer.text, (name, path)
                own = status == 200 and paths == FOR_OPERATORS
                assert not own or answer.headers["cache-control"] == "private, no-cache"
                policy = answer.headers.get("content-security-policy", "")
                assert ("'sha256-" in policy) == ("<script>" in answer.text)
    assert gateway.http.get("/api/site").json()["docs"] == docs
    assert gateway.http.get("/").text == PAGES["index.html"]


TRICKS = ("/docs//operators/money", "/docs/./operators/money",
          "/docs/developers/../operators/money", "/docs/operators%2fmoney",
          "/docs/%6fperators/money", "/docs/operators/money.html.gz",
          "//docs/operators/money", "/docs/operators/money?x=/docs/developers/errors",
          "/docs/Operators/money", "/docs/operators/money%00")  # fmt: skip


@pytest.mark.parametrize("path", TRICKS)
def test_no_other_writing_of_the_path_opens_it(serve, path):
    """Neither of the file's name: an operator may use them, nobody else."""
    gateway = serve()
    for person in (gateway, gateway.customer()):
        answer = read(person, path)
        assert answer.status_code in (400, 401, 404), path
        assert "money<p>" not in answer.text


def test_an_operator_without_the_second_factor_is_nobody_yet(serve):
    gateway = serve(second_factor="operators")
    assert read(make_admin(gateway), "/docs/operators/money").status_code == 401


def test_a_session_that_ended_reads_no_more(serve):
    gateway = serve()
    admin = make_admin(gateway)
    assert read(admin, "/docs/operators/money").status_code == 200
    admin.call("POST", "/auth/signout", 204)
    assert read(admin, "/docs/operators/money").status_code == 401


def test_a_reload_of_the_brand(serve):
    gateway = serve()
    before = gateway.http.get("/docs").headers["etag"]
    configure(gateway, brand_name="New")
    gateway.reload()
    answer = gateway.http.get("/docs", headers={"If-None-Match": before})
    assert answer.status_code == 200
    assert "<b>New</b>" in answer.text
    assert "money" in read(make_admin(gateway), "/docs/operators/money").text
    assert "<b>New</b>" in read(make_admin(gateway), "/docs/operators/money").text


def test_pages_of_an_older_build(make_gateway, tmp_path):
    (tmp_path / "index.html").write_text("old")
    gateway = make_gateway(webui=tmp_path)
    for path in ("/docs", "/docs/operators/money"):
        assert gateway.http.get(path).json()["error"]["code"] == "not_found"
