"""A certificate for 127.0.0.1 that is its own authority."""

import subprocess
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
