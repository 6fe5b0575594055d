"""Models with prices under conditions, made at random, and what a call of them costs: computed here
in exact fractions from what docs/POLICIES.md says, with the clocks of Python's zoneinfo."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil
from zoneinfo import ZoneInfo

from policies import Lua, lua

# Each unit, in the order in which it may be the fallback of later ones: (its fallback, a part of
# the prompt, priced one by one).
UNITS = {
    "input": (None, True, False),
    "cached_input": ("input", True, False),
    "output": (None, False, False),
    "cache_write": ("input", True, False),
    "cache_write_long": ("cache_write", True, False),
    "audio_input": ("input", True, False),
    "image_input": ("input", True, False),
    "reasoning": ("output", False, False),
    "audio_output": ("output", False, False),
    "image_output": ("output", False, False),
    "cached_audio_input": ("cached_input", True, False),
    "cached_image_input": ("cached_input", True, False),
    "web_search": (None, False, True),
    "request": (None, False, True),
    "image": (None, False, True),
    "second": (None, False, True),
    "character": (None, False, True),
    "page": (None, False, True),
    "session": (None, False, True),
    "file_search": (None, False, True),
    "maps_search": (None, False, True),
}
SINGLE = [name for name, (_, _, single) in UNITS.items() if single]
WORDS = {
    "service_tier": ["flex", "priority", "ultrafast"],
    "speed": ["fast", "slow"],
    "region": ["us", "eu-west.1"],
    "choice": ["short", "friends"],
    "search_context": ["low", "medium", "high"],
    "size": ["1K", "4K"],
    "quality": ["hd", "low"],
    "resolution": ["720p", "4k"],
}
PLAIN = {"service_tier": ["default", "auto", "STANDARD"], "speed": ["standard"],
         "region": ["global"], "size": ["2K"]}  # fmt: skip
SERVED = ("service_tier", "speed", "region")  # `price` takes only those that a rule names
ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Dublin",
         "America/St_Johns", "Pacific/Chatham", "Asia/Shanghai", "America/Santiago"]  # fmt: skip
MARGINS = ["0%", "20%", "12.5%", "7.1234%", "0.0001%", "250%"]
GROUPS = [None, "partners"]
DAY_MINUTES = 24 * 60
RULES_MAX = 32  # each name counted
SINCE = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 1500


@dataclass
class Rule:
    words: dict[str, list[str]] = field(default_factory=dict)
    prompt_above: int | None = None
    hours: tuple[int, int] | None = None
    weekdays: list[int] | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    prices: dict[str, str] = field(default_factory=dict)
    factor: str | None = None

    def times(self):
        return self.hours, self.weekdays, self.begins, self.ends

    def excludes(self, other: "Rule") -> bool:
        return any(not set(names) & set(other.words.get(word, names))
                   for word, names in self.words.items())  # fmt: skip

    def is_stricter(self, other: "Rule") -> bool:
        """Surely: some that are stricter by their times are not seen."""
        narrower = all(set(self.words.get(word, [""])) <= set(names)
                       for word, names in other.words.items())  # fmt: skip
        above = other.prompt_above is None or (
            self.prompt_above is not None and self.prompt_above >= other.prompt_above
        )
        return narrower and above and other.times() in [self.times(), (None,) * 4]

    def text(self, zone: str) -> str:
        members: dict[str, object] = {}
        for word, names in self.words.items():
            members[word] = names[0] if len(names) == 1 else names
        if self.prompt_above is not None:
            members["prompt_above"] = self.prompt_above
        if self.hours is not None:
            first, last = (f"{m // 60:02}:{m % 60:02}" for m in self.hours)
            members["hours"] = f"{first}-{last}"
        if self.weekdays is not None:
            members["weekdays"] = self.weekdays
        if self.hours or self.weekdays:
            members["zone"] = zone
        for name, moment in (("from", self.begins), ("until", self.ends)):
            if moment is not None:
                members[name] = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        return lua(members | self.prices | ({"factor": self.factor} if self.factor else {}))

    # ---- whether it holds ----

    def is_in_hours(self, local: datetime) -> bool:
        first, last = self.hours or (0, DAY_MINUTES)
        minute = local.hour * 60 + local.minute
        begun = local.date()
        if first < last:
            held = first <= minute < last
        else:
            held = minute >= first or minute < last
            if minute < last:
                begun -= timedelta(days=1)
        return held and (self.weekdays is None or begun.isoweekday() in self.weekdays)

    def holds(self, call: dict, prompt: int, zone: str) -> bool:
        said = {word: call.get(word, "").lower() for word in WORDS}
        if any(said[word] not in [name.lower() for name in names]
               for word, names in self.words.items()):  # fmt: skip
            return False
        at = call["moment"]
        if (self.begins and at < self.begins) or (self.ends and at >= self.ends):
            return False
        if self.prompt_above is not None and prompt <= self.prompt_above:
            return False
        return not (self.hours or self.weekdays) or self.is_in_hours(at.astimezone(ZoneInfo(zone)))


@dataclass
class Offer:
    """A candidate: prices of its own, or the model's."""

    provider: str
    prices: dict[str, str] | None = None
    rules: list[Rule] | None = None


