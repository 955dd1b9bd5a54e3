"""Words that are not commands: what docker users type, and what is nearly a command."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.cli.commands import COMMANDS, DELETING_COMMANDS
from manager.cli.docker_words import (
    DOCKER_NOUNS,
    ONLY_DOCKER,
    TRANSLATIONS,
    count_differing_letters,
    find_command_line,
    find_nearly_typed,
)
from tests.command import Command

pytestmark = [
    pytest.mark.usefixtures("collected"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """The program with no engine to talk to."""
    return Command(capsys, {"DOCKER_HOST": f"unix://{tmp_path}/none.sock", "HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("run nginx", "dockmgr spawn"),
        ("docker run nginx", "dockmgr spawn"),
        ("docker ps -a", "dockmgr ls"),
        ("docker container ls", "dockmgr ls"),
        ("container", "dockmgr ls"),
        ("container restart web", "dockmgr restart"),
        ("container inspect web", "docker container inspect"),
        ("image", "dockmgr images"),
        ("image ls", "dockmgr images"),
        ("image pull nginx", "dockmgr pull"),
        ("image history nginx", "docker image history"),
        ("image rm nginx", "dockmgr rmi"),
        ("docker rm web", "dockmgr rm"),
        ("system df", "dockmgr df"),
        ("system info", "docker system info"),
        ("version", "dockmgr --version"),
        ("up", "docker compose up"),
        ("up -d", "docker compose up"),
        ("down", "docker compose down"),
        ("sh web", "docker exec -it NAME sh"),
        ("shell", "docker exec -it NAME sh"),
        ("volume", "docker volume"),
        ("volume ls -q", "docker volume ls"),
        ("network create x", "docker network create"),
        ("build .", "docker build"),
        ("cp ./secret web:/", "docker cp"),
        ("kill web", "docker kill"),
        ("docker stats", "docker stats"),
        ("docker", ""),
        ("nosuch", ""),
    ],
)
def test_words_of_docker_lead_to_a_line(typed: str, line: str) -> None:
    assert find_command_line(typed.split(), COMMANDS) == line


def test_every_translation_names_a_command_and_no_command_is_translated() -> None:
    assert {it for it in TRANSLATIONS.values() if not it.startswith("-")} <= set(COMMANDS)
    assert not set(COMMANDS) & {*TRANSLATIONS, *ONLY_DOCKER, *DOCKER_NOUNS}


@pytest.mark.parametrize("words", [*ONLY_DOCKER, *DOCKER_NOUNS, *TRANSLATIONS])
def test_no_word_leads_to_a_command_that_deletes_but_its_own(words: str) -> None:
    deleting = DELETING_COMMANDS | {"rm", "prune", "kill", "down"}
    named = set(find_command_line(words.split(), COMMANDS).split()) & deleting
    assert named <= set(words.split()) | ({"rmi"} if words == "image rm" else set())


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("spwan", ["spawn"]),
        ("stpo", ["stop"]),
        ("lgos", ["logs"]),
        ("regstreis", ["registries"]),
        ("rmm", ["rm", "rmi"]),
        ("prnue", ["prune"]),
        ("rn", []),
        ("remove", []),
        ("delete", []),
        ("clean", []),
        ("unpi", ["unpin"]),
        ("undp", ["undo"]),
        ("pn", []),
        ("tagd", ["tag", "tags"]),
    ],
)
def test_what_is_nearly_typed_is_suggested(typed: str, near: list[str]) -> None:
    assert sorted(find_nearly_typed(typed, COMMANDS)) == sorted(near)


def test_where_another_command_is_as_near_none_that_deletes_is_suggested() -> None:
    assert find_nearly_typed("rml", ["rm", "rmx"]) == ["rmx"]


def test_help_takes_any_number_of_helps(run: Command) -> None:
    assert run.ok("help", "help").out == run.ok("help", "--help").out == run.ok("help").out
    assert run.ok("help", "ls", "--help").out == run.ok("ls", "--help").out


@given(st.text("abcprmu", max_size=7), st.text("abcprmu", max_size=7))
def test_letters_that_differ_are_counted_alike_both_ways(word: str, other: str) -> None:
    distance = count_differing_letters(word, other)
    assert distance == count_differing_letters(other, word)
    assert (distance == 0) == (word == other)
    assert abs(len(word) - len(other)) <= distance <= max(len(word), len(other))


@given(st.text("abcdefghijklmnoprstuvwxyz", min_size=1, max_size=9))
def test_a_command_that_deletes_is_only_suggested_where_it_was_nearly_typed(word: str) -> None:
    for name in set(find_nearly_typed(word, COMMANDS)) & DELETING_COMMANDS:
        assert count_differing_letters(word, name) <= 2


@pytest.mark.parametrize(
    ("typed", "error", "hint"),
    [
        ("run nginx", "'run' is not a dockmgr command", "use 'dockmgr spawn'"),
        ("build .", "'build' is not a dockmgr command", "docker does that itself: 'docker build'"),
        ("docker ps", "'docker' is not a dockmgr command", "use 'dockmgr ls'"),
        ("spwan nginx", "no such command 'spwan'", "did you mean 'dockmgr spawn'?"),
        ("lab statsu", "no such command 'statsu'", "did you mean 'dockmgr lab status'?"),
        ("help run", "'run' is not a dockmgr command", "use 'dockmgr spawn'"),
        ("whatever", "no such command 'whatever'", "see: dockmgr --help"),
        (
            "ls --jsn",
            "no such option: --jsn",
            "did you mean --json? see: dockmgr ls --help",
        ),
        ("ls -x", "no such option: -x", "see: dockmgr ls --help"),
        (
            "ls --context x",
            "no such option: --context",
            "--context goes before the command: dockmgr --context VALUE ls",
        ),
    ],
)
def test_what_is_mistyped_is_one_sentence_and_a_hint(
    run: Command, typed: str, error: str, hint: str
) -> None:
    told = run(*typed.split())
    assert (told.code, told.out) == (2, "")
    assert told.err == f"error: {error}\nhint: {hint}\n"


def test_nearly_typed_options_are_suggested(run: Command) -> None:
    told = run("spawn", "nginx", "--cout", "3")
    assert told.code == 2
    assert "did you mean --count" in told.err


@pytest.mark.parametrize("command", ["spawn", "lab up", "lab", "ls"])
def test_help_is_a_word_too(run: Command, command: str) -> None:
    assert run.ok("help", *command.split()).out == run.ok(*command.split(), "--help").out


def test_ps_lists_as_ls_does(run: Command) -> None:
    listed, asked = run("ls"), run("ps")
    assert asked == listed
    assert "DOCKER_HOST" in asked.err
