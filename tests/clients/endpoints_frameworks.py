"""LiteLLM's functions, and the rerankers of LangChain and LlamaIndex; a line of JSON for each call.
Completions and embeddings of these are in *_lists.py."""

import base64
import json
import os

import litellm
from langchain_cohere import CohereRerank
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.postprocessor.cohere_rerank import CohereRerank as LlamaRerank

origin, key = os.environ["GATEWAY_ORIGIN"], os.environ["GATEWAY_KEY"]
here = {"api_base": origin + "/v1", "api_key": key}
sound = base64.b64decode(os.environ["SOUND"])
picture = base64.b64decode(os.environ["PICTURE"])
text = "Hello there: 안녕하세요 👋🏽\n"
ranked = {"query": "q", "documents": ["a", "b"]}


def scores(results) -> list:
    return [[one["index"], one["relevance_score"]] for one in results]


def transcribed(model: str) -> str:
    return litellm.transcription(model=f"openai/{model}", file=("a.wav", sound), **here).text


def reranked_by_litellm(model: str) -> list:
    how = {"model": f"cohere/{model}", "api_base": origin, "api_key": key}
    return scores(litellm.rerank(**how, **ranked).results)


def reranked_by_langchain(model: str) -> list:
    reranker = CohereRerank(model=model, cohere_api_key=key, base_url=origin, top_n=None)
    return scores(reranker.rerank(ranked["documents"], ranked["query"]))


def reranked_by_llamaindex(model: str) -> list:
    reranker = LlamaRerank(model=model, api_key=key, base_url=origin, top_n=2)
    nodes = [NodeWithScore(node=TextNode(text=each)) for each in ranked["documents"]]
    found = reranker.postprocess_nodes(nodes, query_str=ranked["query"])
    return [[ranked["documents"].index(each.text), each.score] for each in found]


CALLS = {
    "LiteLLM/speech-by-characters": lambda model: len(
        litellm.speech(model=f"openai/{model}", voice="alloy", input=text, **here).content
    ),
    "LiteLLM/transcriptions": transcribed,
    "LiteLLM/transcriptions-by-seconds": transcribed,
    "LiteLLM/images": lambda model: (
        litellm.image_generation(model=f"openai/{model}", prompt="x", **here).data[0].b64_json
    ),
    "LiteLLM/edits": lambda model: (
        litellm.image_edit(model=f"openai/{model}", image=picture, prompt="x", **here)
        .data[0]
        .b64_json
    ),
    "LiteLLM/moderations": lambda model: (
        litellm.moderation(model=model, input="x", custom_llm_provider="openai", **here)
        .results[0]
        .flagged
    ),
    "LiteLLM/rerank-by-searches": reranked_by_litellm,
    "LangChain/rerank-by-searches": reranked_by_langchain,
    "LlamaIndex/rerank-by-searches": reranked_by_llamaindex,
}
for name, call in CALLS.items():
    try:
        said = call(name.split("/")[1])
    except Exception as error:
        said = {"error": repr(error)}
    print(json.dumps({name: said}))
