"""How tests are shared out among processes: those of one engine stay together, and of one module.

So each engine is brought up once, whatever the number of processes.
"""

import os

import pytest

from manager.lab.flavours import FLAVOURS


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say of every test with which others it belongs."""
    for item in items:
        items_own = getattr(item, "callspec", None)
        params = items_own.params.values() if items_own is not None else ()
        # Not every parameter can be looked up in a set.
        flavour = next((it for it in params if isinstance(it, str) and it in FLAVOURS), None)
        group = flavour or item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_configure() -> None:
    """Forget the width that a process of several is given: no terminal is there."""
    os.environ.pop("COLUMNS", None)
