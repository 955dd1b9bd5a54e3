"""Lines as a shell reads them: which docker and dockmgr commands they run, and on what."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.learn.core.line_verbs import GROUPS, VERBS, whole_verb, words
from manager.learn.core.shell_text import without_comment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROGRAMS = {"docker": "docker", "podman": "docker", "dockmgr": "dockmgr"}
"""By the name of a program, whose grammar it has."""
BEFORE = words("sudo time")
"""Words that may stand before the name of a program."""
_GLOBAL = words("D debug tls tlsverify v version h help")
_RUN = words(
    "d detach disable-content-trust i init interactive no-healthcheck oom-kill-disable privileged "
    "P publish-all q quiet read-only rm sig-proxy t tty use-api-socket help"
)
_BUILD = words(
    "check compress D debug disable-content-trust force-rm load no-cache pull push q quiet rm "
    "squash help"
)
_FLAGS = {
    "run": _RUN,
    "create": _RUN,
    "exec": _RUN,
    "build": _BUILD,
    "attach": words("no-stdin help"),
    "rm": words("f force l link v volumes help"),
    "rmi": words("f force no-prune help"),
    "start": words("a attach i interactive help"),
    "commit": words("p pause no-pause help"),
    "push": words("a all-tags disable-content-trust q quiet help"),
    "cp": words("a archive L follow-link q quiet help"),
    "compose": words("all-resources compatibility dry-run help"),
    "volume rm": words("f force help"),
    "network rm": words("f force help"),
    "network create": words("attachable config-only ingress internal ipv4 ipv6 help"),
    "network disconnect": words("f force help"),
}
"""The options of docker's commands that have no value. Source: the docker command's reference."""
_OWN = words(
    "all append build-cache dangling dry-run ensure explain finish force h help include-local init "
    "json keep make-room named-volumes networks no-healthcheck P privileged publish-all read-only "
    "remove rm rolling stopped-containers untagged volumes wait why y yes"
)
"""The same of dockmgr, for all its commands."""
_ENDS = frozenset({"run", "create", "exec", "compose"})
"""Commands of docker whose options end where the first argument stands."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command of docker or dockmgr."""

    program: str
    """docker or dockmgr."""
    verb: str
    """``rm``, ``volume create``; ``docker container rm`` is ``rm``, ``docker image rm`` ``rmi``."""
    options: tuple[tuple[str, str], ...] = ()
    """Each by its name without dashes, with its value; that of a flag is empty."""
    arguments: tuple[str, ...] = ()
    before: tuple[tuple[str, str], ...] = ()
    """Options that stand before the verb, as `options`."""

    def __str__(self) -> str:
        """As it is called in a sentence."""
        return f"{self.program} {self.verb}"

    def has(self, *names: str) -> bool:
        """Whether a flag is given, by one of its names."""
        return any(name in names and value != "false" for name, value in self.options)

    def values(self, *names: str) -> tuple[str, ...]:
        """The values of an option, by one of its names."""
        return tuple(value for name, value in self.options if name in names)


@dataclass(frozen=True, slots=True)
class Run:
    """One command of a line."""

    words: tuple[str, ...]
    """The program and what it is given."""
    writes: tuple[str, ...] = ()
    """The files into which what it prints is written."""

    @property
    def command(self) -> Command | None:
        """What it is of docker or dockmgr; None if it is of another program, or no command."""
        return _command(self.words)


def runs(line: str) -> tuple[Run, ...]:
    """The commands that a line runs, one after another.

    Raises:
        ValueError: no shell could read it.
    """
    return tuple(run for run in _parts(_words(line)) if run.words or run.writes)


def commands(line: str) -> tuple[Command, ...]:
    """The commands of docker and dockmgr that a line runs.

    Raises:
        ValueError: no shell could read it.
    """
    found = (run.command for run in runs(line))
    return tuple(one for one in found if one is not None)


def mistyped(run: Run) -> tuple[str, tuple[str, ...]] | None:
    """The program, or the first word of a command, that is mistyped, and what was meant."""
    from difflib import get_close_matches

    known: tuple[str, ...] = tuple(PROGRAMS)
    word = run.words[0] if run.words else ""
    if word in PROGRAMS:
        _, rest = parsed(run.words[1:], _GLOBAL, mixed=False)
        word, known = rest[0] if rest else "", VERBS[PROGRAMS[word]]
    near = get_close_matches(word, known, n=2, cutoff=0.7)
    return (word, tuple(near)) if near and word not in known else None


def _words(line: str) -> list[str]:
    reader = shlex.shlex(without_comment(line), posix=True, punctuation_chars=";&|<>")
    reader.whitespace_split = True
    reader.commenters = ""  # comments are gone, and it would end a word at a # in its middle
    return list(reader)


def _parts(words: Sequence[str]) -> Iterator[Run]:
    """The commands of a line, each as its words, without what is said of files to read or write."""
    part: list[str] = []
    writes: list[str] = []
    rest = iter(words)
    for word in rest:
        if not re.fullmatch("[;&|<>]+", word):
            part.append(word)
        elif set(word) & set("<>"):
            if part and part[-1].isdigit():
                part.pop()
            target = next(rest, "")
            if ">" in word and not (word.endswith("&") and target.rstrip("-").isdigit()):
                writes.append(target)
        else:
            yield Run(tuple(part), tuple(writes))
            part, writes = [], []
    yield Run(tuple(part), tuple(writes))


def _command(words: Sequence[str]) -> Command | None:
    for at, word in enumerate(words):
        program = PROGRAMS.get(word.rpartition("/")[2])
        if program:
            return _read(program, words[at + 1 :])
        if word not in BEFORE and "=" not in word and not word.startswith("-"):
            return None
    return None


def _read(program: str, words: Sequence[str]) -> Command | None:
    before, rest = parsed(words, _GLOBAL, mixed=False)
    if not rest:
        return None
    verb, rest = rest[0], rest[1:]
    if program == "dockmgr":
        # -f and -v are flags of all others.
        flags = _OWN if verb == "spawn" else _OWN | {"f", "v"}
        return Command(program, verb, *parsed(rest, flags, mixed=verb != "exec"), before)
    if verb in GROUPS and rest and not rest[0].startswith("-"):
        verb, rest = whole_verb(verb, rest[0]), rest[1:]
    flags = _FLAGS.get(verb, frozenset({"help"}))
    return Command(program, verb, *parsed(rest, flags, mixed=verb not in _ENDS), before)


def parsed(
    words: Sequence[str], flags: frozenset[str], *, mixed: bool
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Options with their values, and arguments.

    Args:
        words: what follows a command.
        flags: its options that have no value.
        mixed: whether options may follow arguments.
    """
    options: list[tuple[str, str]] = []
    arguments: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            arguments += rest
        elif not word.startswith("-") or word == "-":
            arguments.append(word)
            if not mixed:
                arguments += rest
        elif word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            options.append((name, value if equals or name in flags else next(rest, "")))
        else:
            options += _letters(word[1:], flags, rest)
    return tuple(options), tuple(arguments)


def _letters(word: str, flags: frozenset[str], rest: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Options of one letter, several of which can be one word: ``-dit``, ``-p8080:80``."""
    for at, letter in enumerate(word, 1):
        if letter not in flags:
            yield letter, word[at:].removeprefix("=") or next(rest, "")
            return
        yield letter, ""
