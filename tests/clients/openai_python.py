"""The official openai package for Python: each scenario as a stream, a line of JSON for each."""

import json
import os
import sys

import openai

client = openai.OpenAI(max_retries=0, timeout=30)


def run(model: str) -> dict:
    said = {"text": "", "cost": None, "error": None}
    try:
        stream = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": "Hello!"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        for chunk in stream:
            for choice in chunk.choices:
                said["text"] += choice.delta.content or ""
            if chunk.usage:
                said["cost"] = chunk.usage.cost
    except openai.APIError as error:
        said["error"] = error.message
    return said


assert os.environ["OPENAI_BASE_URL"]
for name in sys.argv[1:]:
    print(json.dumps({name: run(name)}), flush=True)
