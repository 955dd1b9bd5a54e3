"""Fixtures that all tests may use."""

import gc
from collections.abc import Iterator

import pytest

pytest_plugins = ["tests.lab_fixtures", "tests.hushed", "tests.registry_world", "tests.sharing"]


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect what a test leaves while it still runs.

    The SDK lets go of a socket without closing it each time that nothing answers. Tests of that
    use this, and expect the warning, so that it does not come up in a later test.
    """
    gc.freeze()  # what was there before needs no look, which takes long when much is loaded
    yield
    gc.collect()
    gc.unfreeze()
