"""The package as `./dev package` has made it, and a bare Debian 12 to put it into."""

import os
import re
import shutil
from pathlib import Path

import pytest
from machine import AUTHORITIES, ROOT, Builder, Machine, run

BUILD_S = 3000
BASE = ROOT / "build/debian12"  # kept: it takes a minute to make
# As Debian's installer and its images have them; debootstrap names the first one only.
SOURCES = """deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
"""


@pytest.fixture(scope="session")
def package() -> Path:
    (package,) = (ROOT / "build/package").glob("*.deb")
    return package


@pytest.fixture(scope="session")
def older_package(package, tmp_path_factory) -> Path:
    """The same with a lower version: the upgrade is real for dpkg."""
    folder = tmp_path_factory.mktemp("older")
    run("dpkg-deb", "-R", package, folder / "tree")
    control = folder / "tree/DEBIAN/control"
    older = re.sub(r"^Version: .*", "Version: 0.0.9", control.read_text(), flags=re.MULTILINE)
    control.write_text(older)
    run("dpkg-deb", "--root-owner-group", "-b", folder / "tree", folder / "llm-gateway_0.0.9.deb")
    return folder / "llm-gateway_0.0.9.deb"


@pytest.fixture(scope="session")
def bare_debian() -> Path:
    """Its folder; nobody changes it."""
    if os.geteuid() != 0:
        pytest.skip("needs root, for chroot")
    if not (BASE / "etc/debian_version").exists():
        shutil.rmtree(BASE, ignore_errors=True)
        run("debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", BASE)
    (BASE / "etc/apt/sources.list").write_text(SOURCES)
    for name in ("apt.conf.d", "sources.list.d"):
        for file in Path("/etc/apt", name).glob("*"):
            if "proxy" in file.name:
                shutil.copy(file, BASE / "etc/apt" / name)
    # The network of this machine may have authorities of its own.
    shutil.copy(AUTHORITIES, BASE / AUTHORITIES.lstrip("/"))
    return BASE


@pytest.fixture(scope="session")
def builder(bare_debian, tmp_path_factory) -> Builder:
    """It has built the image `llm-gateway` from the sources, in a bare Debian."""
    builder = Builder(tmp_path_factory.mktemp("container"))
    base = builder("from", "scratch")
    builder("add", "--quiet", base, bare_debian, "/")
    builder("commit", "--quiet", base, "docker.io/library/debian:bookworm-slim")
    builder("rm", base)
    builder("bud", "--quiet", "--isolation", "chroot", "--network", "host", "--pull-never",
            "--build-arg", f"NODE_EXTRA_CA_CERTS={AUTHORITIES}",
            "--format", "docker", "-t", "llm-gateway", ROOT, timeout=BUILD_S)  # fmt: skip
    return builder


@pytest.fixture
def machine(bare_debian, tmp_path):
    root = tmp_path / "machine"
    run("cp", "-a", bare_debian, root)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    yield Machine(root)
    shutil.rmtree(root)
