"""A gateway's own copy of policies/, and changes to it as an operator would make them."""

import os
import re
import shutil
from pathlib import Path

from prices import Price

OPENAI_URL = 'env("OPENAI_BASE_URL")'
OPENAI_KEY = 'env("OPENAI_API_KEY")'


class Lua(str):
    """Lua code, to stand as it is."""


def lua(value) -> str:
    """A Lua literal."""
    if isinstance(value, Lua):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return "{ " + ", ".join(f"[{lua(key)}] = {lua(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "{ " + ", ".join(lua(item) for item in value) + " }"
    return str(value)


class Policies:
    """The files in `folder`. Entries that are added keep their place through later changes."""

    def __init__(self, original: Path, folder: Path):
        self.folder = folder
        self._texts: dict[str, str] = {}
        self._entries: dict[str, dict[str, dict]] = {}
        self._trusted: dict[str, str] = {}  # what makes a provider's own certificate good
        shutil.copytree(original, folder)
        self._ask_always()

    def _ask_always(self) -> None:
        """What one test lets a provider do must not keep the next one from asking it."""
        entry = re.compile(r"^    [^ ]+ = \{(?=[ \n])", re.MULTILINE)
        text, count = entry.subn(r"\g<0> breaker = false,", self.read("providers"))
        assert count > 10
        self.write("providers", text)

    # ---- whole files ----

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.lua"

    def read(self, name: str) -> str:
        return self.path(name).read_text()

    def write(self, name: str, text: str) -> None:
        """At once, as an editor does: the gateway never sees half a file."""
        new = self.path(name).with_suffix(".new")
        new.write_text(text)
        os.replace(new, self.path(name))

    def replace(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert text.count(old) == 1, f"{name}.lua has {old!r} {text.count(old)} times"
        self.write(name, text.replace(old, new))

    # ---- entries of the tables that the files return ----

    def _add(self, name: str, key: str, members: dict) -> None:
        original = self._texts.setdefault(name, self.read(name))
        entries = self._entries.setdefault(name, {})
        entries[key] = members
        text = "".join(f"    [{lua(key)}] = {lua(entries[key])},\n" for key in entries)
        pattern = re.compile(r"^return \{\n", re.MULTILINE)
        assert len(pattern.findall(original)) == 1, f"{name}.lua has no `return {{`"
        self.write(name, pattern.sub(lambda match: match[0] + text, original))

    def provider(self, name: str, **members) -> None:
        """Adds or changes a provider; by default another name for the fake one. What is None is
        left out."""
        usual = {
            "dialect": "openai",
            "base_url": Lua(OPENAI_URL),
            "api_key": Lua(OPENAI_KEY),
            "breaker": False,
            **self._trusted,
        }
        given = {key: value for key, value in (usual | members).items() if value is not None}
        self._add("providers", name, given)

    def trust(self, certificate: Path) -> None:
        """The fake provider shows a certificate of its own."""
        self._trusted = {"ca_file": str(certificate)}
        key = f"        api_key = {OPENAI_KEY},\n"
        self.replace("providers", key, f'{key}        ca_file = "{certificate}",\n')

    def model(
        self,
        name: str,
        /,
        price: Price | None = None,
        providers: tuple[str, ...] = ("openai",),
        **members,
    ) -> None:
        """Adds or changes a model; what is None is left out."""
        usual = {
            "context": 128000,
            "max_output": 16384,
            "candidates": [{"provider": provider} for provider in providers],
        }
        if price is not None:
            usual |= {"input": price.input, "output": price.output}
            if price.cached is not None:
                usual["cached_input"] = price.cached
        given = {key: value for key, value in (usual | members).items() if value is not None}
        self._add("models", name, given)
