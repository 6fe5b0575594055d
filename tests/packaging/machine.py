"""A bare Debian 12 in a folder, and a builder of images."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def run(*words: str | Path, **how) -> subprocess.CompletedProcess:
    done = subprocess.run(words, capture_output=True, text=True, timeout=900, **how)
    assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done


class Machine:
    """A folder with a Debian of its own, and this machine's network."""

    def __init__(self, root: Path):
        self.root = root

    def run(self, *words: str, check: bool = True, **how) -> subprocess.CompletedProcess:
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
               "LC_ALL": "C.UTF-8"}  # fmt: skip
        done = subprocess.run(["chroot", self.root, *words], capture_output=True, text=True,
                              timeout=900, env=env, **how)  # fmt: skip
        assert not check or done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done

    def install(self, package: Path) -> None:
        shutil.copy(package, self.root / "root")
        self.run("apt-get", "update", "-q")  # debootstrap's lists lack the security fixes
        self.run("apt-get", "install", "-y", "-q", "--no-install-recommends",
                 f"/root/{package.name}")  # fmt: skip

    def path(self, path: str) -> Path:
        return self.root / path.lstrip("/")


class Builder:
    """buildah with a store of its own. Without namespaces: tests may run in a container, too."""

    def __init__(self, folder: Path):
        self.store = ["--root", folder / "store", "--runroot", folder / "run",
                        "--storage-driver", "vfs"]  # fmt: skip

    def __call__(self, *words: str | Path, timeout: int = 600) -> str:
        done = subprocess.run(["buildah", *self.store, *words], capture_output=True, text=True,
                              timeout=timeout)  # fmt: skip
        assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout.strip()
