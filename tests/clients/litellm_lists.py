"""LiteLLM's completions and embeddings, as a program of a customer has them; a line of JSON."""

import json
import os

import litellm

here = {"api_base": os.environ["OPENAI_BASE_URL"], "api_key": os.environ["OPENAI_API_KEY"]}
said = {}
model = "text-completion-openai/texts"
said["whole"] = litellm.text_completion(model=model, prompt="The quick", **here).choices[0].text
several = litellm.text_completion(model=model, prompt=["one", "two"], **here)
said["several"] = [choice.text for choice in several.choices]
stream = litellm.text_completion(model=model, prompt="The quick", stream=True, **here)
said["stream"] = [chunk.choices[0].text or "" for chunk in stream if chunk.choices]
found = litellm.embedding(model="openai/vectors", input=["one", "two"], **here)
said["vectors"] = [entry["embedding"] for entry in found.data]
print(json.dumps(said))
