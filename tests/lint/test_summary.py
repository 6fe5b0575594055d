"""The last line of `./dev test`, from JUnit files as CTest and pytest write them."""

import importlib.util
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "summary.py"
spec = importlib.util.spec_from_file_location("summary", SOURCE)
summary = importlib.util.module_from_spec(spec)
spec.loader.exec_module(summary)

CMOCKA_GOOD = (
    "[==========] Running 2 test(s).\n[       OK ] a\n[       OK ] b\n[  PASSED  ] 2 test(s)."
)
CMOCKA_BAD = "[       OK ] a\n[  FAILED  ] b\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] b"

NOT_BUILT = (
    '<testcase status="notrun"><skipped/><system-out>Unable to find executable: x</system-out>'
    "</testcase>"
)


def run(tmp_path, capsys, cases, status=0):
    file = tmp_path / "junit.xml"
    file.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    code = summary.main([f"stage:{status}:{file}"])
    return capsys.readouterr().out.splitlines()[-1], code


def ctest(output, bad=False):
    return f"<testcase>{'<failure/>' if bad else ''}<system-out>{output}</system-out></testcase>"


@pytest.mark.parametrize(
    ("cases", "status", "line", "code"),
    [
        ("<testcase/><testcase/>", 0, "2 passed, 0 failed, 0 skipped", 0),
        ("<testcase/><testcase><skipped/></testcase>", 0, "1 passed, 0 failed, 1 skipped", 0),
        ("<testcase/><testcase><failure/></testcase>", 1, "1 passed, 1 failed, 0 skipped", 1),
        ("<testcase><error/></testcase>", 1, "0 passed, 1 failed, 0 skipped", 1),
        (ctest(CMOCKA_GOOD), 0, "2 passed, 0 failed, 0 skipped", 0),
        (ctest(CMOCKA_BAD, bad=True), 1, "1 passed, 1 failed, 0 skipped", 1),
        (ctest(CMOCKA_GOOD, bad=True), 1, "2 passed, 1 failed, 0 skipped", 1),
        (NOT_BUILT, 1, "0 passed, 1 failed, 0 skipped", 1),
        ("<testcase/>", 2, "1 passed, 1 failed, 0 skipped", 1),
        ("", 0, "0 passed, 0 failed, 0 skipped", 1),
    ],
)
def test_last_line(tmp_path, capsys, cases, status, line, code):
    assert run(tmp_path, capsys, cases, status) == (line, code)


def test_stage_without_file(capsys):
    assert summary.main(["lint:1:"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"
