"""serve_infinity.py FOLDER: makes a sentence-transformers model that embeds and one that ranks,
both tiny and of random weights, and becomes Infinity's server of them."""

import os
import sys
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast

CONTEXT = 512
LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *["##" + each for each in LETTERS]]

folder = Path(sys.argv[1])
words = folder / "words.txt"
words.write_text("\n".join(WORDS))
torch.manual_seed(7)
size = {"vocab_size": len(WORDS), "hidden_size": 32, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 64,
        "max_position_embeddings": CONTEXT}  # fmt: skip
tokenizer = BertTokenizerFast(vocab_file=str(words), model_max_length=CONTEXT)
for name, model in (
    ("embeds", BertModel(BertConfig(**size))),
    ("ranks", BertForSequenceClassification(BertConfig(**size, num_labels=1))),
):
    model.save_pretrained(folder / name)
    tokenizer.save_pretrained(folder / name)

program = Path(sys.executable).with_name("infinity_emb")
models = [word for name in ("embeds", "ranks")
          for word in ("--model-id", folder / name, "--served-model-name", name)]  # fmt: skip
# Its `usage` counts characters (0.0.78) unless this is said, once for each model.
how = ["--engine", "torch", "--device", "cpu", "--no-model-warmup", "--no-bettertransformer",
       "--lengths-via-tokenize", "--lengths-via-tokenize", "--url-prefix", "/v1",
       "--host", "127.0.0.1", "--port", "0"]  # fmt: skip
os.execv(program, [str(word) for word in (program, "v2", *models, *how)])
