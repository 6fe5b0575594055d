"""Which variants of a test run with ASan."""

import pytest
from variants import spread


@pytest.mark.parametrize(
    ("count", "count_max", "wanted"),
    [
        (0, 4, []),
        (3, 4, [0, 1, 2]),
        (4, 4, [0, 1, 2, 3]),
        (5, 4, [0, 1, 2, 4]),
        (10, 4, [0, 3, 6, 9]),
        (10, 1, [0]),
    ],
)
def test_spread(count, count_max, wanted):
    assert spread(list(range(count)), count_max) == wanted
