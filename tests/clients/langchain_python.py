"""LangChain with its package for OpenAI: each scenario as a stream, a line of JSON for each."""

import json
import sys

from langchain_openai import ChatOpenAI


def run(model: str) -> dict:
    said = {"text": "", "tokens": 0, "error": None}
    chat = ChatOpenAI(model=model, max_retries=0, timeout=30, stream_usage=True)
    try:
        for chunk in chat.stream("Hello!"):
            said["text"] += chunk.text if isinstance(chunk.text, str) else chunk.text()
            if chunk.usage_metadata:  # added up over the chunks, as LangChain itself does
                said["tokens"] += chunk.usage_metadata["output_tokens"]
    except Exception as error:  # of many classes
        said["error"] = str(error)
    return said


for name in sys.argv[1:]:
    print(json.dumps({name: run(name)}), flush=True)
