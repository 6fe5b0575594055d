"""core/app/version.cmake: what a build says of its commit, and when it writes that again."""

import re
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "core/app/version.cmake"


@pytest.fixture
def git(tmp_path):
    """Runs git in `clone`, a repository with one commit that holds core/main.c and README."""
    clone = tmp_path / "clone"
    (clone / "core").mkdir(parents=True)
    (clone / "core/main.c").write_text("int x;\n")
    (clone / "README").write_text("one\n")
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]

    def run(*args: str) -> str:
        command = ["git", "-C", clone, *settings, *args]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    run("init", "-q")
    run("add", ".")
    run("commit", "-q", "-m", "one")
    return run


def commit_of(tmp_path, source="clone") -> str:
    output = tmp_path / "build/version.c"
    settings = [f"-DSOURCE={tmp_path / source}", "-DNUMBER=1.2.3", f"-DOUTPUT={output}"]
    subprocess.run(["cmake", *settings, "-P", SCRIPT], check=True)
    text = output.read_text()
    assert 'version_number[] = "1.2.3"' in text
    return re.search(r'version_commit\[\] = "(.*)"', text).group(1)


def test_a_clone_has_its_commit(tmp_path, git):
    assert commit_of(tmp_path) == git("rev-parse", "--short=12", "HEAD")
    git("tag", "v1.2.3")
    git("commit", "-q", "--allow-empty", "-m", "two")
    head = git("rev-parse", "--short=12", "HEAD")
    assert re.fullmatch(rf"{head}|v1\.2\.3-1-g{head}", commit_of(tmp_path))


def test_nothing_is_written_while_the_commit_stays(tmp_path, git):
    commit_of(tmp_path)
    output = tmp_path / "build/version.c"
    written = output.stat().st_mtime_ns
    (tmp_path / "clone/README").write_text("two\n")
    commit_of(tmp_path)
    assert output.stat().st_mtime_ns == written
    git("commit", "-q", "-a", "-m", "two")
    commit_of(tmp_path)
    assert output.stat().st_mtime_ns != written


def test_changed_sources_are_said(tmp_path, git):
    (tmp_path / "clone/core/main.c").write_text("int y;\n")
    assert commit_of(tmp_path) == git("rev-parse", "--short=12", "HEAD") + "-dirty"


def test_a_folder_without_a_clone_is_unknown(tmp_path, git):
    """Also inside another repository, whose commit says nothing of it."""
    unpacked = tmp_path / "clone/unpacked"
    unpacked.mkdir()
    assert commit_of(tmp_path, "clone/unpacked") == "unknown"
    (unpacked / ".git").write_text("gitdir: /nonexistent\n")
    assert commit_of(tmp_path, "clone/unpacked") == "unknown"
