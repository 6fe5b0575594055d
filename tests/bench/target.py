"""What a value must and should come to."""

from dataclasses import dataclass


@dataclass
class Target:
    name: str
    unit: str = ""
    must: float | None = None
    aim: float | None = None
    more_is_better: bool = False

    def _reaches(self, value, target):
        return value >= target if self.more_is_better else value <= target

    def judged(self, value):
        """ "aim" or "must" for what is reached, or "FAIL"."""
        if self.aim is not None and self._reaches(value, self.aim):
            return "aim"
        return "must" if self._reaches(value, self.must) else "FAIL"