@dataclass
class Model:
    name: str
    zone: str
    prices: dict[str, str]
    rules: list[Rule]
    offers: list[Offer]
    price_by: str
    margins: dict[str | None, str]  # by group

    def text(self) -> str:
        members = {"context": 1000000, "max_output": 64000, "price_by": self.price_by}
        members |= {f"{name}_max": 1000 for name in SINGLE if name != "request"}
        offers = []
        for i, offer in enumerate(self.offers):
            entry = {"provider": offer.provider} | (offer.prices or {})
            entry |= {"allow_loss": True} if i > 0 else {}
            offers.append(entry | self._when(offer.rules))
        members |= self.prices | self._when(self.rules) | {"candidates": offers}
        if any("choice" in rule.words for rule in self._all_rules()):
            members["choose"] = Lua("function() return nil end")
        return lua(members)

    def _all_rules(self) -> list[Rule]:
        own = [rule for offer in self.offers for rule in offer.rules or []]
        first = self.offers[0]
        sold = self.rules if first.rules is None and first.prices is None else []
        shared = any(offer.rules is None and offer.prices is None for offer in self.offers)
        return own + sold + (self.rules if shared else [])

    def _when(self, rules: list[Rule] | None) -> dict:
        if not rules:
            return {}
        return {"when": Lua("{ " + ", ".join(rule.text(self.zone) for rule in rules) + " }")}

    # ---- what a call costs ----

    def _list_of(self, offer: Offer) -> dict[str, Fraction]:
        """What the offer states, in pico-dollars for one."""
        stated = dict(self.prices if offer.prices is None else offer.prices)
        if offer.prices is not None:
            stated |= {name: self.prices[name] for name in SINGLE
                       if name in self.prices and name not in stated}  # fmt: skip
        return {name: pico(name, text) for name, text in stated.items()}

    def _rules_of(self, offer: Offer) -> list[Rule]:
        if offer.rules is not None:
            return offer.rules
        return self.rules if offer.prices is None else []

    def charge(self, call: dict) -> tuple[int, int]:
        """What is paid and what is asked, in nano-dollars."""
        offer = next(o for o in self.offers if call.get("provider") in (None, o.provider))
        seller = offer if self.price_by == "candidate" else self.offers[0]
        units = {name for each in self.offers for name in self._list_of(each)} | {"cached_input"}
        counts = fold(call["usage"], units)
        prompt = sum(count for name, count in counts.items() if UNITS[name][1])
        margin = Fraction(self.margins[call.get("group")].rstrip("%")) / 100
        amounts = []
        for side, factor in ((offer, Fraction(1)), (seller, 1 + margin)):
            rules = [rule for rule in self._rules_of(side) if rule.holds(call, prompt, self.zone)]
            prices = apply(rules, self._list_of(side), units)
            total = sum(prices[name] * count for name, count in counts.items())
            amounts.append(ceil(total * factor / 1000))
        return amounts[0], amounts[1]


def pico(name: str, text: str) -> Fraction:
    return Fraction(text) * (10**12 if UNITS[name][2] else 10**6)


def fold(usage: dict[str, int], units: set[str]) -> dict[str, int]:
    """The quantities where their prices are."""
    counts: dict[str, int] = {"request": 1} if "request" in units else {}
    for name, quantity in usage.items():
        place: str | None = name
        while place is not None and place not in units:
            place = UNITS[place][0]
        if place is not None and place != "request":
            counts[place] = counts.get(place, 0) + quantity
    return counts


def complete(own: dict[str, Fraction], units: set[str]) -> dict[str, Fraction]:
    prices: dict[str, Fraction] = {}
    for name, (_fallback, _, _) in UNITS.items():
        at: str | None = name
        while at is not None and at not in own:
            at = UNITS[at][0]
        if name in units:
            prices[name] = own[at] if at is not None else Fraction(0)
    return prices


def ancestors(name: str) -> list[str]:
    fallback = UNITS[name][0]
    return [] if fallback is None else [fallback, *ancestors(fallback)]


