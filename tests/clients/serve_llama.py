"""serve_llama.py MODEL CONTEXT [embeddings|rerank]: llama.cpp's server, until stdin ends. Prints
its address."""

import sys

from xllamacpp import CommonParams, Server, llama_pooling_type

params = CommonParams()
params.model.path, params.n_ctx = sys.argv[1], int(sys.argv[2])
params.model_alias = {"tiny"}
params.chat_template = "chatml"
params.sampling.seed = 7
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.cache_ram_mib = 0
if len(sys.argv) > 3:
    ranks = sys.argv[3] == "rerank"
    params.embedding = True
    pooling = llama_pooling_type
    params.pooling_type = (
        pooling.LLAMA_POOLING_TYPE_RANK if ranks else pooling.LLAMA_POOLING_TYPE_MEAN
    )
server = Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
