"""Recorded calls of all kinds, and `llm-gateway replay` over them."""

import json
import os
import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import answers
from answers import Chat, Usage
from customer import question_of
from gateway import Gateway
from policies import Lua
from prices import Price
from tables import await_tables
from test_metering import PNG

NOTHING = "0.000000000"
SEED = 7  # with it, 300 calls are of all kinds; GW_SEED tries others
PRICE, DEAR = Price("1.25", "10", "0.125"), Price("1.3", "10.5", "0.13")
WHEN = Lua(
    """{
    { prompt_above = 1000, input = "2.5", output = "15", cached_input = "0.25" },
    { service_tier = "flex", factor = "0.5" },
    { service_tier = { "priority", "fast" }, factor = "2.000001" },
    { speed = "fast", factor = "3" },
    { region = "us", factor = "1.1" },
}"""
)
UNITS = {"cache_write": "1.5625", "cache_write_long": "2.5", "audio_input": "40",
         "reasoning": "12", "web_search": "0.01", "request": "0.0003"}  # fmt: skip
MARGINS = """return {
    default = "20%",
    models = { two = "33.3333%" },
    groups = {
        vip = { default = "5%", models = { long = "0.0001%" } },
        slow = "250%",
    },
}
"""
# Three of the hours of today in Shanghai, so that all calls are in them whenever the test runs.
NOW = datetime.now(ZoneInfo("Asia/Shanghai"))
FIRST, LAST = NOW - timedelta(hours=1), NOW + timedelta(hours=2)
HOURS = f'hours = "{FIRST:%H}:30-{LAST:%H}:30", zone = "Asia/Shanghai"'
GROUPS = ("", "vip", "slow")
TIERS = (None, "flex", "priority", "fast", "scale")


def sell(policies) -> None:
    policies.provider("second")
    policies.model("plain", Price("0.333333", "0.777777", "0.111111"))
    policies.model("long", PRICE, when=WHEN)
    policies.model("units", PRICE, web_search_max=5, capabilities=["audio"],
                   allow=["tools.web_search"], **UNITS)  # fmt: skip
    dear = {"provider": "second", "model": "two-there", "input": DEAR.input,
            "output": DEAR.output, "cached_input": DEAR.cached}  # fmt: skip
    policies.model("two", PRICE, candidates=[{"provider": "openai"}, dear])
    policies.model("each", PRICE, price_by="candidate", candidates=[{"provider": "openai"}, dear])
    policies.provider("tells", cost=Lua('{ path = "usage.cost" }'))
    policies.model("stated", PRICE, providers=("tells",))
    policies.model("by-cost", PRICE, providers=("tells",), price_by="cost")
    policies.model("clock", PRICE, when=Lua(
        f'{{ {{ {HOURS}, input = "1" }}, {{ from = "2026-01-01", factor = "0.9" }},'
        ' { choice = "streamed", factor = "0.8" } }'), choose=Lua(
        'function(request) return request.stream and "streamed" or nil end'))  # fmt: skip
    policies.model("search", PRICE, web_search="0.012", web_search_max=5, allow=["web_search"],
                   when=Lua('{ { search_context = "low", web_search = "0.01" },'
                            ' { search_context = "high", web_search = "0.014" } }'))  # fmt: skip
    policies.model("draw", PRICE, image="0.04", image_max=3, when=Lua(
        '{ { size = { "2K", "4K" }, image = "0.08" },'
        ' { size = "4K", quality = "low", image = "0.20" } }'))  # fmt: skip
    policies.model("tight", PRICE, context=2000, max_output=100)
    policies.write("margins", MARGINS)
    policies.write("examples", "return {}\n")


