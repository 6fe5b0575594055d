"""The texts of the pages, read from their catalogues: tests find things by what people read."""

import json
import re
from functools import cache

from gateway import ROOT

ENTRY = re.compile(r'^    "([\w.]+)":\s*("(?:[^"\\]|\\.)*"),$', re.MULTILINE)


@cache
def catalogue(language: str) -> dict[str, str]:
    source = (ROOT / f"webui/src/i18n/{language}.ts").read_text()
    found = {name: json.loads(text) for name, text in ENTRY.findall(source)}
    assert len(found) > 300, f"{language}.ts is not written as this file expects"
    return found


def text(language: str, key: str, /, **values) -> str:
    """As the pages fill it in: "{n} key|{n} keys" has a singular and a plural."""
    forms = catalogue(language)[key].split("|")
    form = forms[0] if str(values.get("n")) == "1" else forms[-1]
    return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match[1], match[0])), form)
