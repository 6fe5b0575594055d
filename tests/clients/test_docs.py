"""The programs on the developers' pages (docs/developers), in README.md and in docs/API.md: each
runs as it stands, but for the key and the address, against a real gateway; and what they say SDKs
raise is what these SDKs raise."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import anthropic
import httpx2 as httpx
import openai
import pytest
from gateway import ROOT
from google.genai import errors as gemini_errors

BUILT = Path(os.environ.get("CLIENTS") or ROOT / "build/clients")
PAGES = sorted((ROOT / "docs/developers").glob("*.md"))
# Pages that also have parts of programs: whole is what has the address.
MANUALS = (ROOT / "README.md", ROOT / "docs/API.md")
ADDRESS = "http://127.0.0.1:3000"
# A program of the shell in these: indented, with all its lines.
CURL = re.compile(r"^    (curl .*\n(?:    .*\n)*)", re.MULTILINE)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
GO_SDK = "github.com/openai/openai-go"
ENDINGS = {"sh": ".sh", "python": ".py", "js": ".mjs", "go": ".go"}
ALIASES = {"typescript": "js"}
# What a program prints, by something that only it has; all others print the demo model's answer.
PRINTS = {
    "/v1/models -H": '"id":"gpt-4o-mini"',
    "error.status_code": "^404 model_not_found .*req_",
    "Idempotent-Replayed": "^true True$",
    "/generation?id=": r"^(0\.0+\d+) \1 \d+$",
    'quote["affordable"]': r"^True [\d.e-]+ [\d.e-]+$",
    "chunk.usage.total_tokens": r"^\d+ [\d.e-]+$",
    '"model": "gpt-4o-mini", "stream": true': r'"usage":.*"cost":.*\[DONE\]',
}


def samples() -> list[tuple[str, str, str]]:
    return [
        (page.stem, language, text)
        for page in PAGES
        for language, text in BLOCK.findall(page.read_text())
    ] + [
        (page.stem, ALIASES.get(language, language), text)
        for page in MANUALS
        for language, text in [*BLOCK.findall(page.read_text()), *curls(page.read_text())]
        if ADDRESS in text
    ]


def curls(page: str) -> list[tuple[str, str]]:
    return [("sh", text.replace("\n    ", "\n")) for text in CURL.findall(page)]


SAMPLES = samples()


def expected(text: str) -> str:
    marks = [printed for mark, printed in PRINTS.items() if mark in text]
    return marks[0] if marks else "demo model"


def find_go() -> str:
    """As ./dev finds it."""
    places = [shutil.which("go"), "/usr/local/go/bin/go", BUILT / "venv/bin/go"]
    return str(next(place for place in places if place and Path(place).exists()))


def command_of(language: str, program: Path) -> list:
    return {"sh": ["bash", "-eu", program], "python": [sys.executable, program],
            "js": ["node", program], "go": [find_go(), "run", program.name]}[language]  # fmt: skip


def environment() -> dict[str, str]:
    """Of Go: the one that the clients were built in, so that nothing is compiled twice."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "GOPATH": str(BUILT / "go"),
        "GOCACHE": str(BUILT / "gocache"),
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-modcacherw '-gcflags=all=-N -l'",
    }


def marked(sample: tuple[str, str, str]):
    """OpenAI's SDK for Go takes minutes to be compiled."""
    name = f"{sample[0]}-{sample[1]}"
    return pytest.param(*sample, id=name, marks=[pytest.mark.long] if GO_SDK in sample[2] else [])


@pytest.mark.parametrize(("page", "language", "text"), [marked(sample) for sample in SAMPLES])
def test_a_program_runs_as_it_stands(house, tmp_path, page, language, text):
    assert language in ENDINGS, f"{page}: what language is this? {text[:80]}"
    assert ADDRESS in text
    assert "llm_sk_your_key" in text
    customer = house.customer()
    program = tmp_path / f"sample{ENDINGS[language]}"
    program.write_text(text.replace("llm_sk_your_key", customer.key).replace(ADDRESS, house.origin))
    (tmp_path / "node_modules").symlink_to(BUILT / "node/node_modules")
    if GO_SDK in text:
        for name in ("go.mod", "go.sum"):
            shutil.copy(ROOT / "tests/clients/go/openai" / name, tmp_path)
    done = subprocess.run(command_of(language, program), cwd=tmp_path, env=environment(),
                          capture_output=True, text=True, timeout=600)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(expected(text), done.stdout, re.DOTALL), done.stdout


def test_each_language_and_client_is_shown():
    quickstart = [(language, text) for page, language, text in SAMPLES if page == "quickstart"]
    for language, name in (("sh", "/v1/chat/completions"), ("sh", "/v1/messages"),
                           ("sh", ":generateContent"), ("python", "from openai"),
                           ("python", "from anthropic"), ("python", "from google"),
                           ("js", "from 'openai'"), ("js", "@anthropic-ai/sdk"),
                           ("js", "@google/genai"), ("go", GO_SDK),
                           ("go", "net/http")):  # fmt: skip
        assert any(language == one and name in text for one, text in quickstart), name


# ---- what SDKs raise ----

ROW = re.compile(r"^\| (\d{3}) \| `(\w+)` \| `(\w+)` \| `(\w+)` \|", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs/developers/errors.md").read_text())


def refusing(status: int) -> httpx.Client:
    body = {"type": "error", "error": {"type": "t", "message": "m", "code": "c"}}
    answer = httpx.Response(status, json=body)
    return httpx.Client(transport=httpx.MockTransport(lambda _: answer))


def raised_by_openai(status: int) -> str:
    client = openai.OpenAI(api_key="k", base_url="http://gateway.test/v1", max_retries=0,
                           http_client=refusing(status))  # fmt: skip
    with pytest.raises(openai.APIStatusError) as raised:
        client.responses.create(model="m", input="x")
    return raised.type.__name__


def raised_by_anthropic(status: int) -> str:
    client = anthropic.Anthropic(api_key="k", base_url="http://gateway.test", max_retries=0,
                                 http_client=refusing(status))  # fmt: skip
    with pytest.raises(anthropic.APIStatusError) as raised:
        client.messages.create(model="m", max_tokens=1, messages=[])
    return raised.type.__name__


def raised_by_gemini(status: int) -> str:
    body = {"error": {"code": status, "message": "m", "status": "s"}}
    with pytest.raises(gemini_errors.APIError) as raised:
        gemini_errors.APIError.raise_for_response(httpx.Response(status, json=body))
    return raised.type.__name__


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_what_sdks_raise(row):
    status, *names = row
    raised = (raised_by_openai, raised_by_anthropic, raised_by_gemini)
    assert [one(int(status)) for one in raised] == names


def test_each_status_of_a_call_is_in_the_table():
    text = (ROOT / "docs/developers/errors.md").read_text()
    codes = re.findall(r"^\| `\w+`.* \| ([\d, ]+) \|", text, re.MULTILINE)
    shown = {status for status, *_ in ROWS}
    rare = {"405", "408", "414", "415", "417", "426", "431"}
    assert {one for cell in codes for one in cell.split(", ")} - rare == shown
