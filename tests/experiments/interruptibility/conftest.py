"""What the parts' tests share."""

from contextlib import contextmanager

import pytest


@contextmanager
def _checked(label, total):
    done = []
    yield lambda units=1: done.append(units)
    assert sum(done) == total, f"{label} announced {total} units and did {sum(done)}"


@pytest.fixture(scope="session")
def no_progress():
    """Return a progress that shows nothing, and wants all that was announced to be done."""
    return _checked
