"""Which variants of a test run with ASan, and in which view a test of the pages runs."""

import pytest
from variants import some_of


@pytest.mark.parametrize("count", range(12))
@pytest.mark.parametrize("count_max", [1, 2, 4])
def test_so_many_in_their_order(count, count_max):
    of = list(range(count))
    for seed in map(str, range(20)):
        kept = some_of(of, count_max, seed)
        assert len(kept) == min(count, count_max)
        assert kept == sorted(kept)
        assert kept == some_of(of, count_max, seed), "the same in each run"


def test_far_from_each_other():
    assert all(two - one == 5 for one, two in (some_of(list(range(10)), 2, s) for s in "abcdef"))


def test_all_have_their_turn():
    turns = [some_of(list(range(7)), 2, str(commit)) for commit in range(100)]
    assert {one for turn in turns for one in turn} == set(range(7))
