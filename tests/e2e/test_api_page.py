"""The lines of Python in docs/API.md and README.md, run as they stand but for key and address."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = ("docs/API.md", "README.md")
# Others show only a part of a call.
WHOLE = [
    (page, text)
    for page in PAGES
    for text in BLOCK.findall((ROOT / page).read_text())
    if text.startswith("from ")
]


@pytest.mark.once
@pytest.mark.parametrize(("page", "text"), WHOLE, ids=[text.split()[1] for _, text in WHOLE])
def test_a_first_call(customer, capsys, page, text):
    assert "llm_sk_your_key" in text
    text = text.replace("llm_sk_your_key", customer.key)
    text = text.replace("http://127.0.0.1:3000", customer.gateway.origin)
    exec(compile(text, page, "exec"), {})
    assert "demo model" in capsys.readouterr().out
    assert float(customer.wait_for_record()["cost"]) > 0


def test_each_client_is_there():
    packages = ("openai", "anthropic", "google")
    assert {text.split()[1] for page, text in WHOLE if "API" in page} == set(packages)
