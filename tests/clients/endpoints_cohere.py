"""Cohere's own package, in its older and its newer form; a line of JSON for each call."""

import json
import os

import cohere

here = {"api_key": os.environ["GATEWAY_KEY"], "base_url": os.environ["GATEWAY_ORIGIN"]}
ranked = {"query": "q", "documents": ["a", "b"]}
for client, model in (
    ("v1", "rerank-by-searches"),
    ("v2", "rerank-by-searches"),
    ("v2", "rerank-by-tokens"),
):
    made = cohere.Client(**here) if client == "v1" else cohere.ClientV2(**here)
    results = made.rerank(model=model, **ranked).results
    said = [[one.index, one.relevance_score] for one in results]
    print(json.dumps({f"cohere {client}/{model}": said}))
