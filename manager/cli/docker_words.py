"""Where words lead that are not commands: what docker users type, and what is nearly a command."""

from collections.abc import Collection, Sequence

from manager.cli.commands import DELETING_COMMANDS

SYNONYMS = {"ps": "ls"}
"""Words that are taken as the command they mean."""

_CONTAINER_VERBS = ("start", "stop", "restart", "rm", "logs", "exec", "prune")
_IMAGE_VERBS = ("pull", "push", "tag", "prune")
TRANSLATIONS = {
    "run": "spawn",
    "container": "ls",
    "container ls": "ls",
    "container list": "ls",
    "container ps": "ls",
    "container run": "spawn",
    **{f"container {verb}": verb for verb in _CONTAINER_VERBS},
    "image": "images",
    "image ls": "images",
    "image list": "images",
    "image rm": "rmi",
    **{f"image {verb}": verb for verb in _IMAGE_VERBS},
    "system df": "df",
    "system prune": "prune",
    "version": "--version",
}
"""Docker's commands, and what does that here."""

DOCKER_NOUNS = (
    *("builder", "buildx", "compose", "container", "context", "image", "manifest", "network"),
    *("node", "plugin", "secret", "service", "stack", "swarm", "system", "trust", "volume"),
)
"""Things of docker's that have commands of their own: a second word belongs to the first."""

ONLY_DOCKER = {
    "up": "docker compose up",
    "down": "docker compose down",
    **dict.fromkeys(("sh", "shell", "bash"), "docker exec -it NAME sh"),
    **{
        word: f"docker {word}"
        for word in (
            *("attach", "build", "commit", "cp", "create", "diff", "events", "export", "import"),
            *("info", "init", "kill", "load", "pause", "port", "rename", "save", "search"),
            *("stats", "top", "unpause", "update", "wait"),
        )
    },
}
"""Docker's commands that have no counterpart here, and docker's own line for each."""

MAX_TYPOS_BY_LENGTH = ((2, 0), (6, 1))
"""How many letters a word may differ from the command it stands for, up to each length."""
MAX_TYPOS = 2
"""The same for longer words."""


def find_command_line(words: Sequence[str], commands: Collection[str]) -> str:
    """The line that does what somebody meant; empty if that is not clear.

    Args:
        words: what was typed; its first word is not a command.
        commands: the commands there are.
    """
    if words[0] == "docker" and len(words) > 1:
        command = SYNONYMS.get(words[1], words[1])
        return (
            f"dockmgr {command}" if command in commands else find_command_line(words[1:], commands)
        )
    length = 2 if words[0] in DOCKER_NOUNS and words[1:] and words[1].isalpha() else 1
    typed = " ".join(words[:length])
    if typed in TRANSLATIONS:
        return f"dockmgr {TRANSLATIONS[typed]}"
    return f"docker {typed}" if words[0] in DOCKER_NOUNS else ONLY_DOCKER.get(words[0], "")


def find_nearly_typed(word: str, commands: Collection[str]) -> list[str]:
    """Commands that a word differs from by a letter or two."""
    most = next((n for length, n in MAX_TYPOS_BY_LENGTH if len(word) <= length), MAX_TYPOS)
    distances = {name: count_differing_letters(word, name) for name in commands}
    near = [name for name, distance in distances.items() if distance <= most]
    closest = min((distances[name] for name in near), default=0)
    # Where one that deletes is as near as another, only the other is named.
    found = [name for name in near if distances[name] == closest]
    return [name for name in found if name not in DELETING_COMMANDS] or found


def count_differing_letters(word: str, other: str) -> int:
    """Letters to add, remove, replace or swap with their neighbour to make one word the other."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
