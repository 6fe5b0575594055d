#!/usr/bin/env bash
# Infinity's `usage.prompt_tokens` counts characters, not tokens, unless it is started with a flag.
#
# Guess:    A server of OpenAI's embeddings has a tokenizer, and `usage.prompt_tokens` is what it counted, as
#           the name says and as other servers behind the same API do.
# Version:  infinity-emb 0.0.78 (PyPI), Python 3.11.
# Seen:     A text of 55 characters gives "prompt_tokens": 55, twice the text twice as many. The counting
#           stands in front of every engine (we saw the same with sentence-transformers on torch; here the
#           engine that needs no model is asked). --lengths-via-tokenize, off by default, makes it tokens; its
#           help speaks of scheduling first.
# Matters:  A gateway that charges what the provider counts sells such embeddings at about four times their
#           price for English text, and less than that for Chinese, with nothing in the answer to tell why.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check 'infinity-emb[server]==0.0.78'
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
HF_HUB_OFFLINE=1 DO_NOT_TRACK=1 venv/bin/infinity_emb v2 --engine debugengine --model-id some/model \
    --host 127.0.0.1 --port "$port" --no-bettertransformer >server.log 2>&1 &
server=$!

cat >look.py <<'PY'
import json, sys, time, urllib.error, urllib.request

TEXT = "Good morning, world. This sentence has ten words in it."


def counted(texts):
    body = json.dumps({"model": "some/model", "input": texts}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{sys.argv[1]}/embeddings", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["usage"]["prompt_tokens"]


def counted_when_up(texts):
    for _ in range(300):
        try:
            return counted(texts)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    sys.exit("the server does not start")


once, twice = counted_when_up([TEXT]), counted([TEXT, TEXT])
print(f"{len(TEXT)} characters, {len(TEXT.split())} words: prompt_tokens {once}; twice: {twice}")
sys.exit(0 if (once, twice) == (len(TEXT), 2 * len(TEXT)) else 1)
PY
python3 look.py "$port"
