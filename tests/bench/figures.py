"""What came out: a figure has one value a round, their median counts, and its targets."""

from dataclasses import dataclass, field
from statistics import median

from comparison import Comparisons, number
from target import Target


@dataclass
class Figure(Target):
    values: list[float] = field(default_factory=list)
    doubts: int = 0  # rounds that the machine has spoilt

    @property
    def median(self):
        return median(self.values)

    @property
    def verdict(self):
        """ "aim" or "must" for what is reached, "FAIL", "doubtful" for a figure that most rounds
        say nothing about, "" for one without targets."""
        if self.must is None:
            return ""
        if self.doubts * 2 > len(self.values):
            return "doubtful"
        return self.judged(self.median)

    def as_json(self):
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "values": self.values,
            "must": self.must,
            "aim": self.aim,
            "verdict": self.verdict,
        }


class Figures:
    """The figures of one workload, in the order in which they were first given."""

    def __init__(self):
        self.all = {}
        self.compared = Comparisons()

    def add(self, name, value, unit="", doubtful=False, **targets):
        figure = self.all.setdefault(name, Figure(name, unit, **targets))
        figure.values.append(value)
        figure.doubts += doubtful

    def __iter__(self):
        return iter(self.all.values())


HEADING = f"{'':50} {'median':>9}  {'spread':>17}  {'must':>6} {'aim':>6}"


def line(figure):
    spread = f"{number(min(figure.values))} .. {number(max(figure.values))}"
    name = f"{figure.name}, {figure.unit}" if figure.unit else figure.name
    return (
        f"  {name:48} {number(figure.median):>9}  {spread:>17}  {number(figure.must):>6}"
        f" {number(figure.aim):>6} {figure.verdict}"
    ).rstrip()


def show(title, figures):
    """What has targets first, then what explains it."""
    print(f"\n{title}\n{HEADING}")
    for judged in (True, False):
        for figure in figures:
            if (figure.must is not None) == judged:
                print(line(figure))
