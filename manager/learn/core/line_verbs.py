"""The commands of docker and dockmgr: those that there are, and those that a lesson may have."""

from __future__ import annotations


def words(names: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(names.split())


CONTAINER = words(
    "attach commit cp create diff exec export inspect kill logs pause port rename restart rm run "
    "start stats stop top unpause update wait"
)
IMAGE = words("build history import inspect load pull push save tag")
GROUPS = {
    "builder": words("build prune"),
    "buildx": words("bake build create du inspect ls prune rm stop use version"),
    "checkpoint": words("create ls rm"),
    "config": words("create inspect ls rm"),
    "container": CONTAINER | words("list ls prune ps remove"),
    "context": words("create export import inspect ls rm show update use"),
    "image": IMAGE | words("list ls prune remove rm"),
    "manifest": words("annotate create inspect push rm"),
    "network": words("connect create disconnect inspect list ls prune remove rm"),
    "node": words("demote inspect ls promote ps rm update"),
    "plugin": words("create disable enable inspect install ls push rm set upgrade"),
    "secret": words("create inspect ls rm"),
    "service": words("create inspect logs ls ps rm rollback scale update"),
    "stack": words("config deploy ls ps rm services"),
    "swarm": words("ca init join join-token leave unlock unlock-key update"),
    "system": words("df dial-stdio events info prune"),
    "trust": words("inspect key revoke sign signer"),
    "volume": words("create inspect list ls prune remove rm update"),
}
"""By words of docker that are followed by the command itself, what there is of each.

Source: the docker command's reference.
"""
ALONE = {
    "docker": CONTAINER
    | IMAGE
    | words("compose events images info login logout ps rmi search version")
    | words("ai debug desktop extension init mcp model offload sandbox sbom scout"),
    "dockmgr": words(
        "apply config df exec explain history images inspect lab learn login logout logs ls "
        "outdated pin prune pull push recover registries restart rm rmi scale spawn start stop "
        "tag tags undo unpin"
    ),
}
"""Commands of one word. Source: the docker command's reference, and well-known plugins."""
VERBS = {
    "docker": tuple(sorted({*ALONE["docker"], *GROUPS})),
    "dockmgr": tuple(sorted(ALONE["dockmgr"])),
}
"""The first words of commands."""
COMPOSE = words(
    "build config create events exec images kill logs ls pause port ps pull restart rm run start "
    "stop top unpause up down version"
)
"""What docker compose does with its project alone."""
ALLOWED = {
    "docker": CONTAINER
    | IMAGE
    | words("compose events images info ps rmi search version sbom scout")
    | {"buildx ls", "buildx version", "buildx inspect", "context ls", "context show"}
    | {"context inspect", "manifest inspect", "system df", "system info", "system events"}
    | {"network connect", "network create", "network disconnect", "network inspect"}
    | {"network ls", "network rm", "volume create", "volume inspect", "volume ls", "volume rm"},
    "dockmgr": words(
        "df exec explain history images inspect logs ls outdated prune pull push registries "
        "restart rm rmi scale spawn start stop tag tags"
    ),
}
"""Commands that show something, or change only what they name."""
LAB = words("status env")
"""What a lesson may have of dockmgr lab: these change nothing."""
SAME = {"remove": "rm", "list": "ls"}


def whole_verb(group: str, word: str) -> str:
    """A command of docker in its short form, as far as it has one: ``image rm`` is ``rmi``.

    Args:
        group: its first word, one of `GROUPS`.
        word: the second.
    """
    if word not in GROUPS[group]:
        return f"{group} {word}"
    word = SAME.get(word, word)
    if group == "image" and word in {"rm", "ls"}:
        return {"rm": "rmi", "ls": "images"}[word]
    if group == "container" and word == "ls":
        return "ps"
    short = group in {"container", "image"} or word == "build"
    return word if short and word != "prune" else f"{group} {word}"


def exists(program: str, verb: str) -> bool:
    """Whether there is such a command, in its short form."""
    group, _, word = verb.partition(" ")
    if program == "docker" and group in GROUPS:
        return not word or word in GROUPS[group]
    return verb in ALONE[program]
