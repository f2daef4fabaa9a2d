"""A browser for the tests in this folder, and for nobody who did not ask: ``make test-browser``."""

from contextlib import ExitStack

import pytest

from tests.browser.chromium import Chromium, NoChromium
from tests.browser.page import Opener


@pytest.fixture(scope="session")
def chromium():
    """Start one browser for all tests."""
    try:
        browser = Chromium()
    except NoChromium as error:
        pytest.exit(str(error), returncode=2)
    with browser:
        yield browser


@pytest.fixture
def open_page(chromium, tmp_path):
    """Return ``open_page(path_or_html, width, dark)``, whose pages are closed after the test."""
    with ExitStack() as stack:
        yield Opener(chromium, stack, tmp_path)
