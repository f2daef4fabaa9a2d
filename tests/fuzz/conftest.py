"""Where files are broken: in memory, as a hundred thousand of them take minutes on a busy disk."""

import pytest

from tests.fuzz.breaking import in_memory


@pytest.fixture
def tmp_path():
    """Return a folder in memory, where there is room for one."""
    with in_memory() as folder:
        yield folder
