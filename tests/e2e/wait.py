"""Waiting for a condition instead of for time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], timeout: float = 10, what: str = "") -> T:
    """Returns the first true value of condition(); fails after `timeout` seconds."""
    begun = time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        waited_s = time.monotonic() - begun
        if waited_s > timeout:
            raise AssertionError(f"waited {timeout} s in vain for {what or condition}")
        # Who has waited long asks less often: asking takes the processor from what is awaited.
        time.sleep(min(max(waited_s / 20, 0.005), 0.05))
