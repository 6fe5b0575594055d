"""Adds up what `./dev test` ran: python tests/summary.py STAGE:EXIT_STATUS:JUNIT_FILE...

Prints `N passed, N failed, N skipped` as its last line and exits 1 when anything failed or nothing
ran. A stage without a JUnit file (a build, lint) counts as one failure when it failed; so does one
that failed though its file shows no failed test: it crashed, or wrote no file.
"""

import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def count_case(case):
    """(passed, failed, skipped) of one <testcase>.

    CTest knows only programs: what cmocka wrote tells how many tests ran inside. A program that
    failed without a failed test (it crashed, a sanitizer spoke) is a failure of its own.
    """
    output = case.findtext("system-out") or ""
    not_built = case.get("status") == "notrun" and "Unable to find executable" in output
    bad = not_built or case.find("failure") is not None or case.find("error") is not None
    passed = len(re.findall(r"^\[ +OK +\]", output, re.MULTILINE))
    failed = len(set(re.findall(r"^\[ +FAILED +\] (?!\d+ test)(\w+)", output, re.MULTILINE)))
    skipped = len(set(re.findall(r"^\[ +SKIPPED +\] (?!\d+ test)(\w+)", output, re.MULTILINE)))
    if passed + failed + skipped:
        return passed, max(failed, 1) if bad else failed, skipped
    if bad:
        return 0, 1, 0
    return (0, 0, 1) if case.find("skipped") is not None else (1, 0, 0)


def count_stage(status, junit):
    total = [0, 0, 0]
    if junit and Path(junit).is_file():
        for case in xml.parse(junit).iter("testcase"):
            total = [a + b for a, b in zip(total, count_case(case), strict=True)]
    if status != 0 and total[1] == 0:
        total[1] = 1
    return total


def main(stages):
    sums = [0, 0, 0]
    for stage in stages:
        name, status, junit = stage.rsplit(":", 2)
        passed, failed, skipped = counts = count_stage(int(status), junit)
        if junit or failed:
            print(f"{name:24} {passed:6} passed {failed:4} failed {skipped:4} skipped")
        sums = [a + b for a, b in zip(sums, counts, strict=True)]
    print(f"{sums[0]} passed, {sums[1]} failed, {sums[2]} skipped")
    return 1 if sums[1] or not sums[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
