"""A steady load of chat completions from threads, and what became of it."""

import threading
import time
from collections.abc import Callable


class Load:
    """`with Load(threads, call)`: each thread calls `call(number)` until the end; what raises is
    kept and raised at the end."""

    def __init__(self, threads: int, call: Callable[[int], object]):
        self.results: list = []
        self.failures: list[Exception] = []
        self._call = call
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(threads)]

    def _run(self, number: int) -> None:
        while not self._stop.is_set():
            try:
                self.results.append(self._call(number))
            except Exception as failure:
                self.failures.append(failure)
                return

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        if self.failures:
            raise AssertionError(f"{len(self.failures)} failed: {self.failures!r}")

    def pause(self, seconds: float) -> None:
        """For calls that leave the others room; ends early with the load."""
        self._stop.wait(seconds)

    def run_for(
        self,
        seconds: float,
        step: Callable[[], None],
        every_s: float,
        enough: Callable[[], bool] = lambda: True,
    ) -> int:
        """Calls step() every so often, on a slow machine for longer, until there is enough; stops
        early when a thread has failed."""
        steps, end = 0, time.monotonic() + seconds
        while (time.monotonic() < end or not enough()) and not self.failures:
            step()
            steps += 1
            self._stop.wait(every_s)
        return steps