class Calls:
    """Random calls of all kinds. Each leaves a record; most are charged."""

    def __init__(self, provider, customers, make_customer, rng: random.Random):
        self.provider, self.customers, self.rng = provider, customers, rng
        self.make_customer = make_customer

    def usage(self, prompt_max: int = 3000) -> Usage:
        prompt = self.rng.randint(1, prompt_max)
        completion = self.rng.randint(5, 60)
        return Usage(prompt, completion, cached=self.rng.choice([0, self.rng.randint(0, prompt)]),
                     reasoning=self.rng.choice([0, self.rng.randint(0, completion)]))  # fmt: skip

    def ask(self, model: str, answer, **fields) -> None:
        self.provider.answer = answer
        messages = question_of(3500)
        customer = self.rng.choice(self.customers)
        customer.post({"model": model, "messages": messages, "max_tokens": 80,
                       "stream": self.rng.random() < 0.5} | fields)  # fmt: skip

    def plain(self) -> None:
        model = self.rng.choice(["plain", "long", "two", "each"])
        self.ask(model, answers.chat(usage=self.usage(), usage_in_chunks="always"))

    def uncounted(self) -> None:
        self.ask(self.rng.choice(["plain", "units"]), answers.chat(usage=None))

    def tier(self) -> None:
        """The answer names what was asked for, another one, or one that no rule names."""
        said = {"service_tier": self.rng.choice(TIERS)}
        usage = self.usage().as_json() | self.rng.choice(
            [{}, {"speed": "fast"}, {"inference_geo": "us"}, {"inference_geo": "global"}]
        )
        asked = self.rng.choice([{}, {"service_tier": "flex"}, {"service_tier": "fast"}])
        self.ask("long", answers.counted_as("hello world " * 8, usage, **said), **asked)

    def units(self) -> None:
        usage = self.usage().as_json()
        writes = self.rng.randint(0, usage["prompt_tokens"])
        usage["prompt_tokens_details"] |= {"cache_write_tokens": writes}
        usage["server_tool_use"] = {"web_search_requests": self.rng.randint(0, 8)}
        tools = [{"type": "web_search"}]
        self.ask("units", answers.counted_as("hello world " * 8, usage), tools=tools)

    def stated(self) -> None:
        """The provider says what it charges, or not, or nonsense."""
        said = self.rng.choice([{}, {"cost": 0}, {"cost": 10**6},
                                {"cost": self.rng.randint(1, 10**6) / 10**8}])  # fmt: skip
        usage = self.usage().as_json() | said
        model = self.rng.choice(["stated", "by-cost"])
        self.ask(model, answers.counted_as("hello world " * 8, usage))

    def conditions(self) -> None:
        """By the clock, by choice, by what the request says of its searches and pictures."""
        usage = self.usage().as_json() | {"server_tool_use": {"web_search_requests": 2}}
        picture = {"type": "image_url", "image_url": {"url": PNG}}
        drawn = {"role": "assistant", "content": "Here.", "images": [picture]}
        body = {"choices": [{"index": 0, "message": drawn, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5}}  # fmt: skip
        text = answers.counted_as("hello world " * 8, usage)
        context = self.rng.choice(["low", "medium", "high"])
        size = self.rng.choice([{}, {"size": "2K"}, {"size": "4K", "quality": "low"}])
        self.rng.choice([
            lambda: self.ask("clock", text),
            lambda: self.ask("search", text, web_search_options={"search_context_size": context}),
            lambda: self.ask("draw", answers.reply(200, json.dumps(body).encode()),
                             stream=False, **size),
        ])()  # fmt: skip

    def failover(self) -> None:
        self.provider.then(answers.error(500, "no", None, "server_error"))
        self.ask(self.rng.choice(["two", "each"]),
                 answers.chat(usage=self.usage(), usage_in_chunks="always"))  # fmt: skip

    def failure(self) -> None:
        self.ask("plain", answers.error(500, "no", None, "server_error"))

    def cut(self) -> None:
        events = Chat(usage=self.usage()).events({"model": "m"})
        ending = self.rng.choice(["cut", "reset"])
        self.ask(self.rng.choice(["plain", "long", "units"]),
                 answers.stream(events[:4], ending=ending), stream=True)  # fmt: skip

    def overrun(self) -> None:
        """More than the model allows: the operator pays the rest."""
        usage = Usage(self.rng.randint(2001, 10**6), self.rng.randint(5, 3000))
        self.ask("tight", answers.chat(usage=usage, usage_in_chunks="always"), max_tokens=20)

    def broke(self) -> None:
        """More than the hold foresaw, and the wallet has no more: the operator pays the rest."""
        poor = self.make_customer("0.005")
        self.provider.answer = answers.chat(usage=Usage(self.rng.randint(10_000, 90_000), 3))
        poor.ask("plain", max_tokens=10)
        poor.wait_for_no_hold()

    def make(self, count: int) -> None:
        kinds = [self.plain, self.tier, self.units, self.failover, self.cut, self.uncounted,
                 self.overrun, self.stated, self.conditions, self.failure, self.broke]  # fmt: skip
        for number in range(count):
            (kinds[number] if number < len(kinds) else self.rng.choice(kinds[:9]))()


def customers_of(gateway: Gateway, admin) -> list:
    customers = []
    for group in GROUPS:
        customer = gateway.customer(credit="100")
        user_id = customer.call("GET", "/auth/me", 200)["user"]["id"]
        if group:
            admin.call("PATCH", f"/admin/users/{user_id}", 200, json={"group": group})
        customers.append(customer)
    gateway.customers.clear()
    return customers


def replay(gateway: Gateway, *args: str, status: int | None = 0) -> dict:
    result = gateway.command("replay", "--json", *args)
    assert status in (None, result.returncode), (
        f"{result.returncode}: {result.stderr} {result.stdout}"
    )
    return json.loads(result.stdout)


def groups_of(answer: dict) -> list[dict]:
    return [answer["totals"], *answer["models"], *answer["customers"], *answer["days"]]


def rows_of(gateway: Gateway, where: str = "1") -> list[dict]:
    await_tables(gateway.database)
    with closing(sqlite3.connect(gateway.database)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(f"SELECT * FROM usage WHERE {where}")]


def usd(nusd: int) -> str:
    sign, nusd = ("-" if nusd < 0 else ""), abs(nusd)
    return f"{sign}{nusd // 10**9}.{nusd % 10**9:09}"


def nusd(text: str) -> int:
    return int(Decimal(text) * 10**9)


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / f"{name}.lua"
    text = path.read_text()
    assert text.count(old) >= 1, f"{name}.lua has no {old!r}"
    path.write_text(text.replace(old, new))


def time_of(ms: int) -> str:
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{ms % 1000:03}Z"


def start(gateway: Gateway, provider, count: int) -> Gateway:
    """With that many random records; gateway.admin is its operator."""
    provider.reset()
    sell(gateway.policies)
    gateway.start()
    gateway.admin = make_admin(gateway, "replay@example.com")
    customers = customers_of(gateway, gateway.admin)
    seed = int(os.environ.get("GW_SEED") or SEED)
    print(f"GW_SEED={seed}")
    calls = Calls(provider, customers, gateway.customer, random.Random(seed))
    calls.make(count)
    for customer in customers:
        customer.wait_for_no_hold()
    gateway.customers.clear()
    provider.failures.clear()
    return gateway


def make_admin(gateway: Gateway, email: str):
    admin = gateway.customer()
    admin.email, admin.password = email, gateway.value_of("user", "create", email, "--admin")
    admin.sign_in()
    return admin
