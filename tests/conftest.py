"""What every folder of tests knows: the option --long."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run what takes long, too")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--long"):
        return
    skip = pytest.mark.skip(reason="takes long: --long")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def is_long(pytestconfig) -> bool:
    return pytestconfig.getoption("--long")
