"""The docker commands that do what a plan says: each with why, in the order of the plan."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from manager.model.plan import ARCHIVED, Plan, Step, Verb
from manager.references.reference import DEFAULT_REGISTRY

DOCKER = ("docker",)


@dataclass(frozen=True, slots=True)
class DockerLine:
    """One docker command, or that docker has none."""

    words: tuple[str, ...]
    """The program and its arguments; none where docker has nothing like it."""
    why: str
    """In one line."""

    @property
    def text(self) -> str:
        """The command as a shell reads it; empty where docker has none."""
        return shlex.join(self.words)

    def __str__(self) -> str:
        """Two lines that a shell can run: why, as a comment, and the command."""
        why = f"# {' '.join(self.why.split())}"
        return f"{why}\n{self.text}" if self.words else why


@dataclass(frozen=True, slots=True)
class How:
    """What commands are given besides their targets."""

    timeout: int | None = None
    """Seconds that a container gets to end; None for its own."""
    volumes: bool = False
    force: bool = False
    platform: str = ""
    source: str = ""
    """The image that gets a name."""
    networks: frozenset[str] = frozenset()
    """Those that there are already."""
    archive: str = ""
    """The file that images are saved in first."""
    made: Mapping[str, DockerLine] = field(default_factory=dict)
    """By its name, how a container is made."""


def line(why: str, *words: str) -> DockerLine:
    """A docker command."""
    return DockerLine((*DOCKER, *words), why)


def nothing_like_it(why: str) -> DockerLine:
    """What docker has no command for.

    Args:
        why: what it would have to do, to follow "docker has".
    """
    return DockerLine((), f"docker has {why}")


NOTHING_TO_DO = DockerLine((), "there is nothing to do, and so there is no docker command for it")


def addressed(lines: Iterable[DockerLine], engine: Sequence[str]) -> tuple[DockerLine, ...]:
    """The same commands, for the engine that was named.

    Args:
        lines: the commands.
        engine: docker's own options for it, such as ``--context lab``.
    """
    return tuple(
        replace(one, words=(*DOCKER, *engine, *one.words[1:])) if one.words else one
        for one in lines
    )


def of_plan(plan: Plan, how: How | None = None) -> Iterator[DockerLine]:
    """The commands of a plan, in its order.

    Args:
        plan: what is done.
        how: with what besides.
    """
    how = how or How()
    saved = [step.target for step in plan if step.back == ARCHIVED]
    if saved:
        file = how.archive or "images.tar"
        yield line("no registry has these: save them first", "save", "--output", file, *saved)
    for step in plan:
        yield from _of_step(step, how)


PLAIN: Mapping[Verb, tuple[str, tuple[str, ...]]] = {
    Verb.PUSH: ("send the image to the registry that its name says", ("push",)),
    Verb.START: ("start what is there, with all that it has changed", ("start",)),
    Verb.UNTAG: ("take this name away; the image stays", ("rmi",)),
    Verb.DELETE: (
        "remove the last name, and with it the image and the layers that no other has",
        ("rmi",),
    ),
    Verb.REMOVE_VOLUME: ("remove the data that no container has", ("volume", "rm")),
    Verb.REMOVE_NETWORK: ("remove the network that no container is on", ("network", "rm")),
}
"""Of a verb that needs no more than a target: why, and the command before the target."""


def _of_step(step: Step, how: How) -> Iterator[DockerLine]:
    target = step.target
    if step.verb in PLAIN:
        why, words = PLAIN[step.verb]
        yield line(why, *words, target)
        return
    match step.verb:
        case Verb.PULL:
            wanted = ("--platform", how.platform) if how.platform else ()
            yield line("get the image from its registry", "pull", *wanted, target)
        case Verb.TAG:
            loses = ", which another image loses" if step.object_id else ", beside those it has"
            yield line(f"give the image this name{loses}", "tag", how.source, target)
        case Verb.CREATE:
            yield how.made[target]
        case Verb.STOP | Verb.RESTART:
            yield _end(step, how)
        case Verb.REMOVE:
            yield _remove(target, how)
        case Verb.MAKE_NETWORK if target not in how.networks:
            yield line("make the network before who is on it", "network", "create", target)
        case Verb.CLEAR_CACHE:
            why = "remove what builds have kept and none of them uses now"
            yield line(why, "builder", "prune", "--all", "--force")


def _end(step: Step, how: How) -> DockerLine:
    # The long name of this option is not the same in all clients.
    given = ("-t", str(how.timeout)) if how.timeout is not None else ()
    if step.verb is Verb.STOP:
        why = "ask it to end, and kill it if it does not; it can be started again"
        return line(why, "stop", *given, step.target)
    why = "stop it, and start the same container again"
    return line(why, "restart", *given, step.target)


def _remove(target: str, how: How) -> DockerLine:
    flags = ("--force",) * how.force + ("--volumes",) * how.volumes
    why = "remove the container, and what it has changed"
    if how.force:
        why = "kill it if it runs, and remove it"
    if how.volumes:
        why += "; its volumes without a name too"
    return line(why, "container", "rm", *flags, target)


def rolling(plan: Plan, how: How) -> Iterator[DockerLine]:
    """The commands of a restart one by one."""
    for step in plan:
        yield from _of_step(step, how)
        yield nothing_like_it(f"no command that waits until {step.target} is ready: look yourself")


@dataclass(frozen=True, slots=True)
class Lost:
    """One image that is to be brought back."""

    image_id: str
    back: str
    """A registry's ``repo@digest``, or `ARCHIVED`; the id where the image is here, or empty."""
    names: tuple[str, ...]
    platforms: tuple[str, ...] = ()


