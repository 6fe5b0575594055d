"""Runs the fuzzers that `./dev fuzz` has built: python tests/fuzz [options] [TARGET...]

An input that makes one fall over, run too long or grow too large is kept in build/fuzz/crashes, its
path is printed, and from then on it is tried first. The whole output is in build/fuzz/TARGET.log.
"""

import argparse
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from seeds import ROOT, write

BUILD = ROOT / "build/fuzz"
INPUT_BYTES_MAX = 4096
INPUT_TIMEOUT_S = 25  # on a machine that does much else; what is quadratic takes longer
MEMORY_MB_MAX = 2048
SANITIZERS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


@dataclass
class Run:
    target: str
    ended: bool
    inputs: int
    seconds: int
    kept: list[Path]  # crash inputs of this run
    output: str

    @property
    def is_good(self) -> bool:
        return self.ended and not self.kept

    def __str__(self) -> str:
        said = f"{self.target:14} {self.inputs:9} inputs in {self.seconds:3} s: "
        return said + ("ok" if self.is_good else "FAILED")


def all_targets() -> list[str]:
    sources = Path(__file__).parent.glob("fuzz_*.c")
    return sorted(source.stem.removeprefix("fuzz_") for source in sources)


def fuzz(target: str, seconds: int) -> Run:
    seeds, words = write(target, BUILD)
    corpus, crashes = BUILD / "corpus" / target, BUILD / "crashes" / target
    for folder in (corpus, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(crashes.iterdir())
    command = [BUILD / f"fuzz_{target}", f"-max_total_time={seconds}",
               f"-max_len={INPUT_BYTES_MAX}", f"-timeout={INPUT_TIMEOUT_S}",
               f"-rss_limit_mb={MEMORY_MB_MAX}", f"-artifact_prefix={crashes}/",
               "-print_final_stats=1", *([f"-dict={words}"] if words else []),
               corpus, seeds, crashes]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, env=os.environ | SANITIZERS, cwd=ROOT)
    output = (ran.stdout + ran.stderr).decode(errors="replace")
    (BUILD / f"{target}.log").write_text(output)
    kept = sorted(set(crashes.iterdir()) - before)
    done = re.search(r"Done (\d+) runs in (\d+) second", output)
    inputs, took = (int(done[1]), int(done[2])) if done else (0, 0)
    # One that ends at once, having tried nothing, has shown nothing.
    return Run(target, ran.returncode == 0 and inputs > 0, inputs, took, kept, output)


def try_seeds(target: str, program: Path) -> Run:
    """What is known, and the like, with a harness that has no libFuzzer."""
    build = program.parent / "seeds"
    seeds, _ = write(target, build)
    crashes = BUILD / "crashes" / target
    files = [path for folder in (seeds, crashes) if folder.exists() for path in folder.iterdir()]
    begun = time.monotonic()
    ran = subprocess.run(
        [program, *sorted(files)], capture_output=True, env=os.environ | SANITIZERS, cwd=ROOT
    )
    took = int(time.monotonic() - begun)
    output = (ran.stdout + ran.stderr).decode(errors="replace")
    (build / f"{target}.log").write_text(output)
    is_whole = f"{len(files)} files" in output
    return Run(target, ran.returncode == 0 and is_whole, len(files), took, [], output)


def report(run: Run) -> None:
    print(run, flush=True)
    if run.is_good:
        return
    said = [line for line in run.output.splitlines() if not line.startswith("#")]  # its progress
    print("\n".join(said[-60:]))
    for path in run.kept:
        again = f"build/fuzz/fuzz_{run.target} {path.relative_to(ROOT)}"
        print(f"kept: {path.relative_to(ROOT)}; to see it again: {again}", flush=True)


def write_junit(path: Path, runs: list[Run]) -> None:
    suite = xml.Element("testsuite", name="fuzz", tests=str(len(runs)))
    for run in runs:
        case = xml.SubElement(suite, "testcase", classname="fuzz", name=run.target)
        case.set("time", str(run.seconds))
        if not run.is_good:
            kept = ", ".join(str(one.relative_to(ROOT)) for one in run.kept)
            xml.SubElement(case, "failure", message=kept or run.output[-2000:])
    path.parent.mkdir(parents=True, exist_ok=True)
    xml.ElementTree(suite).write(path)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets at a time")
    parser.add_argument("--junit", type=Path, help="a file for tests/summary.py")
    parser.add_argument("--seeds-of", type=Path, metavar="BUILD", help="only what is known")
    parser.add_argument("targets", nargs="*", help=" ".join(all_targets()))
    options = parser.parse_args()
    if unknown := set(options.targets) - set(all_targets()):
        parser.error(f"no such target: {' '.join(sorted(unknown))}; {' '.join(all_targets())}")
    targets = options.targets or all_targets()
    known = options.seeds_of

    def run_target(target: str) -> Run:
        if known:
            return try_seeds(target, known / f"fuzz_{target}")
        return fuzz(target, options.seconds)

    runs = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for run in pool.map(run_target, targets):
            report(run)
            runs.append(run)
    if options.junit:
        write_junit(options.junit, runs)
    return 0 if all(run.is_good for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
