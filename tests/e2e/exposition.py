"""What /metrics says, read without a library: families, their kinds, their samples' labels."""

import re
from dataclasses import dataclass, field

SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


@dataclass
class Family:
    kind: str
    help: str
    samples: list[tuple[str, dict[str, str], str]] = field(default_factory=list)

    def labels(self) -> set[str]:
        return {name for _, labels, _ in self.samples for name in labels} - {"le"}


def families_of(page: str) -> dict[str, Family]:
    """Of a page in Prometheus's own form."""
    families: dict[str, Family] = {}
    helps = dict(line[7:].split(" ", 1) for line in page.splitlines() if line[:7] == "# HELP ")
    for line in page.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name not in families
            present = families[name] = Family(kind, helps[name])
        elif not line.startswith("#"):
            found = SAMPLE.match(line)
            assert found, line
            labels = dict(LABEL.findall(found[2] or ""))
            assert re.sub(r"_(bucket|sum|count)$", "", found[1]) == name or found[1] == name
            present.samples.append((found[1], labels, found[3]))
    return families


def value_of(page: str, name: str, **labels: str) -> float:
    """The sum of the samples of this name that have these labels."""
    return sum(
        float(value)
        for family in families_of(page).values()
        for sample, has, value in family.samples
        if sample == name and labels.items() <= has.items()
    )
