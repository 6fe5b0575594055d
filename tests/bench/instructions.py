"""Instructions a request, for CI: a figure that does not depend on what else the machine is doing.

The gateway runs W1 under callgrind twice, with few requests and with more; the difference is theirs
alone, without the start and the end. The system's part (sockets, fsync) is not in it. More than
5 % above the recorded baseline fails; `./dev bench instructions --record` writes a new baseline,
to be committed with the reason for it.
"""

import json
import re
from pathlib import Path

from processes import Load, Provider
from stage import new_gateway, verify

BASELINE = Path(__file__).with_name("instructions.json")
REQUESTS_FEW, REQUESTS_MORE = 300, 1300
GROWTH_MAX = 1.05
CONNECTIONS = 64


def run_counted(bench, folder, requests):
    """All instructions of a gateway that has answered so many requests."""
    counts = folder / "callgrind.out"
    with Provider(bench.cpus.measuring, answer_bytes=1024) as provider:
        gateway = new_gateway(bench, folder, provider, settings={"durability": "process"})
        gateway.wrapper = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}"]
        books = gateway.books
        with gateway:
            mark = books.mark()
            load = Load(gateway, bench.cpus.measuring, books.keys_path,
                        connections=CONNECTIONS, requests=requests)  # fmt: skip
            books.audit(mark, load.wait())
        verify(gateway)
    return int(re.search(r"^totals: (\d+)", counts.read_text(), re.MULTILINE).group(1))


def compare(bench, record):
    """The exit status."""
    few = run_counted(bench, bench.folder / "few", REQUESTS_FEW)
    more = run_counted(bench, bench.folder / "more", REQUESTS_MORE)
    found = round((more - few) / (REQUESTS_MORE - REQUESTS_FEW))
    if record:
        BASELINE.write_text(json.dumps({"instructions_per_request": found}) + "\n")
        print(f"recorded: {found} instructions a request")
        return 0
    baseline = json.loads(BASELINE.read_text())["instructions_per_request"]
    change = found / baseline - 1
    print(f"{found} instructions a request, {change:+.1%} of the baseline of {baseline}")
    if found > baseline * GROWTH_MAX:
        print(
            "more than 5 % above it: find out why, or record a new baseline (docs/PERFORMANCE.md)"
        )
        return 1
    if found * GROWTH_MAX < baseline:
        print("well below it: record the new baseline (./dev bench instructions --record)")
    return 0
