"""A user of this machine who is neither root nor the gateway's: with a folder of its own, where it
reaches the program."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from gateway import BINARY

USER = 65534
# LeakSanitizer reads its own process with ptrace, which a change of user forbids.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "ASAN_OPTIONS": "detect_leaks=0:exitcode=86"}


class Stranger:
    def __init__(self):
        # pytest's own folders are root's alone, and so may be the one of the build.
        self.folder = Path(tempfile.mkdtemp(prefix="llm-gateway-"))
        self.folder.chmod(0o755)
        self.program = shutil.copy(BINARY, self.folder / "llm-gateway")

    def leave(self) -> None:
        shutil.rmtree(self.folder)

    def write(self, name: str, text: str) -> Path:
        """A file of root's that all can read."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def run(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, *words], capture_output=True, text=True, timeout=60,
                              env=ENVIRONMENT | environment, cwd=self.folder, user=USER,
                              group=USER, extra_groups=[])  # fmt: skip

    def own(self, path: Path) -> None:
        os.chown(path, USER, USER)
