"""Translations between dialects, through a program that has nothing else in it
(tests/translation/translate_tool.c)."""

import atexit
import functools
import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("GATEWAY_BINARY") or ROOT / "build/llm-gateway").resolve()


@functools.cache
def tool():
    path = BINARY.parent / "translate_tool"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([path], text=True, cwd=ROOT, **pipes)
    atexit.register(process.communicate)
    return process


def translate(*cases):
    process = tool()
    for case in cases:
        process.stdin.write(json.dumps(case) + "\n")
    process.stdin.flush()
    return [json.loads(process.stdout.readline()) for _ in cases]


def ask(client, provider, request, **more):
    case = {"client": client, "provider": provider, "request": json.dumps(request)}
    return translate(case | more)[0]
