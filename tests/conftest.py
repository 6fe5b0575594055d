"""What every folder of tests knows: the options --long and --variants-max."""

import gc

import pytest
from variants import keep_some

gc.disable()  # until everything is imported and collected: that stays to the end


@pytest.hookimpl(trylast=True)
def pytest_collection_finish():
    gc.freeze()
    gc.enable()


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run what takes long, too")
    parser.addoption(
        "--variants-max",
        type=int,
        help="run so many variants of a test",
    )


def without_variant(item) -> str:
    return item.nodeid.partition("[")[0]


@pytest.hookimpl(trylast=True)  # whoever chose tests by name gets these
def pytest_collection_modifyitems(config, items):
    if (count_max := config.getoption("--variants-max")) is not None:
        keep_some(config, items, count_max, without_variant)
    if config.getoption("--long"):
        return
    skip = pytest.mark.skip(reason="takes long: --long")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def is_long(pytestconfig) -> bool:
    return pytestconfig.getoption("--long")
