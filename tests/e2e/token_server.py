"""Service accounts as Google gives them out, and a token server that knows them. Assertions are
verified by google-auth, not by anything of ours."""

import asyncio
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

from answers import reply
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fake_provider import Provider
from google.auth import jwt

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
EMAIL = "seller@their-project.iam.gserviceaccount.com"


@cache
def private_key(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem_of(key) -> str:
    form = serialization.PrivateFormat.PKCS8
    unlocked = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, unlocked).decode()


def public_pem_of(number: int) -> bytes:
    return (
        private_key(number)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


@dataclass
class TokenServer:
    """Gives tokens for assertions that are good; the test may have it do something else."""

    lasts_s: int | str | None = 3599
    known: tuple[int, ...] = (1, 2)  # the keys of the account that work
    claims: list[dict] = field(default_factory=list)
    key_ids: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    certificate: tuple[Path, Path] | None = None  # and its key: over TLS

    def __post_init__(self):
        self.server = Provider(self.answer, *(self.certificate or ()))

    @property
    def uri(self) -> str:
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{self.server.port}/token"

    @property
    def asked(self) -> int:
        return len(self.server.requests)

    def key_file(self, number: int = 1, **changes) -> dict:
        """As Google's console gives it (google-auth 2.63.0 reads these members)."""
        return {
            "type": "service_account",
            "project_id": "their-project",
            "private_key_id": f"key-{number}",
            "private_key": pem_of(private_key(number)),
            "client_email": EMAIL,
            "client_id": "123456789012345678901",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": self.uri,
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/seller",
            "universe_domain": "googleapis.com",
        } | changes

    def write(self, path: Path, number: int = 1, **changes) -> Path:
        new = path.with_suffix(".new")
        new.write_text(json.dumps(self.key_file(number, **changes), indent=2))
        new.rename(path)
        return path

    def verify(self, body: bytes) -> dict | None:
        """The claims of a good assertion; None: its key does not work any more."""
        asked = parse_qs(body.decode(), strict_parsing=True)
        assert asked.keys() == {"grant_type", "assertion"}
        assert asked["grant_type"] == [GRANT]
        [assertion] = asked["assertion"]
        head = jwt.decode_header(assertion)
        assert (head["alg"], head["typ"]) == ("RS256", "JWT")
        self.key_ids.append(head["kid"])
        keys = {f"key-{number}": public_pem_of(number) for number in self.known}
        if head["kid"] not in keys:
            return None
        claims = jwt.decode(assertion, certs=keys, audience=self.uri)
        assert claims["iss"] == EMAIL
        assert claims["scope"] == SCOPE
        assert claims["exp"] - claims["iat"] == 3600
        return claims

    def grant(self) -> dict:
        # Google fills up the rest of a token with dots.
        token = f"ya29.c.token-{len(self.given) + 1}-{'x' * 900}" + "." * 60
        self.given.append(token)
        found = {"access_token": token, "token_type": "Bearer", "expires_in": self.lasts_s}
        return {name: value for name, value in found.items() if value is not None}

    async def answer(self, connection, request) -> None:
        assert request.line == "POST /token HTTP/1.1"
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        claims = await asyncio.to_thread(self.verify, request.body)
        if claims is None:
            error = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            await reply(400, json.dumps(error).encode())(connection, request)
            return
        self.claims.append(claims)
        await reply(200, json.dumps(self.grant()).encode())(connection, request)

    def stop(self) -> None:
        self.server.stop()
        assert not self.server.failures, self.server.failures