def bring_back(images: Iterable[Lost], archive: str, here: frozenset[str]) -> Iterator[DockerLine]:
    """The commands that bring images back.

    Args:
        images: in the order in which they come.
        archive: the file of those that no registry has.
        here: the ids of images that are back already.
    """
    loaded = False
    for image in images:
        if image.image_id not in here:
            if image.back == ARCHIVED:
                if not loaded:
                    why = "bring back what was saved in this file"
                    yield line(why, "load", "--input", archive)
                loaded = True
            elif image.back and image.back != image.image_id:
                for platform in image.platforms or ("",):
                    wanted = ("--platform", platform) if platform else ()
                    why = "get the very same image: a digest names no other"
                    yield line(why, "pull", *wanted, image.back)
            else:
                yield nothing_like_it(f"no way back to {image.image_id}: it was nowhere else")
                continue
        for name in image.names:
            if "@" not in name and name != image.image_id:
                yield line("give the image its name again", "tag", image.image_id, name)


def of_exec(
    names: Iterable[str], flags: Sequence[str], command: Sequence[str]
) -> Iterator[DockerLine]:
    """The commands that run one command in several containers.

    Args:
        names: of the containers.
        flags: options of ``docker exec``.
        command: what is run.
    """
    for name in names:
        why = f"run it inside {name}, beside what runs there"
        yield line(why, "exec", *flags, name, *command)


def of_logs(
    names: Iterable[str], *, follow: bool, tail: int | None, timestamps: bool
) -> Iterator[DockerLine]:
    """The commands that show what several containers wrote."""
    flags = ["--follow"] * follow + ["--timestamps"] * timestamps
    flags += ["--tail", str(tail)] if tail is not None else []
    for name in names:
        yield line(f"show what {name} has written", "logs", *flags, name)


def of_login(
    command: str, hosts: Iterable[str], username: str, *, stdin: bool
) -> Iterator[DockerLine]:
    """The commands that log in to registries or out of them.

    Args:
        command: ``login`` or ``logout``.
        hosts: the registries.
        username: as it was typed, or empty.
        stdin: whether the password is read from there; else docker asks for it.
    """
    why = "forget who you are at this registry"
    if command == "login":
        why = (
            "keep who you are there, without a credential helper unencrypted, which dockmgr does "
            "only with --insecure-plaintext; the password is no argument, which others could see"
        )
    flags = ["--username", username] if username else []
    flags += ["--password-stdin"] if stdin else []
    for host in hosts:
        # Docker means its own registry where none is named.
        yield line(why, command, *flags, *([host] if host != DEFAULT_REGISTRY else []))