def dearer(own: dict[str, Fraction], plain: dict[str, Fraction], last: dict[str, int]) -> None:
    """Parts of which the last rule that set their whole says nothing: in proportion to it."""
    for name in UNITS:
        wholes = [whole for whole in ancestors(name) if whole in own]
        newest = max((last.get(whole, -1) for whole in wholes), default=-1)
        if name not in own or newest <= last.get(name, -1) or plain[wholes[0]] == 0:
            continue
        share = Fraction(own[wholes[0]], plain[wholes[0]])
        own[name] = max(own[name], Fraction(ceil(plain[name] * share)))


def apply(rules: list[Rule], own: dict[str, Fraction], units: set[str]) -> dict[str, Fraction]:
    """The prices of all units under the rules that hold, each factor rounded up."""
    plain = complete(own, set(UNITS))
    own, last = dict(own), {}
    for number, rule in enumerate(rules):
        own |= {name: pico(name, text) for name, text in rule.prices.items()}
        last |= dict.fromkeys(rule.prices, number)
    dearer(own, plain, last)
    for rule in rules:
        if rule.factor:
            own = {name: Fraction(ceil(price * Fraction(rule.factor)))
                   for name, price in own.items()}  # fmt: skip
    return complete(own, units)


# ---- at random ----


def random_price(rng: random.Random, name: str) -> str:
    if rng.random() < 0.05:
        return "0"
    if UNITS[name][2]:
        return f"{rng.randrange(1, 10 ** rng.randrange(1, 10)) / 10**12:.12f}"
    return f"{rng.randrange(1, 10 ** rng.randrange(2, 9)) / 10**6:.6f}"


def random_prices(rng: random.Random) -> dict[str, str]:
    others = [name for name in UNITS if name not in ("input", "output")]
    chosen = rng.sample(others, rng.choice([0, 1, 2, 5, len(others)]))
    return {name: random_price(rng, name) for name in ["input", "output", *chosen]}


def random_moment(rng: random.Random) -> datetime:
    return SINCE + timedelta(seconds=rng.randrange(DAYS * 86400))


def random_conditions(rng: random.Random, steps: list[int]) -> Rule:
    rule = Rule()
    for word in rng.sample(list(WORDS), rng.choice([0, 0, 1, 1, 2])):
        rule.words[word] = rng.sample(WORDS[word], rng.choice([1, 1, 2]))
    if rng.random() < 0.35:
        rule.prompt_above = rng.choice(steps)
    if rng.random() < 0.3:
        first, last = rng.sample(range(0, DAY_MINUTES, rng.choice([1, 15, 60])), 2)
        rule.hours = (first, last or DAY_MINUTES)
    if rng.random() < 0.2:
        rule.weekdays = sorted(rng.sample(range(1, 8), rng.randrange(1, 7)))
    if rng.random() < 0.25:
        begins, ends = sorted((random_moment(rng), random_moment(rng)))
        rule.begins = rng.choice([begins, None])
        rule.ends = ends if rule.begins is None or rng.random() < 0.5 else None
    if rule == Rule():
        rule.prompt_above = rng.choice(steps)
    return rule


def both(one: Rule, other: Rule) -> Rule | None:
    """The rule for the calls of both, where the load knows it for that."""
    if one.times() != (None,) * 4 and other.times() != (None,) * 4 and one.times() != other.times():
        return None
    above = [rule.prompt_above for rule in (one, other) if rule.prompt_above is not None]
    timed = one if one.times() != (None,) * 4 else other
    words = one.words | {word: sorted(set(names) & set(one.words.get(word, names)))
                         for word, names in other.words.items()}  # fmt: skip
    return Rule(words, max(above, default=None), *timed.times())


def random_rules(rng: random.Random, base: dict[str, str], steps: list[int]) -> list[Rule]:
    """Their order is clear: a later rule is stricter, or excludes the earlier ones that set the
    same price, or a third one behind them is about the calls of both."""
    rules: list[Rule] = []
    for _ in range(rng.choice([0, 1, 2, 4, 7])):
        rule = random_conditions(rng, steps)
        wanted = rng.sample(list(base), rng.randrange(1, len(base) + 1))
        clear = [name for name in wanted
                 if all(name not in earlier.prices or rule.excludes(earlier)
                        or rule.is_stricter(earlier) for earlier in rules)]  # fmt: skip
        rule.prices = {name: random_price(rng, name) for name in clear}
        if clear:
            rules.append(rule)
    if len(rules) == 1 and rng.random() < 0.7:  # two that overlap, and a third that settles it
        other = random_conditions(rng, steps)
        third = both(rules[0], other)
        if third is not None and not other.excludes(rules[0]):
            other.prices = {name: random_price(rng, name) for name in rules[0].prices}
            third.prices = {name: random_price(rng, name) for name in rules[0].prices}
            rules += [other, third]
    for _ in range(rng.choice([0, 0, 1, 2, 3])):
        rule = random_conditions(rng, steps)
        rule.factor = rng.choice(["0.5", "2", "1.1", "0.333333", "6", "0.000001", "1.000001"])
        rules.append(rule)
    too_many = sum(combinations(rule) for rule in rules) > RULES_MAX
    return [] if too_many or are_too_dear(rules, base) else rules


