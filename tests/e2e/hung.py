"""Stops one thread of the running gateway, as a bug or a dead disk would."""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

from wait import wait_until

SEIZE, INTERRUPT, DETACH, CONTINUE = 0x4206, 0x4207, 17, 7
WALL = 0x40000000  # also children that are threads
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def threads(pid: int, name: str) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(task.name) for task in tasks if (task / "comm").read_text().strip() == name]


def ptrace(request: int, thread: int) -> None:
    if libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


# What a thread with nothing to do is in: epoll_wait, poll, a wait for a condition.
WAITS = {"232", "281", "7", "271"}
FUTEX, FUTEX_WAIT_BITSET, FUTEX_COMMAND = "202", 9, 0x7F


def has_nothing_to_do(pid: int, thread: int) -> bool:
    """Stopped in the middle of its work it might hold a lock, and others would stand still, too."""
    syscall, *words = Path(f"/proc/{pid}/task/{thread}/syscall").read_text().split()
    if syscall == FUTEX:
        return int(words[1], 16) & FUTEX_COMMAND == FUTEX_WAIT_BITSET
    return syscall in WAITS


def stop(pid: int, thread: int) -> bool:
    """False: it was at work, and goes on."""
    ptrace(INTERRUPT, thread)
    os.waitpid(thread, WALL)
    stands = has_nothing_to_do(pid, thread)
    if not stands:
        ptrace(CONTINUE, thread)
    return stands


@contextlib.contextmanager
def hung(pid: int, name: str) -> Iterator[None]:
    """The first thread of that name stands still. The process must end inside the block."""
    thread = threads(pid, name)[0]
    ptrace(SEIZE, thread)
    wait_until(lambda: stop(pid, thread), 10, f"the thread {name} has nothing to do")
    try:
        yield
        # A thread that is traced is gone only when its tracer has seen so.
        wait_until(lambda: os.waitpid(thread, WALL | os.WNOHANG)[0] == thread, 30, "its end")
    except BaseException:
        os.kill(pid, 9)
        os.waitpid(thread, WALL)
        raise


@contextlib.contextmanager
def paused(pid: int, name: str) -> Iterator[None]:
    """The first thread of that name stands still in the block, and goes on behind it."""
    thread = threads(pid, name)[0]
    ptrace(SEIZE, thread)
    wait_until(lambda: stop(pid, thread), 10, f"the thread {name} has nothing to do")
    try:
        yield
    finally:
        try:
            ptrace(DETACH, thread)
        except ProcessLookupError:  # the process has died: its thread is gone when we have seen so
            os.waitpid(thread, WALL)
