#!/usr/bin/env bash
# OpenTelemetry's own GenAI library names the tokens of a cache write otherwise than its package of attribute names.
#
# Guess:    What the library puts on a span can be read by the constants of the semantic conventions of the same release.
# Version:  opentelemetry-util-genai 1.3b0 and opentelemetry-semantic-conventions 0.66b2, which it requires;
#           opentelemetry-sdk 1.45.2 (PyPI), Python 3.11.
# Seen:     A span of 1,000 input tokens, of which 600 were written to the cache and 300 read, has
#           gen_ai.usage.cache_write.input_tokens = 600, also where the old property cache_creation_input_tokens was set.
#           The package has GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS only, "gen_ai.usage.cache_creation.input_tokens";
#           by that constant the span says nothing. The constant for cache reads fits.
# Matters:  Providers bill a cache write at 1.25 or 2 times of plain input. Who computes a call's cost from spans by the
#           constants takes those tokens for plain input, and is too low by a part of the dearest calls, silently. A
#           gateway writes the present name, and states the cost itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check opentelemetry-util-genai==1.3b0 \
    opentelemetry-semantic-conventions==0.66b2 opentelemetry-sdk==1.45.2
cat >"$folder/look.py" <<'PY'
import sys

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes as names
from opentelemetry.util.genai.handler import TelemetryHandler

spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
handler = TelemetryHandler(tracer_provider=provider)
for member in ("cache_write_input_tokens", "cache_creation_input_tokens"):
    with handler.inference("anthropic", request_model="m") as call:
        call.input_tokens = 1000
        call.cache_read_input_tokens = 300
        setattr(call, member, 600)

known = {value for name, value in vars(names).items() if name.startswith("GEN_AI_")}
seen = True
for span in spans.get_finished_spans():
    counts = {name: value for name, value in span.attributes.items() if ".usage." in name}
    unknown = sorted(set(counts) - known)
    print("on the span:", counts)
    print("  by the constant of cache reads: ", counts.get(names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS))
    print("  by the constant of cache writes:", counts.get(names.GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS))
    print("  names that the package lacks:   ", unknown)
    seen &= counts.get(names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS) == 300
    seen &= names.GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS not in counts
    seen &= unknown == ["gen_ai.usage.cache_write.input_tokens"]
seen &= len(spans.get_finished_spans()) == 2
print("as found" if seen else "it has changed")
sys.exit(not seen)
PY
"$folder/venv/bin/python" "$folder/look.py"
