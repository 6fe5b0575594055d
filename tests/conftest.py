"""What every folder of tests knows: the options --long and --variants-max."""

from collections import defaultdict

import pytest
from variants import spread


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run what takes long, too")
    parser.addoption(
        "--variants-max",
        type=int,
        help="run so many variants of a test",
    )


def keep_some_variants(config, items, count_max: int) -> None:
    """Those of a test's variants that are kept lie far from each other, the same in each run."""
    of_test = defaultdict(list)
    for item in items:
        of_test[item.nodeid.partition("[")[0]].append(item)
    kept = {item for group in of_test.values() for item in spread(group, count_max)}
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def pytest_collection_modifyitems(config, items):
    if (count_max := config.getoption("--variants-max")) is not None:
        keep_some_variants(config, items, count_max)
    if config.getoption("--long"):
        return
    skip = pytest.mark.skip(reason="takes long: --long")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def is_long(pytestconfig) -> bool:
    return pytestconfig.getoption("--long")
