"""pytest with --processes: each test runs once, and what a copy says is what is shown."""

import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest
from parallel import parts_of

CONFTEST = """
import os, parallel, pytest
from parallel import pytest_runtestloop

def pytest_addoption(parser):
    parallel.add_option(parser)

@pytest.fixture(scope="session")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    yield folder
    (folder / "left").touch()

@pytest.fixture(scope="module")
def room():
    return os.getpid()
"""


class Suite:
    def __init__(self, folder: Path):
        self.folder = folder
        self.base = folder / "base"
        (folder / "conftest.py").write_text(CONFTEST)

    def run(self, text: str, *options: str) -> subprocess.CompletedProcess:
        (self.folder / "test_it.py").write_text(text)
        command = [sys.executable, "-m", "pytest", "--rootdir", self.folder, "-c", "/dev/null",
                   "-o", f"pythonpath={Path(__file__).parent.parent}", "--basetemp", self.base,
                   "-p", "no:cacheprovider", f"--junitxml={self.folder}/junit.xml",
                   "--processes", "3", *options, self.folder]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, cwd=self.folder)

    def cases(self) -> dict[str, str]:
        """Each test and how it ended: the tag of what JUnit says of it."""
        return {
            case.get("name"): " ".join(child.tag for child in case)
            for case in xml.parse(self.folder / "junit.xml").iter("testcase")
        }


@pytest.fixture
def suite(tmp_path):
    return Suite(tmp_path)


@pytest.mark.parametrize("test_count", [1, 2, 7, 100, 9000])
@pytest.mark.parametrize("process_count", [2, 6, 64])
def test_each_test_is_in_one_part(test_count, process_count):
    numbers = [n for part in parts_of(test_count, process_count) for n in range(*part)]
    assert numbers == list(range(test_count))
    assert len(parts_of(test_count, process_count)) * 8 < 65536, "all fit into the pipe"


def test_each_test_is_run_once(suite):
    ran = suite.run("""
import pytest, warnings
@pytest.mark.parametrize("n", range(40))
def test_one(n, house, room, tmp_path):
    warnings.warn("heard")
    with (house.parent.parent / "said").open("a") as said:
        said.write(f"{n} {room}\\n")
@pytest.mark.skip(reason="not today")
def test_skipped(): pass
""")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "40 passed, 1 skipped, 40 warnings" in ran.stdout
    said = [line.split() for line in (suite.base / "said").read_text().splitlines()]
    assert sorted(int(n) for n, _ in said) == list(range(40))
    processes = {process for _, process in said}
    assert len(list(suite.base.glob("p*/house0/left"))) == len(processes), "all have tidied up"
    assert len(suite.cases()) == 41


def test_what_fails_is_shown_with_what_it_has_printed(suite):
    ran = suite.run("""
import os, pytest
@pytest.mark.parametrize("n", range(9))
def test_one(n):
    print(f"from python {n}", flush=True)
    os.system(f"echo from a shell {n}")
    assert n != 4
@pytest.fixture
def broken():
    raise KeyError
def test_setup(broken): pass
""")
    assert ran.returncode == 1
    assert "1 failed, 8 passed, 1 error" in ran.stdout
    for printed in ("from python", "from a shell"):
        assert f"{printed} 4" in ran.stdout
        assert f"{printed} 5" not in ran.stdout
    assert suite.cases()["test_one[4]"] == "failure"
    assert suite.cases()["test_setup"] == "error"


def test_a_process_that_ends_by_itself_is_a_failure(suite):
    ran = suite.run("""
import os, pytest
@pytest.mark.parametrize("n", range(9))
def test_one(n):
    if n == 3:
        os._exit(0)
""")
    assert ran.returncode == 1
    assert suite.cases()["test_one[3]"] == "failure"
    assert "has ended by itself" in ran.stdout


def test_what_cannot_be_collected_is_a_failure(suite):
    ran = suite.run("import nothing_of_that_name\n")
    assert ran.returncode == 2
    assert "1 error" in ran.stdout


def test_the_first_failure_ends_all(suite):
    ran = suite.run("""
import pytest
@pytest.mark.parametrize("n", range(500))
def test_one(n, house): assert n
""", "-x")  # fmt: skip
    assert ran.returncode == 1
    assert "1 failed" in ran.stdout
    assert len(suite.cases()) < 500
    assert len(list(suite.base.glob("p*/house0"))) == len(list(suite.base.glob("p*/house0/left")))
