"""The shape that every error of the gateway must have (docs/API.md, Errors)."""

import re

import httpx2 as httpx
from gateway import UPSTREAM_KEY

MEMBERS = {"message", "type", "param", "code"}


def code_of(body: dict) -> str:
    """The gateway's code in an error, in whatever dialect it is written."""
    error = body["error"]
    if "status" not in error:
        return error["code"]
    reason = error["details"][0]["reason"]
    assert re.fullmatch("[A-Z][A-Z0-9_]*[A-Z0-9]", reason), "AIP-193"
    return reason.lower()


def check_error(
    response,
    status: int,
    code: str | None = None,
    *,
    param: str | None = None,
    retry: bool | None = None,
    on_api: bool = True,
) -> dict:
    """`response` is httpx's or rawhttp's. Returns the error object."""
    got = getattr(response, "status_code", None) or response.status
    body = response.json() if isinstance(response, httpx.Response) else response.json
    text = str(body)
    assert got == status, f"{got}: {text}"
    assert response.headers["content-type"].startswith("application/json")
    error = body["error"]
    assert MEMBERS <= error.keys() <= MEMBERS | {"metadata"}, error
    assert isinstance(error["message"], str)
    assert error["message"]
    assert isinstance(error["type"], str)
    assert UPSTREAM_KEY not in text
    assert "secret" not in text.replace("client_secret", "")
    if code is not None:
        assert error["code"] == code, error
    if param is not None:
        assert error["param"] == param, error
    if retry is not None:
        assert response.headers.get("x-should-retry") == str(retry).lower()
    if on_api:
        assert response.headers["x-request-id"]
    return error
