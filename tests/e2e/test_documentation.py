"""What the pages name is there: files, settings, metrics, codes, members, routes, commands. A page
that was not changed with its product shows here. (That what is there is named: test_openapi,
test_metrics, webui/docs/site.test.ts. That programs run: tests/clients/test_docs.py.)"""

import re
from pathlib import Path

import openapi
import pytest
from gateway import ROOT
from test_install import commands

PAGES = [
    page
    for pattern in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "docs/*/*.md")
    for page in sorted(ROOT.glob(pattern))
]
CODE = re.compile(r"`([^`\n]+)`")

# ---- files ----

FILE = re.compile(
    r"\b(?:core|lua|tests|docs|packaging|policies|migrations|webui|mails|findings|app|base|store|net"
    r"|exchange|script|dialect)/[\w./-]*\w\.\w+"
)
PLACES = ("", "core", "policies", "docs")  # pages on the code leave core/ out


def found_in_code(pattern: re.Pattern) -> set[tuple]:
    """The page's name, and what the pattern finds in the page's code."""
    return {
        (page.name, *(found if isinstance(found, tuple) else (found,)))
        for page in PAGES
        for code in CODE.findall(page.read_text())
        for found in pattern.findall(code)
    }


def test_files_that_are_named():
    named = found_in_code(FILE)
    assert len(named) > 250
    gone = {one for one in named if not any((ROOT / place / one[1]).exists() for place in PLACES)}
    assert not gone


# ---- names with an underscore ----

PRODUCT = ("core/**/*.[ch]", "core/**/*.txt", "lua/**/*.lua", "policies/*.lua", "gateway.conf",
           "docs/openapi.yaml", "packaging/**/*", "migrations/*", "webui/src/**/*.ts*", "mails/*",
           "dev", "CMakeLists.txt")  # fmt: skip
FILES = ("tests/**/*.*", "core/**/*.c")  # pages name tests by their files, not by what is in them
NAME = re.compile(r"(?<![\w-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w-])")
# Names of others: what their libraries, kernels, price files and products call things.
OTHERS = {
    "PERFORMANCE.md": {"callgrind_annotate", "curl_strnequal", "hash_name", "malloc_consolidate",
                       "posix_fadvise", "proxy_buffering", "proxy_pass", "sched_setattr",
                       "sched_switch", "tcache_count"},
    "CATALOG.md": {"completion_cost", "cost_per_token",
                   "fireworks_ai"},
    "ARCHITECTURE.md": {"caller_id", "gzip_types"},
    "LIBRARIES.md": {"sqlite3_changes"},
    "POLICIES.md": {"code_interpreter", "total_cost", "usd_spent",
                    "web_search_20250305"},
    "AGENTS.md": {"openai_base_url"},
    "API.md": {"get_final_message"},
    "cost.md": {"get_final_message"},
    "from-openai.md": {"fine_tuning", "vector_stores"},
    "from-newapi.md": {"insufficient_user_quota", "new_api_error", "one_api_error"},
    "errors.md": {"http_options", "retry_options"},
}  # fmt: skip


def words_of_the_product() -> set[str]:
    found = {file.stem for pattern in FILES for file in ROOT.glob(pattern)}
    for pattern in PRODUCT:
        for file in ROOT.glob(pattern):
            if file.is_file() and file.suffix not in (".png", ".svg"):
                found.update(re.findall(r"[A-Za-z_]\w*", file.read_text()))
    return found


def is_there(name: str, words: set[str]) -> bool:
    """A counter's _total and a key's beginning are written by the code that makes them."""
    return name in words or name.removesuffix("_total") in words or name == "llm_sk"


def test_names_that_are_named():
    words = words_of_the_product()
    named = found_in_code(NAME)
    assert len(named) > 900
    gone = {(page, name) for page, name in named if not is_there(name, words)}
    others = {(page, name) for page, names in OTHERS.items() for name in names}
    assert not gone - others
    assert not others - gone, "no page names it any more, or it is ours now"


# ---- routes ----

ROUTE = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/[a-z](?:[\w/.:-]|\{[^}]*\})*)")
# Pages name the routes of calls without their mounts.
MOUNTS = ("", "/v1", "/v1beta", "/api")
ADMIN_SOCKET = re.compile(r'\{HTTP_(\w+), "(/[\w-]+)"')
# Routes of others' servers.
FOREIGN = {("from-openrouter.md", "GET", "/auth/key")}


def shape(path: str) -> str:
    path = re.sub(r"\{[^}]*\}|\bPATH\b", "{id}", path.rstrip("/:."))
    return re.sub(r"(/estimate/).*", r"\1{id}", path)  # any path of a call


def test_routes_that_are_named():
    document = openapi.Document(openapi.load())
    served = {(method, shape(path)) for method, path in document.routes()}
    asked = (ROOT / "core/app/admin/admin.c").read_text()
    served |= {*ADMIN_SOCKET.findall(asked), ("GET", "/metrics")}
    named = found_in_code(ROUTE)
    assert len(named) > 70
    gone = {
        (page, method, path)
        for page, method, path in named
        if not any((method, mount + shape(path)) in served for mount in MOUNTS)
    }
    assert gone == FOREIGN


# ---- what an operator is told to look at and to press ----

SHOWN = re.compile(r'": *\n? *"((?:[^"\\]|\\.)*)"')
PANEL = re.compile(r'"title": "([^"]+)"')
BOLD = re.compile(r"\*\*.+?\*\*", re.DOTALL)
ITALIC = re.compile(r"(?<![\w*])\*([A-Z][^*\n]+)\*(?!\*)")
# Headings of a page itself, and menus of Grafana and GitHub.
OWN = {("ALERTS.md", "To do"), ("METRICS.md", "To do"), ("errors.md", "Repeated"),
       ("SECURITY.md", "Security"), ("SECURITY.md", "Report a vulnerability"),
       *(("METRICS.md", name) for name in ("Dashboards", "New", "Import"))}  # fmt: skip


def test_what_is_shown_is_named_as_it_is():
    """Names in italics are texts of the dashboard, or panels of Grafana's."""
    shown = {
        text.partition(":")[0]
        for text in SHOWN.findall((ROOT / "webui/src/i18n/en.ts").read_text())
    }
    shown |= set(PANEL.findall((ROOT / "packaging/grafana/llm-gateway.json").read_text()))
    named = {
        (page.name, name.rstrip(":."))
        for page in PAGES
        for name in ITALIC.findall(BOLD.sub("", page.read_text()))
    }
    assert len(named) > 25
    assert {one for one in named if one[1] not in shown} == OWN


# ---- commands ----


def test_each_command_is_on_a_page_of_the_site():
    """README is none: an operator who has installed the package reads /docs."""
    text = "\n".join(page.read_text() for page in PAGES if "docs" in page.parts)
    unnamed = {one for one in commands() if not re.search(rf"llm-gateway {one}(?![\w-])", text)}
    assert not unnamed


@pytest.mark.parametrize("page", [page for page in PAGES if page.parts[-2] == "operators"],
                         ids=lambda page: page.stem)  # fmt: skip
def test_settings_of_an_example(page: Path):
    """Lines as they stand in gateway.conf."""
    settings = set(re.findall(r"^#?([a-z_]+) =", (ROOT / "gateway.conf").read_text(), re.MULTILINE))
    lines = re.findall(r"^    ([a-z]+(?:_[a-z]+)+) = (?![{\"])", page.read_text(), re.MULTILINE)
    assert set(lines) <= settings
