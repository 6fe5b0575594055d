"""`./dev bench [W1 W3 ...]`: the gateway next to nginx, in ratios that hold on a noisy machine.

Each round runs the same load against the provider directly, through nginx, and through the gateway,
one after the other; what counts is the ratio within a round, and of the rounds the median. The
gateway and nginx run on one CPU, provider and load generator on another. After every run through
the gateway its books are audited: a run that fails the audit has no speed, and the exit status is
1. docs/PERFORMANCE.md says how to read the figures.

With --against COMMIT that commit is built, too, and its gateway is measured in the same rounds: the
table has both, their ratio within rounds, and nginx.
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

import comparison
import figures
import instructions
from books import Void
from processes import BUILD, Cpus, raise_descriptor_limit
from stage import Bench, stage
from workloads import NOT_COMPARED, ONLY_COMPARED, WORKLOADS


def show(bench, part, title, found):
    if bench.before is None:
        figures.show(f"{part}: {title}", found)
        return
    print(f"\n{part}: {title}\n" + comparison.table(bench.commit, [(part, found.compared, None)]))


def measure(bench, names):
    """[(name, title, figures or None, why it is void)], printed as they come."""
    results = []
    for name in names:
        workload = WORKLOADS[name]
        title = f"{workload.__doc__}"
        try:
            for part, found in workload(bench):
                show(bench, part, title, found)
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
        "against": bench.commit,
        "workloads": [
            {
                "name": name,
                "title": title,
                "void": why,
                "figures": [figure.as_json() for figure in found or ()],
                "compared": [measure.as_json() for measure in found.compared] if found else [],
            }
            for name, title, found, why in results
        ],
    }


def judged(results, compared):
    """The verdicts, and the names of what has no speed."""
    found = [found.compared if compared else found for _, _, found, _ in results if found]
    verdicts = [figure.verdict for figures_of_one in found for figure in figures_of_one]
    return verdicts, [name for name, _, _, why in results if why]


def summarize(results, compared=False):
    verdicts, void = judged(results, compared)
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
                        help="beside that commit's gateway, built below build/;\n"
                        "instructions: medians of three rounds or of --rounds")  # fmt: skip
    args = parser.parse_args()
    if args.against and (alone := NOT_COMPARED & set(args.workloads)):
        parser.error(f"{', '.join(sorted(alone))} is not compared with another commit")
    unknown = set(args.workloads) - set(WORKLOADS) - {"instructions", "stand"}
    if unknown:
        parser.error(f"there is no workload {', '.join(sorted(unknown))}")
    return args


def names_of(args):
    """The workloads that were asked for, or all that there are for it."""
    left_out = NOT_COMPARED if args.against else ONLY_COMPARED
    return args.workloads or [name for name in WORKLOADS if name not in left_out]


def run(bench, args):
    """The exit status."""
    if args.against:
        bench.before, bench.commit = instructions.build(args.against), args.against
    results = measure(bench, names_of(args))
    args.json.write_text(json.dumps(as_json(results, bench), indent=1) + "\n")
    if args.against:
        parts = [(name, found and found.compared, why) for name, _, found, why in results]
        print("\n" + comparison.table(bench.commit, parts))
    status = summarize(results, compared=bool(args.against))
    print(f"as JSON: {args.json}")
    return status


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
        return run(bench, args)
    except Void as why:
        print(f"NO FIGURE: {why}")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
