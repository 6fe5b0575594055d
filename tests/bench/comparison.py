"""A measure of this tree's gateway beside another commit's and nginx, round by round.

What counts is the ratio within a round, and of the rounds the median: other work on the machine
meets both. The table is Markdown, to be pasted into docs/PERFORMANCE.md.
"""

from dataclasses import dataclass, field
from statistics import median

from target import Target

NOW, BEFORE, NGINX = "gateway", "before", "nginx"


def number(value):
    if value is None:
        return ""
    if value == 0 or abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def spread(values):
    """The median, and the least and the most."""
    if not values:
        return ""
    if len(values) == 1:
        return number(values[0])
    return f"{number(median(values))} ({number(min(values))} .. {number(max(values))})"


@dataclass
class Comparison(Target):
    """`must` and `aim` are for the ratio to the other commit, or (`of_value`) for the value."""

    of_value: bool = False
    rounds: list[dict[str, float]] = field(default_factory=list)
    doubts: list[bool] = field(default_factory=list)  # of each round: the machine has spoilt it

    def values(self, who):
        return [values[who] for values in self.rounds if who in values]

    @staticmethod
    def _ratio(values, to):
        """None where there is none: what was added to nothing has no ratio. (Two times that differ
        by less than the machine's noise may come out so.)"""
        return values[NOW] / values[to] if NOW in values and values.get(to, 0) > 0 else None

    def ratios(self, to):
        found = [self._ratio(values, to) for values in self.rounds]
        return [ratio for ratio in found if ratio is not None]

    def _told(self):
        """How many rounds say something."""
        return sum(
            not doubt and (self.of_value or self._ratio(values, BEFORE) is not None)
            for values, doubt in zip(self.rounds, self.doubts, strict=True)
        )

    @property
    def verdict(self):
        """As a figure's (figures.py); none without the other commit that the targets are for."""
        if self.must is None or not (self.of_value or self.values(BEFORE)):
            return ""
        if self._told() * 2 < len(self.rounds):
            return "doubtful"
        return self.judged(median(self.values(NOW) if self.of_value else self.ratios(BEFORE)))

    def as_json(self):
        return {
            "name": self.name,
            "unit": self.unit,
            "rounds": self.rounds,
            "medians": {who: median(self.values(who)) for who in (BEFORE, NOW, NGINX)
                        if self.values(who)},
            "ratio_to_before": median(self.ratios(BEFORE)) if self.ratios(BEFORE) else None,
            "ratio_to_nginx": median(self.ratios(NGINX)) if self.ratios(NGINX) else None,
            "must": self.must,
            "aim": self.aim,
            "of": "value" if self.of_value else "ratio",
            "doubtful_rounds": sum(self.doubts),
            "verdict": self.verdict,
        }  # fmt: skip

    def row(self, part):
        target = (
            "" if self.must is None else f"{number(self.must)}; {number(self.aim)}".rstrip("; ")
        )
        name = f"{self.name}, {self.unit}" if self.unit else self.name
        cells = [part, name, spread(self.values(BEFORE)), spread(self.values(NOW)),
                 spread(self.ratios(BEFORE)), spread(self.values(NGINX)),
                 spread(self.ratios(NGINX)), target, self.verdict]  # fmt: skip
        return "| " + " | ".join(cells) + " |"


class Comparisons:
    """Those of one workload, in the order in which they were first given."""

    def __init__(self):
        self.all = {}

    def add(self, name, values, unit="", doubtful=False, **targets):
        """One round's: a value by target. Others than gateways and nginx are left out."""
        measure = self.all.setdefault(name, Comparison(name, unit, **targets))
        measure.doubts.append(doubtful)
        measure.rounds.append(
            {who: value for who, value in values.items() if who in (NOW, BEFORE, NGINX)}
        )

    def __iter__(self):
        return iter(self.all.values())


def heading(commit):
    return (
        f"| workload | measure | {commit} | now | now / {commit} | nginx | now / nginx |"
        " must; aim | |\n|---|---|---|---|---|---|---|---|---|"
    )


def table(commit, parts):
    """`parts`: (name, comparisons, why it is void)."""
    lines = [heading(commit)]
    for part, comparisons, why in parts:
        if why:
            lines.append(f"| {part} | NO SPEED: {why} | | | | | | | void |")
        for at, measure in enumerate(comparisons or ()):
            lines.append(measure.row("" if at else part))
    return "\n".join(lines)
