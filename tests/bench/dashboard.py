"""What the pages of the dashboard ask for, of a ledger made by ledgers.py: as the customer with the
most records, and as the operator. The same paths and limits as in webui/src; what is a download
(CSV) is not among them, and not what leaves the ledger alone (models, policies, providers).
"""

import json
import time
from collections import defaultdict
from statistics import quantiles

from books import DAY_MS, identity
from ledgers import LARGEST, RARE_KEY, USUAL

HOUR_MS = DAY_MS // 24
ZONE_HOURS = 9  # the viewer's: a day does not begin when UTC's does
PERIODS = {"today": 1, "7 days": 7, "30 days": 30, "90 days": 90}


def text_of(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms / 1000))


def since(days):
    """`from` of a period that ends now: a midnight of the viewer's."""
    shift = ZONE_HOURS * HOUR_MS
    today = (int(time.time() * 1000) + shift) // DAY_MS * DAY_MS - shift
    return f"from={text_of(today - (days - 1) * DAY_MS)}"


def between(first_days, last_days):
    """A chosen time in the past, to the second."""
    now = int(time.time() * 1000)
    return f"from={text_of(now - first_days * DAY_MS)}&to={text_of(now - last_days * DAY_MS)}"


def usage_page():
    """Sums and filters of each period, and the tabs behind them."""
    zone = f"tz={ZONE_HOURS * 60}"
    for name, days in {**PERIODS, "a year": 365}.items():  # the last one chosen by its dates
        path = f"/api/usage/summary?{since(days)}"
        yield f"sums of {name}", f"{path}&by=model"
        yield f"filters of {name}", f"{path}&by=model,key"
        yield f"days of {name}", f"{path}&by=day&{zone}"
    month = since(30)
    yield "keys of 30 days, one model", f"/api/usage/summary?{month}&by=key&model=gpt-4o"
    yield "sums of a month long ago", f"/api/usage/summary?{between(230, 200)}&by=day,model"
    yield "sums of all time", "/api/usage/summary?by=model"
    yield "days of all time", "/api/usage/summary?by=day"


def records():
    """The tab of requests, in each order and with each filter."""
    path = "/api/usage?limit=50&totals=no"
    month, year = since(30), since(365)
    yield "records", f"{path}&{month}"
    yield "records of a month long ago", f"{path}&{between(230, 200)}"
    yield "records of a common model", f"{path}&{month}&model=gpt-4o"
    yield "records of a rare model", f"{path}&{year}&model=gpt-4"
    yield "records of a common key", f"{path}&{month}&key={identity('key', LARGEST)}"
    yield "records of a rare key", f"{path}&{year}&key={RARE_KEY}"
    yield "records that are not there", f"{path}&{year}&model=gpt-4o&key={RARE_KEY}"
    yield "records by cost, 7 days", f"{path}&{since(7)}&sort=cost"
    for sort in ("cost", "tokens", "duration"):
        yield f"records by {sort}", f"{path}&{month}&sort={sort}"
    yield "records by cost, one model", f"{path}&{month}&sort=cost&model=gpt-4o"
    yield "records of all time with their sums", "/api/usage?limit=50"
    yield "records, oldest first", "/api/usage?limit=50&sort=oldest&totals=no"


def customer_questions(size):
    """{name: path} of the customer's pages."""
    return {
        "who I am": "/api/auth/me",
        "balance": "/api/balance",
        "pulse": "/api/pulse",
        "keys": "/api/keys",
        "home: spending": f"/api/usage/summary?{since(30)}&by=day,model&tz={ZONE_HOURS * 60}",
        "home: latest": "/api/usage?limit=8&totals=no",
        **dict(usage_page()),
        **dict(records()),
        "one request": f"/api/usage/{identity('req', size // 20 * 10)}",
        "history of credits": "/api/transfers?kind=all&limit=50",
        "top-ups": "/api/transfers?kind=credits&limit=50",
    }


def sales():
    """The overview: totals, chart and table of each period."""
    zone = f"tz={ZONE_HOURS * 60}"
    for name, days in PERIODS.items():
        for by in ("provider", "day,model", "model", "customer"):
            yield f"sales of {name} by {by}", f"/api/admin/sales?{since(days)}&{zone}&by={by}"


def operator_questions(size):
    """{name: path} of the operator's pages."""
    largest, usual = identity("user", LARGEST), identity("user", USUAL)
    return {
        "live": "/api/admin/live",
        **dict(sales()),
        "customers": "/api/admin/users?limit=50",
        "customers, one searched": f"/api/admin/users?limit=50&search=bench{USUAL}@",
        "customers, none found": "/api/admin/users?limit=50&search=nobody",
        "one customer": f"/api/admin/users/{largest}",
        "a customer's keys": f"/api/admin/keys?user_id={largest}",
        "a customer's records": f"/api/admin/usage?limit=25&totals=no&user_id={largest}",
        "a customer's sums": f"/api/admin/usage/summary?by=day&user_id={largest}&{since(30)}",
        "a customer's history": f"/api/admin/transfers?limit=25&user_id={largest}",
        "a usual customer's history": f"/api/admin/transfers?limit=25&user_id={usual}",
        "a customer's request": f"/api/admin/usage/{identity('req', size // 20 * 10 + 1)}",
        "audit log": "/api/admin/audit?limit=50",
        "audit log of one": f"/api/admin/audit?limit=50&user_id={largest}",
    }


class Asked:
    """How long each question took, and which ones failed; those are not repeated."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.taken_ms = defaultdict(list)
        self.failed = {}

    def _get(self, name, path, cookie):
        begun = time.perf_counter()
        status, body = self.gateway.get(path, Cookie=cookie)
        self.taken_ms[name].append((time.perf_counter() - begun) * 1000)
        if status != 200:
            self.failed[name] = body
            return {}
        return json.loads(body)

    def ask(self, name, path, cookie):
        """And for the next page, where there is one."""
        cursor = self._get(name, path, cookie).get("next_cursor")
        if cursor:
            self._get(f"{name}: next page", f"{path}&cursor={cursor}", cookie)


def ask(gateway, cookies, size, times):
    """`cookies` of the customer and of the operator; `size` is the ledger's."""
    asked = Asked(gateway)
    questions = [
        (name, path, cookie)
        for cookie, asking in zip(cookies, (customer_questions, operator_questions), strict=True)
        for name, path in asking(size).items()
    ]
    for _ in range(times):
        for name, path, cookie in questions:
            if name not in asked.failed:
                asked.ask(name, path, cookie)
    return asked


def p99(values):
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[98]


def add_figures(figures, asked):
    everything = [ms for values in asked.taken_ms.values() for ms in values]
    figures.add("dashboard queries p99", p99(everything), "ms", must=50, aim=5)
    figures.add("dashboard queries p50", quantiles(everything, n=2)[0], "ms")
    figures.add("dashboard queries that failed", len(asked.failed), must=0, aim=0)
    for name, values in asked.taken_ms.items():
        figures.add(f"p99 of {name}", p99(values), "ms")
