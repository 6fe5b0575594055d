"""A certificate for 127.0.0.1 that is its own authority."""

import subprocess
from datetime import datetime, timedelta
from pathlib import Path


def make_certificate(
    folder: Path, kind: str = "ec", names: tuple[str, ...] = ("IP:127.0.0.1",)
) -> tuple[Path, Path]:
    """`kind`: of the key, ec or rsa. One that was there before is replaced."""
    key = {"ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["rsa:2048"]}[kind]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", *key, "-nodes",
         "-days", "2", "-subj", "/CN=gateway.test", "-keyout", "key.pem",
         "-addext", "subjectAltName=" + ",".join(names), "-out", "certificate.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder / "certificate.pem", folder / "key.pem"


# `openssl req` makes none that has ended.
AUTHORITY = """[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
rand_serial = yes
policy = any
default_md = sha256
[any]
commonName = supplied
"""


def make_ended_certificate(folder: Path, ended: datetime) -> tuple[Path, Path]:
    """One that was valid for a month, until then (UTC)."""
    certificate, key = make_certificate(folder)
    (folder / "authority.conf").write_text(AUTHORITY)
    (folder / "index.txt").write_text("")
    start, end = (f"{time:%Y%m%d%H%M%SZ}" for time in (ended - timedelta(days=30), ended))
    sign = ["openssl", "ca", "-batch", "-notext", "-config", "authority.conf", "-selfsign",
            "-keyfile", key, "-startdate", start, "-enddate", end, "-in", "request.pem",
            "-out", certificate]  # fmt: skip
    request = ["openssl", "req", "-new", "-key", key, "-subj", "/CN=gateway.test",
               "-out", "request.pem"]  # fmt: skip
    for command in (request, sign):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return certificate, key
