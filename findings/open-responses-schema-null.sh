#!/usr/bin/env bash
# No answer to a request for a JSON schema is valid for both OpenAI's types and Open Responses' types.
#
# Guess:    Open Responses describes OpenAI's Responses API, so a response that repeats the format that was
#           asked for, as OpenAI's do, is valid for the types that openresponses.org publishes for Python.
# Version:  openresponses-types 2.4.0 and openai 3.57.0 (PyPI); Python 3.11, pydantic 2.
# Seen:     In `text.format` of a response, openresponses-types takes nothing but null for `schema`; the
#           openai package's own type for the same member takes nothing but an object. Each refuses what the
#           other one wants; the rest of the format is valid for both.
# Matters:  A gateway that passes OpenAI's answers on and checks them against the specification's types
#           refuses good answers to every call with a schema; one that writes such answers itself must choose
#           whom it satisfies. (The openai package does not check answers unless told to, so null does no
#           harm there.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check openresponses-types==2.4.0 openai==3.57.0

cat >look.py <<'PY'
from openai.types.responses import ResponseFormatTextJSONSchemaConfig
from openresponses_types import types as open_types
from pydantic import TypeAdapter, ValidationError

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
FORMAT = {"type": "json_schema", "name": "place", "description": None, "strict": True}
KINDS = {
    "openresponses-types": open_types.JsonSchemaResponseFormat,
    "openai": ResponseFormatTextJSONSchemaConfig,
}
for name, kind in KINDS.items():
    for word, schema in (("object", SCHEMA), ("null", None)):
        try:
            TypeAdapter(kind).validate_python(FORMAT | {"schema": schema})
            print(name, word, "valid")
        except ValidationError as error:
            print(name, word, "refused at", error.errors()[0]["loc"][-1])
PY
seen=$(venv/bin/python look.py)
echo "$seen"
wanted="openresponses-types object refused at schema
openresponses-types null valid
openai object valid
openai null refused at schema"
[ "$seen" = "$wanted" ] || { echo "this has changed" >&2; exit 1; }
