import pytest
from processes import Cpus
from stage import Bench


@pytest.fixture
def cpus():
    return Cpus.choose()


@pytest.fixture
def bench(tmp_path, cpus):
    return Bench(folder=tmp_path, rounds=1, quick=True, cpus=cpus, descriptors=1024)
