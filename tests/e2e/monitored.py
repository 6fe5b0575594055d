"""What Prometheus and Grafana are given in packaging/, and pages of a gateway that has done enough
for each label to be there."""

import json
import re
from pathlib import Path

import answers
import httpx2 as httpx
import yaml
from answers import Usage
from rawhttp import chat_bytes

PACKAGING = Path(__file__).parents[2] / "packaging"
ALERTS = PACKAGING / "prometheus" / "alerts.yml"
ALERT_TESTS = PACKAGING / "prometheus" / "alerts_test.yml"
DASHBOARD = PACKAGING / "grafana" / "llm-gateway.json"

CALL = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"x"}],"max_tokens":100%s}'


def alert_rules() -> list[dict]:
    return [
        rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
    ]


def dashboard() -> dict:
    return json.loads(DASHBOARD.read_text())


def shown(expression: str) -> str:
    """An expression of the dashboard as Grafana asks for it."""
    expression = re.sub(r"\$__rate_interval|\$__range|\$__interval", "5m", expression)
    return re.sub(r"\$\w+", ".*", expression)


def dashboard_expressions() -> list[str]:
    board = dashboard()
    panels = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    return [shown(text) for text in panels + [a["expr"] for a in board["annotations"]["list"]]]


def metrics_of(gateway) -> httpx.Client:
    transport = httpx.HTTPTransport(uds=str(gateway.folder / "data/admin.sock"))
    return httpx.Client(base_url="http://admin", transport=transport, trust_env=False)


def page_of(gateway, accept: str = "text/plain") -> str:
    with metrics_of(gateway) as client:
        reply = client.get("/metrics", headers={"accept": accept})
    assert reply.status_code == 200
    return reply.text


def call(gateway, key: str, body: bytes = CALL % b""):
    """Ends when the call is counted, which is after its reply and before its line of the log."""
    with gateway.connect() as connection:
        connection.send(chat_bytes(key, body))
        reply = connection.read_reply()
    gateway.logs("exchange", request_id=reply.headers["x-request-id"])
    return reply


def use(gateway, provider) -> None:
    """Makes calls of several kinds: answered, streamed, failed, refused."""
    customer = gateway.customer()
    usual = provider.answer
    provider.answer = answers.chat(usage=Usage(30, 20))
    assert call(gateway, customer.key).status == 200
    assert call(gateway, customer.key, CALL % b',"stream":true').status == 200
    provider.answer = answers.error(500, "It broke", None, "server_error")
    assert call(gateway, customer.key).status >= 500
    provider.answer = usual
    assert call(gateway, "llm_sk_none").status == 401
