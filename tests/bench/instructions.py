"""Instructions a request and a streamed event: figures that do not depend on what else the machine
is doing.

The gateway runs under callgrind, which tells what it has counted so far whenever it is asked: so
the start and the end are not in it. Nor is the system's part (sockets, fsync). The requests are
those of W1. The events come to the gateway one at a time, then sixteen at a time (lockstep.py). Of
bodies of 100 KB the ratio of embeddings to chat completions counts, and has a bound (bodies.py).
Alone, this compares with the recorded baseline: more than 5 % above it fails. It is then counted
again, up to three times, since what disturbs only adds; what is still above is told by function.
`./dev bench instructions --record` writes a new one, to be committed with the reason for it.
`--against COMMIT` builds that commit, too, and prints both.
"""

import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import bodies
import lockstep
from processes import BUILD, ROOT, Load, Program, Provider
from stage import new_gateway, verify

BASELINE = Path(__file__).with_name("instructions.json")
GROWTH_MAX = 1.05
MEASUREMENTS_MAX = 3  # until none is above
FUNCTIONS_SHOWN = 60

REQUESTS_FEW, REQUESTS = 300, 1000  # the few come first, and do not count
CONNECTIONS = 64

EVENTS_FEW, EVENTS = 20, 1600  # of one stream; each time so many
MANY = 16

FIGURES = {
    "request": "a request",
    "event": "an event",
    "event_of_many": f"an event, {MANY} at a time",
}
ROUNDS_AGAINST = 3


class Counter:
    """A gateway under callgrind."""

    def __init__(self, bench, name, program, provider):
        settings = {"durability": "process"}
        folder = bench.folder / name
        self.gateway = new_gateway(bench, folder, provider, settings=settings, program=program)
        self.counts = folder / "callgrind.out"
        self.parts = 0
        self.gateway.wrapper = [
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={self.counts}"
        ]  # fmt: skip

    def __enter__(self):
        self.gateway.__enter__()
        return self

    def __exit__(self, *failure):
        self.gateway.__exit__(*failure)
        if failure[0] is None:
            verify(self.gateway)

    def take(self):
        """The instructions since this was called before."""
        subprocess.run(["vgdb", f"--pid={self.gateway.pid}", "dump"], check=True,
                       stderr=subprocess.DEVNULL)  # fmt: skip
        self.parts += 1
        text = self.profile().read_text()
        return int(re.search(r"^totals: (\d+)", text, re.MULTILINE).group(1))

    def profile(self):
        """Callgrind's file of what was taken last."""
        return Path(f"{self.counts}.{self.parts}")


def count_requests(bench, name, program):
    """Instructions a request, and callgrind's file of them."""

    def run(gateway, requests):
        mark = gateway.books.mark()
        load = Load(gateway, bench.cpus.measuring, gateway.books.keys_path,
                    connections=CONNECTIONS, requests=requests)  # fmt: skip
        gateway.books.audit(mark, load.wait())

    with (
        Provider(bench.cpus.measuring, answer_bytes=1024) as provider,
        Counter(bench, name, program, provider) as counter,
    ):
        run(counter.gateway, REQUESTS_FEW)
        counter.take()
        run(counter.gateway, REQUESTS)
        return counter.take() / REQUESTS, counter.profile()


