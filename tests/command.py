"""Run whole commands as a person does: arguments in; exit code, stdout and stderr out."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from manager.cli.app import main
from tests import confidential


@dataclass(frozen=True)
class Result:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The data of the JSON envelope."""
        envelope = json.loads(self.out)
        assert envelope["schema"] == 1
        return envelope["data"]


PROGRAM = ("env", "--default-signal=INT,TERM,HUP", sys.executable, "-m", "manager")
"""The program as a process of its own. Whoever runs the tests may ignore some of these signals,
and the program would follow suit."""


class Program:
    """The program as a process of its own, in one environment."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.command = command
        self.env = dict(env)

    def __call__(self, *argv: str) -> Result:
        """Run it, whatever the exit code."""
        done = subprocess.run(
            [*self.command, *argv], env=self.env, capture_output=True, text=True, check=False
        )
        confidential.refuse(done.stdout, done.stderr)
        return Result(done.returncode, done.stdout, done.stderr)

    def ok(self, *argv: str) -> Result:
        """Run it, and expect it to succeed."""
        result = self(*argv)
        assert result.code == 0, result
        return result


class Command:
    """The program in one environment."""

    def __init__(self, capture: pytest.CaptureFixture[str], env: Mapping[str, str]) -> None:
        self.env = dict(env)
        self._capture = capture

    def __call__(self, *argv: str) -> Result:
        """Run it, whatever the exit code."""
        self._capture.readouterr()
        code = main(argv, self.env)
        out, err = self._capture.readouterr()
        confidential.refuse(out, err)
        return Result(code, out, err)

    def ok(self, *argv: str) -> Result:
        """Run it, and expect it to succeed."""
        result = self(*argv)
        assert result.code == 0, result
        return result
