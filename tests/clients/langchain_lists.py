"""LangChain's completions and embeddings, as a program of a customer has them; a line of JSON."""

import json

from langchain_openai import OpenAI, OpenAIEmbeddings

said = {}
llm = OpenAI(model="texts", max_retries=0, timeout=30)
said["whole"] = llm.invoke("The quick")
said["several"] = [line[0].text for line in llm.generate(["one", "two"]).generations]
said["stream"] = list(llm.stream("The quick"))
# It sends tokens, by a file that it would load; a server of ours gets texts.
embeddings = OpenAIEmbeddings(model="vectors", check_embedding_ctx_length=False, max_retries=0)
said["vectors"] = embeddings.embed_documents(["one", "two"])
print(json.dumps(said))
