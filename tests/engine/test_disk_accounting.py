"""What is predicted of any set of images, against what removing it frees, on every engine."""

import pytest

from manager.engine.client import Engine
from manager.lab.state import Lab
from tests.engine.accounting import ROUNDS, rounds


@pytest.mark.parametrize("seed", [20, 21])
def test_what_is_predicted_is_freed(engine: Engine, lab: Lab, seed: int) -> None:
    exact = lab.flavour in {"20.10", "26", "28"}
    done = list(rounds(engine, lab, seed))
    assert len(done) >= ROUNDS
    assert [it for it in done if not it.holds] == []
    assert all(it.predicted.is_exact for it in done) is exact
    assert sum(it.freed for it in done) > 40_000_000