def count_events(bench, name, program):
    """Instructions an event: (one at a time, MANY at a time), and callgrind's file of the last."""
    with lockstep.Provider() as provider, Counter(bench, name, program, provider) as counter:
        books = counter.gateway.books
        mark = books.mark()
        stream = lockstep.Stream(counter.gateway, provider, books.keys_path.read_text().strip())

        def pass_on(events, at_a_time):
            for _ in range(events // at_a_time):
                stream.pass_on(at_a_time)
            return counter.take() / events

        pass_on(EVENTS_FEW, 1)
        books.mark()  # until the hold is in the tables: it is no event's
        counter.take()
        found = pass_on(EVENTS, 1), pass_on(EVENTS, MANY)
        profile = counter.profile()
        stream.end()
        result = {"answers": 1, "failed": 0, "unanswered": 0, "events_lost": 0}
        books.audit(mark, result, stream.words)
    return found, profile


def count_bodies(bench, name):
    """Instructions a request of 100 KB, by call."""
    with bodies.Provider() as provider:
        counter = Counter(bench, name, None, provider)
        bodies.sell_embeddings(counter.gateway)
        with counter:
            return bodies.count(counter)


def judge_bodies(bench):
    """Whether an embeddings request costs little more than a chat request of its size."""
    counts = count_bodies(bench, "bodies")
    for form, ratio in bodies.ratios(counts).items():
        ours, chat = (counts[path + form] for path in ("/embeddings", "/chat/completions"))
        print(f"{ours:.0f} instructions a request of 100 KB at embeddings{form},"
              f" {ratio:.3f} of the {chat:.0f} at chat completions")  # fmt: skip
        if ratio > bodies.RATIO_MAX[form]:
            most = bodies.RATIO_MAX[form]
            print(f"more than {most} of it: find out why (docs/PERFORMANCE.md)")
            return False
    return True


def measure(bench, name, program=None):
    """The figures of one program, and callgrind's files by the figure."""
    request, requests_file = count_requests(bench, f"{name}-requests", program)
    (event, event_of_many), events_file = count_events(bench, f"{name}-events", program)
    found = {"request": request, "event": event, "event_of_many": event_of_many}
    files = {"request": requests_file, "event_of_many": events_file}
    return {figure: round(count) for figure, count in found.items()}, files


def above(found, baseline):
    return [figure for figure in FIGURES if found[figure] > baseline[figure] * GROWTH_MAX]


def measure_until_within(bench, baseline):
    """The least of each figure, and the files of the last measurement."""
    found, files = measure(bench, "now-1")
    for number in range(2, MEASUREMENTS_MAX + 1):
        if not above(found, baseline):
            break
        print(f"above: {found}; counted again")
        again, files = measure(bench, f"now-{number}")
        found = {figure: min(found[figure], again[figure]) for figure in FIGURES}
    return found, files


def show_functions(file):
    """Where the instructions went, for who reads the log of a machine that is gone."""
    command = ["callgrind_annotate", "--inclusive=yes", file]
    shown = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in shown.stdout.splitlines() if re.match(r" *[\d,]+ \(", line)]
    print("\n".join(lines[: FUNCTIONS_SHOWN + 1]))


def compare(bench, record):
    """The exit status."""
    if record:
        found, _ = measure(bench, "now")
        BASELINE.write_text(json.dumps(found) + "\n")
        print(f"recorded: {found}")
        return 0
    baseline = json.loads(BASELINE.read_text())
    found, files = measure_until_within(bench, baseline)
    for figure, title in FIGURES.items():
        change = found[figure] / baseline[figure] - 1
        print(f"{found[figure]} instructions {title}, {change:+.1%} of the baseline of"
              f" {baseline[figure]}")  # fmt: skip
    if above(found, baseline):
        print(
            "more than 5 % above it: find out why, or record a new baseline (docs/PERFORMANCE.md)"
        )
        for file in files.values():
            show_functions(file)
        return 1
    if not judge_bodies(bench):
        return 1
    if any(found[figure] * GROWTH_MAX < baseline[figure] for figure in FIGURES):
        print("well below it: record the new baseline (./dev bench instructions --record)")
    return 0


# ---- beside another commit ----


def run(*words, **how):
    subprocess.run([str(word) for word in words], check=True, stdout=sys.stderr, **how)


def build(commit):
    """That commit's program, from a worktree of its own below build/: made once, then kept."""
    named = subprocess.run(["git", "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"],
                           cwd=ROOT, capture_output=True, text=True)  # fmt: skip
    if named.returncode != 0:
        raise SystemExit(f"there is no commit {commit}")
    identity = named.stdout.strip()
    tree = BUILD / "against" / identity[:12]
    if not tree.exists():
        run("git", "worktree", "prune", cwd=ROOT)
        run("git", "worktree", "add", "--quiet", "--detach", tree, identity, cwd=ROOT)
    # As ./dev builds: no option, so the flags are those of the commit's CMakeLists.txt.
    run("cmake", "-G", "Ninja", "-S", tree, "-B", tree / "build", env=quiet())
    run("ninja", "-C", tree / "build", "--quiet", "llm-gateway")
    return Program(tree / "build/llm-gateway", tree)


def quiet():
    return os.environ | {"CMAKE_MESSAGE_LOG_LEVEL": "WARNING"}


def compare_with(bench, commit, rounds):
    """Both in turn, and the medians of the rounds. The exit status is 0: nothing is judged."""
    programs = {"before": build(commit), "now": Program()}
    found = {name: [] for name in programs}
    for number in range(rounds):
        for name, program in programs.items():
            figures, _ = measure(bench, f"{name}-{number}", program)
            found[name].append(figures)
    print(f"instructions, {commit} and now ({rounds} rounds in turn: median, least .. most);"
          " ratio of the least")  # fmt: skip
    for figure, title in FIGURES.items():
        values = {name: [each[figure] for each in found[name]] for name in programs}
        medians = {name: statistics.median(values[name]) for name in programs}
        texts = [f"{medians[name]:.0f} ({min(values[name])} .. {max(values[name])})"
                 for name in programs]  # fmt: skip
        ratio = min(values["now"]) / min(values["before"])  # what disturbs only adds
        print(f"  {title:28} {texts[0]:>27} {texts[1]:>27}  ratio {ratio:.3f}")
    return 0
