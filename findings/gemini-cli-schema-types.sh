#!/usr/bin/env bash
# Gemini CLI puts Google's type names into the member that is for JSON Schema.
#
# Guess:    `generationConfig.responseJsonSchema` is JSON Schema, as its documentation says, so a gateway
#           may hand it to a provider of another dialect as it is. (`responseSchema`, beside it, has the
#           types of Google's own schemas: "OBJECT", "STRING".)
# Version:  @google/gemini-cli 0.61.0 (npm); Node.js 20 or newer.
# Seen:     The request with which it chooses a model (it is the first of every session without -m) has
#           "type": "OBJECT", "STRING" and "INTEGER" in responseJsonSchema.
# Matters:  JSON Schema knows no such types: OpenAI and Anthropic refuse the request. A translation must
#           look at the types, whatever the member is called.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" \
    @google/gemini-cli@0.61.0 >/dev/null 2>&1
mkdir -p home/.gemini
echo '{"security":{"auth":{"selectedType":"gemini-api-key"}},"general":{"enableAutoUpdate":false},
"privacy":{"usageStatisticsEnabled":false}}' >home/.gemini/settings.json

cat >run.py <<'PY'
import http.server
import json
import os
import subprocess
import sys
import threading

seen = []


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        seen.append((self.path, body))
        answer = b'{"error":{"code":404,"message":"no such model","status":"NOT_FOUND"}}'
        self.send_response(404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
env = {
    "PATH": os.environ["PATH"],
    "HOME": os.path.abspath("home"),
    "TMPDIR": os.getcwd(),
    "GEMINI_API_KEY": "key",
    "GOOGLE_GEMINI_BASE_URL": f"http://127.0.0.1:{server.server_port}",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1",
}
command = ["node_modules/.bin/gemini", "-p", "Count the words of this line.", "--skip-trust"]
subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
schemas = [body.get("generationConfig", {}).get("responseJsonSchema") for _, body in seen]
schema = next((schema for schema in schemas if schema), None)
print("responseJsonSchema:", json.dumps(schema))
if schema is None or schema["type"] != "OBJECT":
    print("CHANGED: the schema has other types, or there is none")
    sys.exit(1)
print("as noted: the types are Google's, not JSON Schema's")
PY
python3 run.py
