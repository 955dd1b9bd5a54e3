"""Lines as a shell reads them: which docker and dockmgr commands they run, and on what."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROGRAMS = {"docker": "docker", "podman": "docker", "dockmgr": "dockmgr"}
"""By the name of a program, whose grammar it has."""
BEFORE = frozenset({"sudo", "env", "time", "nohup", "watch", "xargs", "exec", "command"})
"""Words that may stand before the name of a program."""
VERBS = {
    "docker": (
        *("attach", "build", "builder", "buildx", "checkpoint", "commit", "compose", "config"),
        *("container", "context", "cp", "create", "diff", "events", "exec", "export", "history"),
        *("image", "images", "import", "info", "inspect", "kill", "load", "login", "logout"),
        *("logs", "manifest", "network", "node", "pause", "plugin", "port", "ps", "pull", "push"),
        *("rename", "restart", "rm", "rmi", "run", "save", "search", "secret", "service"),
        *("stack", "start", "stats", "stop", "swarm", "system", "tag", "top", "trust"),
        *("unpause", "update", "version", "volume", "wait"),
        *("ai", "debug", "desktop", "extension", "init", "mcp", "model", "offload"),
        *("sandbox", "sbom", "scout"),
    ),
    "dockmgr": (
        *("apply", "df", "exec", "explain", "history", "images", "inspect", "lab", "learn"),
        *("login", "logout", "logs", "ls", "outdated", "pin", "prune", "pull", "push"),
        *("recover", "registries", "restart", "rm", "rmi", "scale", "spawn", "start", "stop"),
        *("tag", "tags", "undo", "unpin"),
    ),
}
"""The first words of commands. Source: the docker command's reference, and well-known plugins."""
GROUPS = frozenset({"builder", "buildx", "container", "image", "network", "system", "volume"})
"""Words of docker that are followed by the command itself."""


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_GLOBAL = _set("D debug tls tlsverify v version h help")
_RUN = _set(
    "d detach disable-content-trust i init interactive no-healthcheck oom-kill-disable privileged "
    "P publish-all q quiet read-only rm sig-proxy t tty use-api-socket help"
)
_BUILD = _set(
    "check compress D debug disable-content-trust force-rm load no-cache pull push q quiet rm "
    "squash help"
)
_FLAGS = {
    "run": _RUN,
    "create": _RUN,
    "exec": _RUN,
    "build": _BUILD,
    "rm": _set("f force l link v volumes help"),
    "rmi": _set("f force no-prune help"),
    "start": _set("a attach i interactive help"),
    "commit": _set("p pause no-pause help"),
    "push": _set("a all-tags disable-content-trust q quiet help"),
    "cp": _set("a archive L follow-link q quiet help"),
    "compose": _set("all-resources compatibility dry-run help"),
    "volume rm": _set("f force help"),
    "network rm": _set("f force help"),
    "network create": _set("attachable config-only ingress internal ipv4 ipv6 help"),
    "network disconnect": _set("f force help"),
}
"""The options of docker's commands that have no value. Source: the docker command's reference."""
_OWN = _set(
    "all append build-cache dangling dry-run ensure explain finish force h help include-local init "
    "json keep named-volumes networks no-healthcheck P privileged publish-all read-only remove rm "
    "rolling stopped-containers untagged volumes wait why y yes"
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

    def __str__(self) -> str:
        """As it is called in a sentence."""
        return f"{self.program} {self.verb}"

    def has(self, *names: str) -> bool:
        """Whether a flag is given, by one of its names."""
        return any(name in names and value != "false" for name, value in self.options)

    def values(self, *names: str) -> tuple[str, ...]:
        """The values of an option, by one of its names."""
        return tuple(value for name, value in self.options if name in names)


def commands(line: str) -> tuple[Command, ...]:
    """The commands of docker and dockmgr that a line runs.

    Raises:
        ValueError: no shell could read it.
    """
    found = (_command(words) for words in _parts(_words(line)))
    return tuple(one for one in found if one is not None)


def unknown_word(line: str) -> tuple[str, tuple[str, ...]] | None:
    """The first word of a line or of a command of its that is mistyped, and what was meant.

    A word that is like none that is known is taken for one of somebody's own.

    Raises:
        ValueError: no shell could read it.
    """
    from difflib import get_close_matches

    for words in _parts(_words(line)):
        known: tuple[str, ...] = tuple(PROGRAMS)
        word = words[0].rpartition("/")[2] if words else ""
        if word in PROGRAMS:
            _, rest = _parsed(words[1:], _GLOBAL, mixed=False)
            word, known = rest[0] if rest else "", VERBS[PROGRAMS[word]]
        near = get_close_matches(word, known, n=2, cutoff=0.7)
        if near and word not in known:
            return word, tuple(near)
    return None


def _words(line: str) -> list[str]:
    reader = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    reader.whitespace_split = True
    reader.commenters = ""  # it would end a word at a # in its middle
    words = list(reader)
    comment = next((n for n, word in enumerate(words) if word.startswith("#")), len(words))
    return words[:comment]


def _parts(words: Sequence[str]) -> Iterator[list[str]]:
    """The commands of a line, each as its words, without what is said of files to read or write."""
    part: list[str] = []
    rest = iter(words)
    for word in rest:
        if not re.fullmatch("[;&|<>]+", word):
            part.append(word)
        elif set(word) & set("<>"):
            if part and part[-1].isdigit():
                part.pop()
            next(rest, "")
        else:
            yield part
            part = []
    yield part


def _command(words: Sequence[str]) -> Command | None:
    for at, word in enumerate(words):
        program = PROGRAMS.get(word.rpartition("/")[2])
        if program:
            return _read(program, words[at + 1 :])
        if word not in BEFORE and "=" not in word and not word.startswith("-"):
            return None
    return None


def _read(program: str, words: Sequence[str]) -> Command | None:
    _, rest = _parsed(words, _GLOBAL, mixed=False)
    if not rest:
        return None
    verb, rest = rest[0], rest[1:]
    if program == "dockmgr":
        # -f and -v are flags of all others.
        flags = _OWN if verb == "spawn" else _OWN | {"f", "v"}
        return Command(program, verb, *_parsed(rest, flags, mixed=True))
    if verb in GROUPS and rest:
        verb, rest = _whole_verb(verb, rest[0]), rest[1:]
    flags = _FLAGS.get(verb, frozenset({"help"}))
    return Command(program, verb, *_parsed(rest, flags, mixed=verb not in _ENDS))


def _whole_verb(group: str, word: str) -> str:
    word = "rm" if word == "remove" else word
    if group == "image" and word == "rm":
        return "rmi"
    short = group in {"container", "image"} or word == "build"
    return word if short and word != "prune" else f"{group} {word}"


def _parsed(
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
