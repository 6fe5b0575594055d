"""Models of the catalogue that search in each call."""

import answers
from answers import Usage
from prices import usd
from test_catalog import idle, sell, selling  # noqa: F401


def test_a_search_that_nobody_counts_is_charged(selling, provider):  # noqa: F811
    """OpenAI's models for searches bill one for each chat completion, and their usage has none."""
    sell(selling, 'm = sell("gpt-search-preview", { web_search_max = 3 }),')
    selling.start()
    customer = selling.customer()
    provider.answer = answers.chat(usage=Usage(1000, 500))
    before = customer.balance
    assert customer.ask("m").status_code == 200
    record = customer.wait_for_record()
    detail = customer.call("GET", f"/usage/{record['id']}", 200)
    lines = {line["kind"]: line["quantity"] for line in detail["charge"]["lines"]}
    assert lines["web_search"] == 1
    assert before - customer.balance > usd("0.01")
    selling.stop()
