"""The operator's brand (brand_name, brand_logo, brand_colour, contact): in the page before any
script runs, in files of its own, in mails; by SIGHUP; and nothing of it without the settings."""

import base64
import hashlib
import os
import re
import signal
import struct
import threading
import xml.etree.ElementTree
import zlib
from html.parser import HTMLParser

import pytest
from receivers import words_of
from test_customer_mail import newcomer, post
from wait import wait_until

__all__ = ["post"]  # a fixture

MARK = "<!-- brand -->"
PAGE = f"<!doctype html><html><head>{MARK}</head><body>pages</body></html>"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z"/></svg>'
NAME = "A & B <x>"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = b"\x89PNG\r\n\x1a\n" + b"".join(
    (chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
     chunk(b"IDAT", zlib.compress(b"\0\x10\x20\x30")), chunk(b"IEND", b"")))  # fmt: skip
WEBP_PIXEL = b"VP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0"  # lossless
WEBP = b"RIFF" + struct.pack("<I", 4 + len(WEBP_PIXEL)) + b"WEBP" + WEBP_PIXEL


class Head(HTMLParser):
    """What a page says of itself."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.meta: dict[str, str] = {}
        self.links: dict[str, dict] = {}
        self.title = ""
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        if tag == "meta":
            self.meta[found["name"]] = found["content"]
        elif tag == "link":
            self.links[found["rel"]] = found

    def handle_data(self, data):
        if self.tags[-1] == "title" and not self.title:
            self.title = data


@pytest.fixture
def pages(tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    return folder


@pytest.fixture
def branded(make_gateway, pages, tmp_path):
    """branded(settings...): a gateway with pages that have the mark."""
    logo = tmp_path / "logo"
    logo.write_text(SVG)

    def make(**settings):
        settings = {"brand_name": NAME, "brand_logo": logo, "brand_colour": "#ffd400",
                    "contact": "help@example.com", "public_prices": "on", **settings}  # fmt: skip
        return make_gateway(webui=pages, **settings)

    return make


@pytest.mark.parametrize("path", ["/", "/index.html", "/dashboard", "/dashboard/keys", "/prices"])
def test_the_page_knows_its_brand(branded, path):
    answer = branded().http.get(path)
    head = Head(answer.text)
    assert MARK not in answer.text
    assert head.title == head.meta["application-name"] == NAME
    assert head.meta["description"].endswith(NAME)
    assert head.meta["brand-contact"] == "help@example.com"
    assert head.meta["brand-logo"] == head.links["icon"]["href"] == "/brand-logo"
    assert head.links["icon"]["type"] == "image/svg+xml"
    assert head.tags.count("style") == 1
    assert "x" not in head.tags  # the name is text
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_without_settings_it_is_ours(make_gateway, pages):
    gateway = make_gateway(webui=pages)
    head = Head(gateway.http.get("/").text)
    assert head.title == head.meta["application-name"] == "LLM Gateway"
    assert set(head.meta) == {"application-name", "description"}
    assert head.links == {"icon": {"rel": "icon", "href": "/favicon.svg", "type": "image/svg+xml"}}
    for path in ("/brand-icon.svg", "/brand-logo"):
        assert gateway.http.get(path).status_code == 404


def test_pages_of_an_older_build(make_gateway, pages):
    (pages / "index.html").write_text("<!doctype html><title>old</title>")
    gateway = make_gateway(webui=pages)
    assert gateway.http.get("/").text == "<!doctype html><title>old</title>"


def test_a_twin_is_never_served_in_place_of_the_branded_page(branded, pages):
    """An older build has put index.html.br and .gz beside it: those have no brand."""
    (pages / "index.html.br").write_bytes(b"not branded")
    (pages / "index.html.gz").write_bytes(b"not branded")
    gateway = branded()
    for encoding, sent in (("br", None), ("br, gzip", "gzip"), ("gzip;q=0.0", None)):
        answer = gateway.http.get("/", headers={"Accept-Encoding": encoding})
        assert answer.headers.get("content-encoding") == sent
        assert Head(answer.text).title == NAME


@pytest.mark.parametrize(
    ("data", "kind"),
    [(SVG.encode(), "image/svg+xml"), (PNG, "image/png"), (WEBP, "image/webp")],
    ids=["svg", "png", "webp"],
)
def test_the_logo(branded, tmp_path, data, kind):
    """Told by its bytes; opened by itself it runs nothing; asked for again it is not sent again."""
    (tmp_path / "logo").write_bytes(data)
    gateway = branded()
    answer = gateway.http.get("/brand-logo")
    assert answer.content == data
    assert answer.headers["content-type"] == kind
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "sandbox"} <= set(policy)
    assert not any("script" in part for part in policy)
    etag = answer.headers["etag"]
    again = gateway.http.get("/brand-logo", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert gateway.http.head("/brand-logo").headers["content-length"] == str(len(data))
    assert gateway.http.post("/brand-logo").status_code == 404
    assert Head(gateway.http.get("/").text).links["icon"]["type"] == kind


def style_of(page) -> str:
    return page.text.partition("<style>")[2].partition("</style>")[0]


def test_the_colours(branded):
    """They stand in the page, and the policy allows just that style."""
    answer = branded().http.get("/")
    style = style_of(answer)
    assert "--accent: light-dark(#" in style
    assert ", #ffd400);" in style  # light enough for dark pages as it is
    assert "(#ffd400" not in style  # nobody could read it on white
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"].split("; ")
    assert f"style-src 'self' 'sha256-{digest}'" in policy
    assert "script-src 'self'" in policy


def test_the_icon_has_the_colour(branded):
    """Where there is no logo; with one it is the icon."""
    gateway = branded(brand_logo="")
    page = gateway.http.get("/")
    assert Head(page.text).links["icon"] == {
        "rel": "icon", "href": "/brand-icon.svg", "type": "image/svg+xml"}  # fmt: skip
    assert "brand-logo" not in Head(page.text).meta  # the pages draw their own mark
    icon = gateway.http.get("/brand-icon.svg")
    assert icon.headers["content-type"] == "image/svg+xml"
    fills = re.findall(r"rect\{fill:(#\w{6})\}", icon.text)
    accents = re.search(r"--accent: light-dark\((#\w{6}), (#\w{6})\)", style_of(page))
    assert fills == [accents[1], accents[2]] == [fills[0], "#ffd400"]
    assert xml.etree.ElementTree.fromstring(icon.text).tag.endswith("svg")
    assert branded().http.get("/brand-icon.svg").status_code == 404


def configure(gateway, **settings) -> None:
    gateway.settings.update(settings)
    gateway.write_config()


def test_a_reload(branded, tmp_path):
    """The logo is read again, though its name is the same; all ETags change."""
    gateway = branded()
    paths = ("/", "/brand-logo")
    before = {path: gateway.http.get(path).headers["etag"] for path in paths}
    (tmp_path / "logo").write_bytes(PNG)
    configure(gateway, brand_name="\uc608\uc81c", brand_colour="#0f5132",
              contact="https://help.example.com/")  # fmt: skip
    gateway.reload()
    for path in paths:
        answer = gateway.http.get(path, headers={"If-None-Match": before[path]})
        assert answer.status_code == 200, path
    head = Head(gateway.http.get("/").text)
    assert head.title == "\uc608\uc81c"
    assert head.meta["brand-contact"] == "https://help.example.com/"
    assert gateway.http.get("/brand-logo").content == PNG
    configure(gateway, brand_logo="", brand_colour="", contact="")
    gateway.reload()
    for path in ("/brand-icon.svg", "/brand-logo"):
        assert gateway.http.get(path).status_code == 404
    assert set(Head(gateway.http.get("/").text).meta) == {"application-name", "description"}


def test_every_answer_is_of_one_brand(branded):
    """Whoever asks while the brand changes gets the old or the new one, whole."""
    gateway = branded()
    stop = threading.Event()
    seen: set[str] = set()

    def ask() -> None:
        while not stop.is_set():
            head = Head(gateway.http.get("/").text)
            assert head.title == head.meta["application-name"]
            seen.add(head.title)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for number in range(20):
            configure(gateway, brand_name=f"Name {number} " + "x" * (number * 3))
            gateway.reload()
    finally:
        stop.set()
        thread.join()
    assert len(seen) > 1


BAD = {
    "no name": ({"brand_name": ""}, "brand_name must be"),
    "a long name": ({"brand_name": "x" * 81}, "brand_name must be"),
    "a name with a bell": ({"brand_name": "a\x07b"}, "brand_name must be"),
    "a word": ({"brand_colour": "red"}, "must be a colour as #rrggbb"),
    "three digits": ({"brand_colour": "#f00"}, "must be a colour as #rrggbb"),
    "eight digits": ({"brand_colour": "#ff0000ff"}, "must be a colour as #rrggbb"),
    "no contact": ({"contact": "call us"}, "a mail address like"),
    "an open line": ({"contact": "http://example.com"}, "begins with https://"),
    "a script": ({"contact": "javascript:alert(1)"}, "begins with https://"),
    "no host": ({"contact": "https:///x"}, "begins with https://"),
    "no file": ({"brand_logo": "/nonexistent"}, "No such file"),
    "a folder": ({"brand_logo": "/tmp"}, "no file that can be read"),
    "a device": ({"brand_logo": "/dev/null"}, "no file that can be read"),
}


def test_a_pipe_is_not_waited_for(make_gateway, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    gateway = make_gateway(start=False, brand_logo=tmp_path / "pipe")
    assert "no file that can be read" in gateway.command("check").stderr


@pytest.mark.parametrize("name", BAD)
def test_a_bad_setting_is_refused(make_gateway, name):
    settings, said = BAD[name]
    gateway = make_gateway(start=False, **settings)
    result = gateway.command("check")
    assert result.returncode != 0
    assert said in result.stderr
    assert next(iter(settings)) in result.stderr


LOGOS = {
    "no picture": (b"hello", "SVG, PNG or WebP"),
    "nothing": (b"", "SVG, PNG or WebP"),
    "a page": (b"<html><svg></svg></html>", "SVG, PNG or WebP"),
    "without its namespace": (b"<svg></svg>", "xmlns="),
    "half an svg": (SVG[:-8].encode(), "cut off"),
    "half a png": (PNG[:-8], "cut off"),
    "half a webp": (WEBP[:-2], "cut off"),
    "too large": (SVG.encode() + b" " * 65536, "larger than 64 KB"),
}


def test_a_bad_logo_stops_who_shows_it_and_nobody_else(make_gateway, tmp_path):
    """The ledger can be looked at, and a key be made, whatever became of a picture."""
    (tmp_path / "logo").write_text(SVG)
    gateway = make_gateway(brand_logo=tmp_path / "logo")
    customer = gateway.customer(credit="5")
    gateway.stop()
    (tmp_path / "logo").unlink()
    for words in (("check",), ("serve",)):
        result = gateway.command(*words)
        assert result.returncode != 0
        assert f"brand_logo = {tmp_path / 'logo'}: No such file" in result.stderr
    for words in (("ledger", "verify"), ("key", "create", customer.email)):
        result = gateway.command(*words)
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", LOGOS)
def test_a_bad_logo_at_a_reload(branded, tmp_path, name):
    """The old brand stays, and the operator is told why."""
    data, said = LOGOS[name]
    gateway = branded()
    (tmp_path / "logo").write_bytes(data)
    configure(gateway, brand_name="New")
    gateway.signal(signal.SIGHUP)
    wait_until(lambda: gateway.logged("old settings stay"), 20, "a refusal")
    reason = gateway.logged("old settings stay")[0]["reason"]
    assert said in reason
    assert "brand_logo" in reason
    assert gateway.http.get("/brand-logo").content == SVG.encode()
    assert Head(gateway.http.get("/").text).title == NAME
    assert gateway.command("check").returncode != 0
    (tmp_path / "logo").write_text(SVG)
    gateway.reload()
    assert Head(gateway.http.get("/").text).title == "New"


def test_mails_are_of_the_brand(post, mailbox):
    gateway = post(brand_name="Example AI", brand_colour="#0f5132", contact="help@example.com")
    customer = newcomer(gateway)
    customer.charge("5")
    mail = mailbox.wait_for_one(customer.email, "Receipt")
    text, html = words_of(mail)
    assert mail["from"] == "Example AI <gateway@example.com>"
    assert text.rstrip().endswith("help@example.com")
    assert "help@example.com" in html
    assert "background:#0f5132;color:#ffffff" in html
    configure(gateway, mail_name="The sender", contact="")
    gateway.reload()
    customer.charge("6")
    mail = mailbox.wait_for_one(customer.email, "Receipt: $6.00")
    assert mail["from"] == "The sender <gateway@example.com>"
    assert "help@" not in "".join(words_of(mail))
