"""LlamaIndex's completions and embeddings, as a program of a customer has them; a line of JSON."""

import json
import os

from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.llms.openai_like import OpenAILike

here = {"api_base": os.environ["OPENAI_BASE_URL"], "api_key": os.environ["OPENAI_API_KEY"]}
said = {}
llm = OpenAILike(model="texts", is_chat_model=False, max_tokens=50, **here)
said["whole"] = llm.complete("The quick").text
said["stream"] = [piece.delta for piece in llm.stream_complete("The quick")]
embeddings = OpenAILikeEmbedding(model_name="vectors", **here)
said["vectors"] = embeddings.get_text_embedding_batch(["one", "two"])
print(json.dumps(said))
