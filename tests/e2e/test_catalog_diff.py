"""`llm-gateway catalog diff`: what a newer price file changes, by model and in money."""

import json
import resource
from fractions import Fraction

import answers
from test_catalog import PLAIN, idle, price_file, sell, selling  # noqa: F401


def newer_file(tmp_path, **changes) -> str:
    """The price file of `selling`, with other prices of gpt-tiers, and one model more and less."""
    models = json.loads((tmp_path / "prices.json").read_text())
    del models["away/gemini-large"]
    models["gpt-new"] = PLAIN
    models["gpt-tiers"].update(changes)
    return str(price_file(tmp_path, {k: texts(v) for k, v in models.items()}, "newer.json"))


def texts(value):
    """Numbers as texts again, for `dump`."""
    if isinstance(value, dict):
        return {key: texts(item) for key, item in value.items()}
    return repr(value) if isinstance(value, float) else value


def test_diff_says_what_a_newer_file_changes(selling, tmp_path):  # noqa: F811
    path = newer_file(tmp_path, input_cost_per_token="2e-07",
                      output_cost_per_token_priority="1e-06")  # fmt: skip
    result = selling.command("catalog", "diff", path)
    assert result.returncode == 1, result.stderr
    for line in (
        "away/gemini-large: is gone",
        "gpt-new: is new",
        "gpt-tiers: input 0.15 -> 0.2 (+33.33%)",
        "gpt-tiers: output (service tier priority/fast) 1.2 -> 1 (-16.67%)",
    ):
        assert line in result.stdout.splitlines(), result.stdout
    assert "money: there is no database yet" in result.stdout


def limit_files() -> None:
    """No file may be larger: as if the disk were full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


def test_diff_leaves_nothing_behind(selling, tmp_path, monkeypatch):  # noqa: F811
    """Its folder of policies is gone, also if it could not be written or took too long."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setitem(selling.env, "TMPDIR", str(folder))
    assert selling.command("migrate").returncode == 0
    path = newer_file(tmp_path, input_cost_per_token="2e-07")
    full = selling.command("catalog", "diff", path, preexec_fn=limit_files)
    assert "cannot be written" in full.stdout, full
    assert list(folder.iterdir()) == []
    late = selling.command("catalog", "diff", path, "--timeout", "0")
    assert "money: the calls of 30 days took more than 0 s" in late.stdout, late
    assert "gpt-tiers: input 0.15 -> 0.2 (+33.33%)" in late.stdout
    assert list(folder.iterdir()) == []
    assert selling.command("catalog", "diff", path, "--timeout", "a").returncode != 0
    elsewhere = str(folder / ("x" * 300))
    monkeypatch.setitem(selling.env, "TMPDIR", elsewhere)
    assert "cannot be made" in selling.command("catalog", "diff", path).stdout


def test_diff_of_the_same_file_changes_nothing(selling, tmp_path):  # noqa: F811
    result = selling.command("catalog", "diff", str(tmp_path / "prices.json"))
    assert (result.returncode, result.stdout) == (0, "nothing changes\n"), result.stderr


def test_diff_without_a_catalogue_or_a_file_is_an_error(selling, tmp_path):  # noqa: F811
    assert selling.command("catalog", "diff", str(tmp_path / "no.json")).returncode == 2
    selling.policies.path("catalog").unlink()
    result = selling.command("catalog", "diff", str(tmp_path / "prices.json"))
    assert result.returncode == 2
    assert "catalog.lua: cannot be opened" in result.stderr


def test_diff_counts_in_money_of_last_month(selling, tmp_path, provider):  # noqa: F811
    """What was used, at the price of the file; a price that models.lua overrides costs the same."""
    sell(
        selling,
        'tiers = sell("gpt-tiers"),\n'
        'small = sell("gpt-small"),\n'
        'fixed = sell("gpt-tiers", { input = "0.15", output = "0.60", when = false }),',
    )
    selling.start()
    customer = selling.customer()
    for model, calls in {"tiers": 3, "small": 1, "fixed": 2}.items():
        for _ in range(calls):
            assert customer.ask(model=model).status_code == 200
    customer.wait_for_record(6)
    path = newer_file(tmp_path, input_cost_per_token="2e-07")
    result = selling.command("catalog", "diff", path, "--json")
    assert result.returncode == 1, result.stderr
    found = json.loads(result.stdout)
    prompt = 3 * answers.Usage().prompt
    assert [(each["model"], Fraction(each["difference"])) for each in found["money"]] == [
        ("tiers", Fraction(5, 100) * prompt / 10**6)
    ], found
    text = selling.command("catalog", "diff", path).stdout
    assert f"  tiers: {found['money'][0]['difference']} (" in text
    sell(selling, 'gone = sell("away/gemini-large", { candidates = { { provider = "demo" } } }),')
    text = selling.command("catalog", "diff", path).stdout
    assert "money: the policies do not load with it: models.lua:2" in text
    selling.stop()
