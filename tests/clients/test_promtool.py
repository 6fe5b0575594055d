"""What we give Prometheus and Grafana, judged by its own promtool: Debian's, or the newest."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from gateway import ROOT
from monitored import ALERT_TESTS, ALERTS, alert_rules, dashboard_expressions, page_of, use

DEBIANS = Path(os.environ.get("PROMTOOL") or ROOT / "build/promtool/promtool")
NEWEST = Path(os.environ["CLIENTS"]) / "promtool-newest"


@pytest.fixture(params=[DEBIANS, pytest.param(NEWEST, marks=pytest.mark.long)],
                ids=["debian", "newest"])  # fmt: skip
def promtool(request):
    def run(*args, **how) -> str:
        command = [request.param, *args]
        ran = subprocess.run(
            command, capture_output=True, text=True, cwd=ALERTS.parent, timeout=60, **how
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    return run


def test_the_page(promtool, house, shared_provider):
    """What `check metrics` has to say of names and texts is a complaint, too."""
    use(house, shared_provider)
    assert promtool("check", "metrics", input=page_of(house)) == ""


def test_the_alarms(promtool):
    text = promtool("check", "rules", "--lint=all", "--lint-fatal", ALERTS)
    assert f"{len(alert_rules())} rules found" in text
    assert "SUCCESS" in promtool("test", "rules", ALERT_TESTS)


def test_each_alarm_is_seen_to_go_off_and_to_be_silent():
    """In alerts_test.yml, which the test above runs."""
    seen = {True: set(), False: set()}
    for test in yaml.safe_load(ALERT_TESTS.read_text())["tests"]:
        for case in test["alert_rule_test"]:
            seen[bool(case["exp_alerts"])].add(case["alertname"])
    assert seen[True] == seen[False] == {rule["alert"] for rule in alert_rules()}


def test_the_dashboards_expressions(promtool, tmp_path):
    rules = [
        {"record": f"panel:{number}", "expr": text}
        for number, text in enumerate(dashboard_expressions())
    ]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", path)
