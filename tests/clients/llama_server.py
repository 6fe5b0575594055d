"""llama.cpp's own server, with a tiny model that has a real vocabulary."""

import os
import subprocess
from pathlib import Path

import httpx2 as httpx
from gateway import ROOT
from tiny_model import make_model
from wait import wait_until

BUILT = Path(os.environ.get("LLAMA") or ROOT / "build/llama")
VOCABULARIES = ("llama-spm", "llama-bpe", "qwen2")
CONTEXT = 2048


class LlamaServer:
    """Listens on a port of its own until stop()."""

    def __init__(self, folder: Path, vocabulary: str, *mode: str):
        """`mode`: none for texts, or as in serve_llama.py."""
        model, self._log = folder / "tiny.gguf", folder / "llama.log"
        make_model(BUILT / f"ggml-vocab-{vocabulary}.gguf", model)
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [BUILT / "venv/bin/python", Path(__file__).with_name("serve_llama.py"),
                 model, str(CONTEXT), *mode],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        self.origin = self._process.stdout.readline().strip()
        assert self.origin, self.log()[-4000:]
        self._http = httpx.Client(base_url=self.origin, trust_env=False, timeout=30)

    def count(self, text: str) -> int:
        """The tokens that it has for a text."""
        return len(self._http.post("/tokenize", json={"content": text}).json()["tokens"])

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def cancelled(self) -> int:
        """How many calls it has given up because their client had left."""
        return self.log().count("cancel task")

    def stop(self) -> None:
        self._http.close()
        self._process.stdin.close()
        wait_until(lambda: self._process.poll() is not None, 20, "llama.cpp's end")
        self._process.stdout.close()
