"""Fixtures that all tests may use."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.lab_fixtures", "tests.hushed", "tests.registry_world", "tests.sharing"]

# A loaded machine is slow, which is no mistake; CI tries the same examples each time.
settings.register_profile(
    "dockmgr",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("dockmgr")


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
