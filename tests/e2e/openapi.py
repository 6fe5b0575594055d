"""docs/openapi.yaml as a judge: is an answer of the gateway what the document says?"""

import json
import re
from pathlib import Path

import httpx2 as httpx
import yaml
from errors import code_of
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from sse import data_lines

PATH = Path(__file__).resolve().parents[2] / "docs/openapi.yaml"
METHODS = ("get", "post", "put", "patch", "delete")
URI = "urn:openapi"


def load() -> dict:
    # libyaml's loader: the one in Python takes ten times as long.
    return yaml.load(PATH.read_text(), yaml.CSafeLoader)


def escape(name: str) -> str:
    """As a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def form_of(path: str) -> str:
    """Whose errors a path has that is not documented."""
    if "/messages" in path:
        return "Anthropic"
    return "Gemini" if "/v1beta/" in path else ""


class Document:
    """Checks answers. `seen` has (method, path, status) of all that were checked, as the document
    writes them; `codes` has the codes of all errors."""

    def __init__(self, contents: dict):
        self.contents = contents
        resource = Resource(contents=contents, specification=DRAFT202012)
        self.registry = Registry().with_resource(URI, resource)
        self.seen: set[tuple[str, str, str]] = set()
        self.codes: set[str] = set()

    # ---- finding ----

    def at(self, pointer: str):
        """What stands at a pointer, and its true place: references are followed on the way."""
        node, place = self.contents, ""
        for name in pointer.split("/")[1:]:
            node, place = node[name.replace("~1", "/").replace("~0", "~")], f"{place}/{name}"
            while isinstance(node, dict) and "$ref" in node and not place.endswith("schema"):
                node, place = self.at(node["$ref"][1:])
        return node, place

    def item(self, path: str) -> dict:
        return self.at(f"/paths/{escape(path)}")[0]

    def methods(self, path: str) -> set[str]:
        return {name.upper() for name in self.item(path) if name in METHODS}

    def routes(self) -> set[tuple[str, str]]:
        return {(method, path) for path in self.contents["paths"] for method in self.methods(path)}

    def answered(self) -> set[tuple[str, str]]:
        """The routes that have a good answer; others always refuse."""
        return {
            (method, path)
            for method, path in self.routes()
            if any(status < "4" for status in self.responses(method, path))
        }

    def responses(self, method: str, path: str) -> dict:
        return self.item(path)[method.lower()]["responses"]

    def template(self, path: str) -> str | None:
        """The documented path that a path belongs to: the one with the most letters of its own."""
        if path in self.contents["paths"]:
            return path
        for template in sorted(self.contents["paths"], key=len, reverse=True):
            prefix, name, suffix = template.partition("{id}")
            bounds = path.startswith(prefix) and path.endswith(suffix)
            if name and bounds and len(path) > len(prefix) + len(suffix):
                return template
        return None

    def statuses(self) -> dict[str, list[str]]:
        """The statuses of each code of an error."""
        codes = self.contents["components"]["schemas"]["ErrorCode"]["oneOf"]
        return {one["const"]: [str(status) for status in one["x-status"]] for one in codes}

    # ---- checking ----

    def validate(self, value, pointer: str) -> None:
        schema = {"$ref": f"{URI}#{pointer}"}
        validator = Draft202012Validator(schema, registry=self.registry)
        errors = [
            f"{error.json_path}: {error.message[:400]}" for error in validator.iter_errors(value)
        ]
        assert not errors, f"{pointer}: {errors}\n{json.dumps(value)[:2000]}"

    def check(self, response: httpx.Response) -> None:
        """As a hook of a client: each answer is what the document says of its route."""
        response.read()
        method, path = response.request.method, response.request.url.path
        template = self.template(path)
        if template is None or method not in self.methods(template):
            assert response.status_code in (404, 405), f"{method} {path} is not documented"
            self.check_body(response, f"/components/responses/{form_of(path)}Error")
            return
        route = f"/paths/{escape(template)}/{method.lower()}/responses"
        known, _ = self.at(route)
        status = str(response.status_code)
        if status not in known:
            assert response.status_code >= 400, f"{method} {template} answers {status}"
            status = "default"
        self.seen.add((method, template, status))
        self.check_body(response, f"{route}/{status}")

    def check_body(self, response: httpx.Response, pointer: str) -> None:
        entry, place = self.at(pointer)
        for name in entry.get("headers", {}):
            if name in response.headers:
                header, where = self.at(f"{place}/headers/{escape(name)}")
                assert "schema" in header
                self.validate(response.headers[name], f"{where}/schema")
        if not response.content:
            assert "content" not in entry or response.request.method == "HEAD", pointer
            return
        kind = response.headers["content-type"].split(";")[0]
        assert kind in entry.get("content", {}), f"{pointer}: {kind} {response.text[:400]}"
        schema = f"{place}/content/{escape(kind)}/schema"
        if kind == "text/event-stream":
            for line in data_lines(response.content):
                if line != "[DONE]":
                    self.validate(json.loads(line), schema)
        elif kind == "application/json":
            self.validate(response.json(), schema)
            if response.status_code >= 400 and "error" in response.json():
                self.check_code(response)

    def check_code(self, response: httpx.Response) -> None:
        code, status = code_of(response.json()), str(response.status_code)
        self.codes.add(code)
        known = self.statuses().get(code)
        fits = known is None or any(re.fullmatch(one.replace("X", "."), status) for one in known)
        assert fits, f"{code} comes with {status}: {known}"
