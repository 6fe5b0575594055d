"""One customer, through the outside only: an account of the dashboard's API, a key, the SDKs."""

import itertools
import os
from decimal import Decimal

import httpx2 as httpx
from openai import AsyncOpenAI, OpenAI
from prices import usd
from wait import wait_until

PASSWORD = "correct horse battery staple"
# Some gateways end an idle connection after 0.7 s; a request that is sent just then is lost.
KEPT_BRIEFLY = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=0.3)
numbers = itertools.count(1)
QUESTION = ({"role": "user", "content": "Hello!"},)


def question_of(tokens: int) -> list[dict]:
    """Messages in which a provider may count that many tokens: no token is shorter than a byte."""
    return [{"role": "user", "content": "word " * (tokens // 5 + 1)}]


class Customer:
    def __init__(self, gateway):
        self.gateway = gateway
        self.email = f"user{next(numbers)}.{os.getpid()}@example.com"
        self.password = PASSWORD
        self.web = httpx.Client(
            base_url=gateway.origin + "/api",
            verify=False,
            timeout=30,
            trust_env=False,
            limits=KEPT_BRIEFLY,
        )
        self.key = ""
        self.key_id = ""

    # ---- the dashboard ----

    def call(self, method: str, path: str, status: int, **how) -> dict:
        response = self.web.request(method, path, **how)
        assert response.status_code == status, f"{path}: {response.status_code} {response.text}"
        return response.json() if response.content else {}

    def sign_up(self) -> dict:
        body = {"email": self.email, "password": self.password}
        return self.call("POST", "/auth/signup", 201, json=body)

    def sign_in(self) -> dict:
        body = {"email": self.email, "password": self.password}
        return self.call("POST", "/auth/signin", 200, json=body)

    def charge(self, amount: str) -> dict:
        return self.call("POST", "/balance/charge", 201, json={"amount": amount})

    def create_key(self, name: str = "test", **fields) -> str:
        """The newest key becomes the customer's."""
        made = self.call("POST", "/keys", 201, json={"name": name, **fields})
        self.key = made["key"]
        self.key_id = made["data"]["id"]
        return self.key

    def delete_key(self, key_id: str | None = None) -> None:
        self.call("DELETE", f"/keys/{key_id or self.key_id}", 204)

    def wallet(self) -> dict:
        return self.call("GET", "/balance", 200)

    @property
    def balance(self) -> Decimal:
        return usd(self.wallet()["balance"])

    def wait_for_balance(self, amount: Decimal) -> None:
        """What a command wrote beside the gateway is known to it within 100 ms."""
        wait_until(lambda: self.balance == amount, 5, f"{amount} instead of {self.balance}")

    def wait_for_no_hold(self) -> None:
        wait_until(lambda: usd(self.wallet()["held"]) == 0, 10, f"no open hold of {self.email}")

    def records(self) -> list[dict]:
        """Usage, newest first."""
        return self.call("GET", "/usage", 200)["data"]

    def all_records(self) -> list[dict]:
        """Usage of whatever length, newest first."""
        records, cursor = [], None
        while True:
            params = {"limit": 1000} | ({"cursor": cursor} if cursor else {})
            page = self.call("GET", "/usage", 200, params=params)
            records += page["data"]
            cursor = page["next_cursor"]
            if not cursor:
                return records

    def wait_for_record(self, count: int = 1) -> dict:
        """The newest record, once there are that many."""
        wait_until(lambda: len(self.records()) >= count, 10, f"{count} usage records")
        return self.records()[0]

    def wait_for_refusal(self, request_id: str) -> dict:
        """It is written some time after the reply that tells it."""

        def found() -> list[dict]:
            noted = self.call("GET", "/refusals", 200)["data"]
            return [one for one in noted if one["id"] == request_id]

        return wait_until(found, what=f"the refusal {request_id}")[0]

    # ---- the API ----

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def get(self, path: str, **how) -> httpx.Response:
        return self.gateway.http.get("/api/v1" + path, headers=self.authorization, **how)

    def post(self, body: bytes | dict, path: str = "/chat/completions", **how) -> httpx.Response:
        """A chat completion; bytes are sent as they are."""
        headers = {"Content-Type": "application/json", **self.authorization}
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        headers |= how.pop("headers", {})
        return self.gateway.http.post("/api/v1" + path, headers=headers, **content, **how)

    def ask(self, model: str = "gpt-4o-mini", **fields) -> httpx.Response:
        return self.post({"model": model, "messages": list(QUESTION), **fields})

    def openai(self, **how) -> OpenAI:
        return OpenAI(
            **{"api_key": self.key, "base_url": self.gateway.api, "max_retries": 0, **how}
        )

    def async_openai(self, **how) -> AsyncOpenAI:
        return AsyncOpenAI(
            **{"api_key": self.key, "base_url": self.gateway.api, "max_retries": 0, **how}
        )