def are_too_dear(rules: list[Rule], base: dict[str, str]) -> bool:
    """Whether a part might cost more, as its whole does, than the load allows."""
    plain = {name: pico(name, text) for name, text in base.items()}
    shares = [pico(whole, rule.prices[whole]) / plain[whole] * plain[name]
              for rule in rules for name in base for whole in ancestors(name)
              if whole in rule.prices and plain[whole] > 0]  # fmt: skip
    return max(shares, default=0) > 10**9


def combinations(rule: Rule) -> int:
    count = 1
    for names in rule.words.values():
        count *= len(names)
    return count


def random_model(rng: random.Random, name: str, providers: list[str]) -> Model:
    steps = [0, 100, 5000, 272000]
    prices = random_prices(rng)
    rules = random_rules(rng, {"cached_input": prices["input"]} | prices, steps)
    offers = [Offer(providers[0])]
    if rng.random() < 0.2:
        offers[0] = Offer(providers[0], random_prices(rng))
    price_by = "candidate" if rng.random() < 0.2 else "first"
    for provider in providers[1 : rng.randrange(1, len(providers) + 1)]:
        offer = Offer(provider)
        if rng.random() < 0.8:
            offer.prices = random_prices(rng)
        if rng.random() < 0.6:
            known = dict(prices if offer.prices is None else offer.prices)
            own = {unit: price for unit, price in prices.items() if unit in SINGLE} | known
            offer.rules = random_rules(rng, {"cached_input": own["input"]} | own, steps) or None
        offers.append(offer)
    return Model(name, rng.choice(ZONES), prices, rules, offers, price_by,
                 {group: rng.choice(MARGINS) for group in GROUPS})  # fmt: skip


def change_of(rng: random.Random, rule: Rule, zone: str) -> datetime:
    """A moment at which the rule begins or ends to hold, or nearly."""
    at = random_moment(rng)
    if rule.hours and rng.random() < 0.8:
        minute = rng.choice(rule.hours) % DAY_MINUTES
        local = at.astimezone(ZoneInfo(zone)).replace(
            hour=minute // 60, minute=minute % 60, second=0)  # fmt: skip
        at = local.astimezone(UTC)
    dates = [moment for moment in (rule.begins, rule.ends) if moment is not None]
    if dates and rng.random() < 0.5:
        at = rng.choice(dates)
    return at + timedelta(seconds=rng.choice([-1, 0, 0, 1, 60]))


def random_call(rng: random.Random, model: Model) -> dict:
    offer = rng.choice(model.offers)
    rules = (offer.rules or []) + model.rules
    usage = {name: rng.randrange(10 ** rng.randrange(1, 7))
             for name in rng.sample(list(UNITS), rng.choice([1, 2, 4, len(UNITS)]))}  # fmt: skip
    usage.pop("request", None)
    call: dict = {"model": model.name, "usage": usage, "moment": random_moment(rng)}
    if rng.random() < 0.8:
        call["provider"] = offer.provider
    if rng.random() < 0.4:
        call["group"] = "partners"
    by_answer = model.price_by == "candidate" and "provider" in call
    sold = model._rules_of(offer if by_answer else model.offers[0])
    served = {word: [name for rule in sold for name in rule.words.get(word, [])]
              for word in SERVED}  # fmt: skip
    for word, names in WORDS.items():
        known = PLAIN.get(word, []) + served.get(word, names)
        if known and rng.random() < 0.3:
            call[word] = rng.choice([str.lower, str.upper, str])(rng.choice(known))
    if rules and rng.random() < 0.7:  # as a rule says it
        rule = rng.choice(rules)
        call |= {word: rng.choice(names) for word, names in rule.words.items()
                 if set(names) <= set(served.get(word, names))}  # fmt: skip
        call["moment"] = change_of(rng, rule, model.zone)
        if rule.prompt_above is not None:
            others = sum(usage.get(name, 0) for name in UNITS if UNITS[name][1] and name != "input")
            usage["input"] = max(0, rule.prompt_above + rng.choice([-1, 0, 1, 2]) - others)
    return call


def question_of(call: dict) -> dict:
    question = {name: value for name, value in call.items() if name != "moment"}
    return question | {"at": f"{call['moment']:%Y-%m-%dT%H:%M:%SZ}"}
