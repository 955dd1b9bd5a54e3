"""What a command asks of a person: the question, the answer, and nobody to ask."""

import io
import os

import pytest

from manager.cli.app import report_error
from manager.cli.session import Session
from manager.errors import CancelledError, ExitCode, ManagerError


def ask(monkeypatch: pytest.MonkeyPatch, typed: str) -> str:
    """Ask at a terminal at which somebody has typed; what stands on its screen in the end."""
    ours, theirs = os.openpty()
    os.write(ours, typed.encode())
    with (
        os.fdopen(os.dup(theirs), "r", encoding="utf-8") as stdin,
        os.fdopen(os.dup(theirs), "w", encoding="utf-8") as stderr,
        monkeypatch.context() as patched,
    ):
        patched.setattr("sys.stdin", stdin)
        patched.setattr("sys.stderr", stderr)
        try:
            Session({}).confirm("Remove these 3 images?", yes=False)
        finally:
            print("END", file=stderr, flush=True)
            shown = b""
            while b"END" not in shown:
                shown += os.read(ours, 1000)
            os.close(ours)
            os.close(theirs)
    return shown.decode()


@pytest.mark.parametrize("typed", ["n\n", "\n", "no\n"])
def test_no_is_an_answer_and_not_a_mistake(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    with pytest.raises(CancelledError) as caught:
        ask(monkeypatch, typed)
    assert (caught.value.message, caught.value.hint) == ("Cancelled.", "")


def test_yes_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Remove these 3 images? [y/N]:" in ask(monkeypatch, "y\n")


def test_where_nobody_can_be_asked_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(ManagerError) as caught:
        Session({}).confirm("Install these packages?", yes=False, refused="nothing was installed")
    assert caught.value.message == "nothing was installed: a confirmation needs a terminal"
    assert caught.value.hint == "add --yes to confirm"
    Session({}).confirm("Install these packages?", yes=True)


def test_an_answer_of_no_is_told_in_one_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_error(CancelledError()) == ExitCode.FAILED
    assert capsys.readouterr() == ("", "Cancelled.\n")
