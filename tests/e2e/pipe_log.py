"""A gateway whose log goes through a pipe to a reader that stops reading now and then."""

import os
import subprocess
import threading

from gateway import BINARY, Gateway


class PipeLogGateway(Gateway):
    """What the reader has read is in stderr.log, as with every other gateway."""

    def __init__(self, *args, **how):
        super().__init__(*args, **how)
        self.reads = threading.Event()
        self.reads.set()
        self._reader: threading.Thread | None = None

    def spawn(self) -> None:
        self.write_config()
        self._log_from = 0
        ours, theirs = os.pipe()
        with (self.folder / "stdout.log").open("ab") as out:
            self.process = subprocess.Popen(
                [BINARY, "--config", self.config],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=theirs,
                env=self.env,
                cwd=self.folder,
            )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, args=(ours,), daemon=True)
        self._reader.start()

    def _read(self, pipe: int) -> None:
        with os.fdopen(pipe, "rb", buffering=0) as lines, self.stderr_path.open("ab") as file:
            while data := lines.read(65536):
                self.reads.wait()
                file.write(data)
                file.flush()

    def wait_for_exit(self, *args, **how) -> None:
        self.reads.set()
        super().wait_for_exit(*args, **how)
