"""What every folder of tests knows: the options --long, --variants-max, --share and --processes."""

import gc

import parallel
import pytest
from parallel import pytest_runtestloop  # noqa: F401 pytest looks for it here
from variants import changed_lately, keep_some

LATELY_COMMITS = 12

gc.disable()  # until everything is imported and collected: that stays to the end


@pytest.hookimpl(trylast=True)
def pytest_collection_finish():
    gc.freeze()
    gc.enable()


def pytest_addoption(parser):
    parallel.add_option(parser)
    parser.addoption("--long", action="store_true", help="run what takes long, too")
    parser.addoption(
        "--variants-max",
        type=int,
        help="run so many variants of a test",
    )
    parser.addoption(
        "--share",
        type=int,
        help="run one in so many tests of a file, but all of those that changed lately",
    )


def without_variant(item) -> str:
    return item.nodeid.partition("[")[0]


def file_of(item) -> str:
    return item.nodeid.partition("::")[0]


def count_of_share(tests: list, share: int) -> int:
    """How many of a file's tests are run: what is new is tried whole."""
    if file_of(tests[0]) in changed_lately(LATELY_COMMITS):
        return len(tests)
    return -(-len(tests) // share)


@pytest.hookimpl(trylast=True)  # whoever chose tests by name gets these
def pytest_collection_modifyitems(config, items):
    if (count_max := config.getoption("--variants-max")) is not None:
        keep_some(config, items, lambda _: count_max, without_variant)
    if (share := config.getoption("--share")) is not None:
        keep_some(config, items, lambda of: count_of_share(of, share), file_of)
    if config.getoption("--long"):
        return
    skip = pytest.mark.skip(reason="takes long: --long")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def is_long(pytestconfig) -> bool:
    return pytestconfig.getoption("--long")
