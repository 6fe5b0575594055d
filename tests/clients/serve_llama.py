"""serve_llama.py MODEL CONTEXT: llama.cpp's server, until stdin ends. Prints its address."""

import sys

from xllamacpp import CommonParams, Server

params = CommonParams()
params.model.path, params.n_ctx = sys.argv[1], int(sys.argv[2])
params.model_alias = {"tiny"}
params.chat_template = "chatml"
params.sampling.seed = 7
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.cache_ram_mib = 0
server = Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
