"""--processes N: the tests are collected once, and then run by N copies of this process. To collect
all of them anew in each process (pytest-xdist) takes longer than many of the tests."""

import contextlib
import multiprocessing
import os
import signal
import struct
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

import pytest
from _pytest.runner import runtestprotocol

STOP = signal.SIGUSR1
PART = struct.Struct("II")  # the first test of a part, and the one behind its last


def add_option(parser) -> None:
    parser.addoption("--processes", type=int, default=1, help="run so many tests at a time")


def parts_of(test_count: int, process_count: int) -> list[tuple[int, int]]:
    """Long ones at first, so that tests of a file share what a file sets up; single ones at last,
    so that all processes end at the same time."""
    parts, begin = [], 0
    while begin < test_count:
        end = begin + max(1, (test_count - begin) // (4 * process_count))
        parts.append((begin, end))
        begin = end
    return parts


def queue_of(parts: list[tuple[int, int]]) -> int:
    """A pipe that has all parts in it: whoever reads next gets the next one."""
    out, into = os.pipe()
    for part in parts:
        os.write(into, PART.pack(*part))
    os.close(into)
    return out


def taken_from(queue: int) -> Iterator[int]:
    """The numbers of the tests that this process is to run."""
    while part := os.read(queue, PART.size):
        yield from range(*PART.unpack(part))


class Copy:
    """A plugin, in a copy of the process: sends what the terminal of the first one shows."""

    def __init__(self, session, parent: Connection):
        self.session = session
        self.config = session.config
        self.parent = parent
        signal.signal(STOP, self.stop)

    def stop(self, *_) -> None:
        """Behind the test under way all is tidied up."""
        self.session.shouldstop = "the first process stops"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem) -> bool:
        self.parent.send(("begun", item.nodeid, item.location))
        for report in runtestprotocol(item, log=False, nextitem=nextitem):
            hook = self.config.hook.pytest_report_to_serializable
            self.parent.send(("report", hook(config=self.config, report=report)))
        self.parent.send(("done", item.nodeid, item.location))
        return True

    def pytest_warning_recorded(self, warning_message, when, nodeid, location) -> None:
        of = warning_message
        message = str(of.message), of.category, of.filename, of.lineno
        self.parent.send(("warning", message, when, nodeid, location))

    def run(self, items: list, queue: int) -> None:
        numbers = taken_from(queue)
        number = next(numbers, None)
        while number is not None and not self.session.shouldstop:
            following = next(numbers, None)
            nextitem = None if following is None else items[following]
            self.config.hook.pytest_runtest_protocol(item=items[number], nextitem=nextitem)
            number = following
        self.session._setupstate.teardown_exact(None)  # what the next test would have needed


def run_copy(session, name: str, queue: int, parent: Connection) -> None:
    """The life of a copy."""
    try:
        factory = session.config._tmp_path_factory
        factory._basetemp = factory.getbasetemp() / name
        factory._basetemp.mkdir(mode=0o700)
        session.config.pluginmanager.getplugin("capturemanager").start_global_capturing()
        copy = Copy(session, parent)
        session.config.pluginmanager.register(copy)
        copy.run(session.items, queue)
        parent.send(("ended",))
    except BaseException:
        parent.send(("failed", traceback.format_exc()))


@dataclass
class Running:
    """A copy, as the first process sees it."""

    name: str
    process: int
    test: tuple | None = None  # the last one that it has begun: its id and location

    def lost(self) -> pytest.TestReport:
        nodeid, location = self.test or (self.name, ("", None, self.name))
        said = f"the process {self.name} has ended by itself: its other tests were not run"
        return pytest.TestReport(nodeid, location, {}, "failed", said, "call")


def fork(session, name: str, queue: int) -> tuple[Connection, Running]:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = os.fork()
    if process == 0:
        run_copy(session, name, queue, theirs)
        os._exit(0)
    theirs.close()
    return ours, Running(name, process)


def hear(session, running: Running, said: tuple) -> None:
    """Shows what a copy has sent."""
    hook = session.config.hook
    match said:
        case ("begun", nodeid, location):
            running.test = nodeid, location
        case ("report", data):
            report = hook.pytest_report_from_serializable(config=session.config, data=data)
            hook.pytest_runtest_logreport(report=report)
        case ("done", nodeid, location):
            hook.pytest_runtest_logfinish(nodeid=nodeid, location=location)
        case ("warning", of, when, nodeid, location):
            message = warnings.WarningMessage(*of)
            where = {"when": when, "nodeid": nodeid, "location": location}
            hook.pytest_warning_recorded.call_historic(kwargs={"warning_message": message, **where})
        case ("failed", trace):
            raise session.Failed(f"in the process {running.name}:\n{trace}")


def hear_all(session, copies: dict[Connection, Running]) -> None:
    while copies:
        for ours in wait(list(copies)):
            running = copies[ours]
            try:
                said = ours.recv()
            except EOFError:
                said = ("lost",)
            if said == ("lost",):
                session.config.hook.pytest_runtest_logreport(report=running.lost())
            if said in (("lost",), ("ended",)):
                del copies[ours]
                os.waitpid(running.process, 0)
            else:
                hear(session, running, said)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)


def end(copies: dict[Connection, Running]) -> None:
    """Of those that still run."""
    for running in copies.values():
        os.kill(running.process, STOP)
    for ours, running in copies.items():
        with contextlib.suppress(EOFError):
            while True:
                ours.recv()
        os.waitpid(running.process, 0)


def run_all(session, process_count: int) -> None:
    capture = session.config.pluginmanager.getplugin("capturemanager")
    session.config._tmp_path_factory.getbasetemp()  # one for all
    queue = queue_of(parts_of(len(session.items), process_count))
    capture.stop_global_capturing()  # each copy has a file of its own for what is printed
    copies = dict(fork(session, f"p{n}", queue) for n in range(process_count))
    os.close(queue)
    try:
        hear_all(session, copies)
    finally:
        capture.start_global_capturing()
        end(copies)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session) -> bool | None:
    options = session.config.option
    is_whole = not session.testsfailed or options.continue_on_collection_errors
    if options.processes <= 1 or options.collectonly or not is_whole:
        return None  # pytest's own loop
    if terminal := session.config.pluginmanager.getplugin("terminalreporter"):
        terminal.showfspath = False  # files come mixed
    run_all(session, options.processes)
    return True
