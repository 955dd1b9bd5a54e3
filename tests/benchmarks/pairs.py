"""Time whole processes side by side: in turn, so that a noisy machine is unfair to none."""

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Wall-clock seconds of every counted run of one command."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of all runs, in seconds."""
        return statistics.median(self.seconds)

    def ratio(self, other: "Timing") -> float:
        """The median of the ratios run by run: what drifts, drifts for both."""
        return statistics.median(
            mine / theirs for mine, theirs in zip(self.seconds, other.seconds, strict=True)
        )


def side_by_side(
    commands: Mapping[str, Sequence[str]], runs: int, env: Mapping[str, str]
) -> dict[str, Timing]:
    """Run every command once uncounted, then all in turn, ``runs`` times.

    Raises:
        subprocess.CalledProcessError: a command failed.
    """
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            begin = time.perf_counter()
            subprocess.run(
                command, env={**os.environ, **env}, stdout=subprocess.DEVNULL, check=True
            )
            if turn:
                seconds[name].append(time.perf_counter() - begin)
    return {name: Timing(name, tuple(times)) for name, times in seconds.items()}
