"""Which of many alike are tried where trying all would take too long."""

from typing import TypeVar

T = TypeVar("T")


def spread(of: list[T], count_max: int) -> list[T]:
    """At most so many, in their order: the first, the last, and some at equal distances between."""
    if len(of) <= count_max:
        return of
    if count_max == 1:
        return of[:1]
    return [of[i * (len(of) - 1) // (count_max - 1)] for i in range(count_max)]
