"""`./dev bench [W1 W3 ...]`: the gateway next to nginx, in ratios that hold on a noisy machine.

Each round runs the same load against the provider directly, through nginx, and through the gateway,
one after the other; what counts is the ratio within a round, and of the rounds the median. The
gateway and nginx run on one CPU, provider and load generator on another. After every run through
the gateway its books are audited: a run that fails the audit has no speed, and the exit status is
1. docs/PERFORMANCE.md says how to read the figures.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import figures
import instructions
from books import Void
from processes import BUILD, Cpus, raise_descriptor_limit
from stage import Bench, stage
from workloads import WORKLOADS


def measure(bench, names):
    """[(name, title, figures or None, why it is void)], printed as they come."""
    results = []
    for name in names:
        workload = WORKLOADS[name]
        title = f"{workload.__doc__}"
        try:
            for part, found in workload(bench):
                figures.show(f"{part}: {title}", found)
                results.append((part, title, found, None))
        except Void as why:
            print(f"\n{name}: {title}\n  NO SPEED: {why}")
            results.append((name, title, None, str(why)))
        sys.stdout.flush()
    return results


def as_json(results, bench):
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": f"{platform.platform()}, {os.cpu_count()} CPUs",
        "load_average": os.getloadavg(),
        "rounds": bench.rounds,
        "quick": bench.quick,
        "workloads": [
            {
                "name": name,
                "title": title,
                "void": why,
                "figures": [figure.as_json() for figure in found or ()],
            }
            for name, title, found, why in results
        ],
    }


def summarize(results):
    verdicts = [figure.verdict for _, _, found, _ in results for figure in found or ()]
    void = [name for name, _, _, why in results if why]
    print(
        f"\n{verdicts.count('aim')} aims reached, {verdicts.count('must')} musts,"
        f" {verdicts.count('FAIL')} failed, {verdicts.count('doubtful')} doubtful (the machine was"
        f" not quiet); void: {', '.join(void) or 'none'}"
    )
    return 1 if void else 0


def stand(bench):
    """Sets up W1 and waits, for a profiler: docs/PERFORMANCE.md."""
    with stage(bench, "stand", answer_bytes=1024) as here:
        for target in here.targets:
            print(
                f"{target.name}, process {target.pid}: {BUILD}/bench_load --port {target.port}"
                f" --path {target.path} --keys {here.gateway.books.keys_path} --connections 64"
            )
        print("^C ends it", flush=True)
        signal.pause()


def parse():
    parser = argparse.ArgumentParser(
        prog="./dev bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD",
                        help=f"of {', '.join(WORKLOADS)}; default: all\n"
                        "or `instructions`: instructions a request and an event,\n"
                        "   against the baseline or another commit\n"
                        "or `stand`: set up W1 and wait, for a profiler")  # fmt: skip
    parser.add_argument("--rounds", type=int, help="default 5, with --quick 1")
    parser.add_argument("--quick", action="store_true", help="a smoke run of a few seconds each")
    parser.add_argument("--json", type=Path, default=BUILD / "bench/results.json")
    parser.add_argument("--record", action="store_true", help="instructions: write the baseline")
    parser.add_argument("--against", metavar="COMMIT",
                        help="instructions: beside that commit's, built below build/;\n"
                        "medians of three rounds or of --rounds")  # fmt: skip
    args = parser.parse_args()
    unknown = set(args.workloads) - set(WORKLOADS) - {"instructions", "stand"}
    if unknown:
        parser.error(f"there is no workload {', '.join(sorted(unknown))}")
    return args


def main():
    args = parse()
    # However it is ended, what it has started ends too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    kept = BUILD / "bench"  # not /tmp, which may be memory: the ledger's fsync counts
    kept.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=kept))
    bench = Bench(
        folder=folder,
        rounds=args.rounds or (1 if args.quick else 5),
        quick=args.quick,
        cpus=Cpus.choose(),
        descriptors=raise_descriptor_limit(),
    )
    try:
        if args.workloads == ["instructions"]:
            if args.against:
                rounds = args.rounds or instructions.ROUNDS_AGAINST
                return instructions.compare_with(bench, args.against, rounds)
            return instructions.compare(bench, args.record)
        if args.workloads == ["stand"]:
            return stand(bench)
        results = measure(bench, args.workloads or WORKLOADS)
        args.json.write_text(json.dumps(as_json(results, bench), indent=1) + "\n")
        status = summarize(results)
        print(f"as JSON: {args.json}")
        return status
    except Void as why:
        print(f"NO FIGURE: {why}")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
