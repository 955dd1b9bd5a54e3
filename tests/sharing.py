"""How tests are shared out among processes: those of one engine stay together, and of one module.

So each engine is brought up once, whatever the number of processes.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from manager.lab.flavours import FLAVOURS

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling
    from xdist.workermanage import WorkerController

LONGEST_UNITS = ("28-containerd", "podman", "26", "20.10", "28")
_NAMES = "|".join(sorted(map(re.escape, FLAVOURS), key=len, reverse=True))
_ENGINE_TEST = re.compile(rf"tests/engine/.*\[(?:.*-)?({_NAMES})(?:-.*)?\]")
"""A test whose parameters name an engine."""


def name_work_unit(test: str) -> str:
    """The tests that one process runs together: those of an engine, else those of a module.

    Args:
        test: its id, ``tests/unit/test_units.py::test_sizes[0-0]``.
    """
    engine = _ENGINE_TEST.match(test)
    return engine[1] if engine else test.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Share out by engines: pytest-xdist's own groups are not seen with pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class EngineScheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
        def _split_scope(self, nodeid: str) -> str:
            return name_work_unit(nodeid)

        def _assign_work_unit(self, node: WorkerController) -> None:
            # What takes longest begins first: then no process waits long for the other.
            for unit in LONGEST_UNITS:
                if unit in self.workqueue:
                    self.workqueue.move_to_end(unit, last=False)
                    break
            super()._assign_work_unit(node)

    return EngineScheduling(config, log)


def pytest_configure() -> None:
    """Forget the width that a process of several is given: no terminal is there."""
    os.environ.pop("COLUMNS", None)
