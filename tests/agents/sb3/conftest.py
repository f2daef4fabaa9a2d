"""Every algorithm in turn, for the tests that ask for it."""

import pytest

from tests.agents.sb3.every_algorithm import CONTINUOUS, DISCRETE, trained_once


@pytest.fixture(params=[*DISCRETE, *CONTINUOUS])
def name(request):
    """Return every algorithm's name in turn."""
    return request.param


@pytest.fixture
def trained(name):
    """Return what training left, the same for all tests."""
    return trained_once(name)
