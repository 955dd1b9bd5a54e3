"""The docker commands that do what a plan says: each with why, in the order of the plan."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from manager.model.plan import ARCHIVED, Plan, PlanStep, Verb
from manager.references.reference import DEFAULT_REGISTRY

DOCKER_PROGRAM = ("docker",)


@dataclass(frozen=True, slots=True)
class DockerCommand:
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
class DockerCommandOptions:
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
    made: Mapping[str, DockerCommand] = field(default_factory=dict)
    """By its name, how a container is made."""


def docker_command(why: str, *words: str) -> DockerCommand:
    """A docker command."""
    return DockerCommand((*DOCKER_PROGRAM, *words), why)


def no_docker_command(why: str) -> DockerCommand:
    """What docker has no command for.

    Args:
        why: what it would have to do, to follow "docker has".
    """
    return DockerCommand((), f"docker has {why}")


NOTHING_TO_DO = DockerCommand(
    (), "there is nothing to do, and so there is no docker command for it"
)


def add_engine_options(
    lines: Iterable[DockerCommand], engine: Sequence[str]
) -> tuple[DockerCommand, ...]:
    """The same commands, for the engine that was named.

    Args:
        lines: the commands.
        engine: docker's own options for it, such as ``--context lab``.
    """
    return tuple(
        replace(one, words=(*DOCKER_PROGRAM, *engine, *one.words[1:])) if one.words else one
        for one in lines
    )


def translate_plan(plan: Plan, how: DockerCommandOptions | None = None) -> Iterator[DockerCommand]:
    """The commands of a plan, in its order.

    Args:
        plan: what is done.
        how: with what besides.
    """
    how = how or DockerCommandOptions()
    saved = [step.target for step in plan if step.back == ARCHIVED]
    if saved:
        file = how.archive or "images.tar"
        yield docker_command(
            "no registry has these: save them first", "save", "--output", file, *saved
        )
    for step in plan:
        yield from _translate_step(step, how)


SIMPLE_COMMANDS: Mapping[Verb, tuple[str, tuple[str, ...]]] = {
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


def _translate_step(step: PlanStep, how: DockerCommandOptions) -> Iterator[DockerCommand]:
    target = step.target
    if step.verb in SIMPLE_COMMANDS:
        why, words = SIMPLE_COMMANDS[step.verb]
        yield docker_command(why, *words, target)
        return
    match step.verb:
        case Verb.PULL:
            wanted = ("--platform", how.platform) if how.platform else ()
            yield docker_command("get the image from its registry", "pull", *wanted, target)
        case Verb.TAG:
            loses = ", which another image loses" if step.object_id else ", beside those it has"
            yield docker_command(f"give the image this name{loses}", "tag", how.source, target)
        case Verb.CREATE:
            yield how.made[target]
        case Verb.STOP | Verb.RESTART:
            yield _translate_stop(step, how)
        case Verb.REMOVE:
            yield _translate_remove(target, how)
        case Verb.MAKE_NETWORK if target not in how.networks:
            yield docker_command(
                "make the network before who is on it", "network", "create", target
            )
        case Verb.CLEAR_CACHE:
            why = "remove what builds have kept and none of them uses now"
            yield docker_command(why, "builder", "prune", "--all", "--force")


def _translate_stop(step: PlanStep, how: DockerCommandOptions) -> DockerCommand:
    # The long name of this option is not the same in all clients.
    given = ("-t", str(how.timeout)) if how.timeout is not None else ()
    if step.verb is Verb.STOP:
        why = "ask it to end, and kill it if it does not; it can be started again"
        return docker_command(why, "stop", *given, step.target)
    why = "stop it, and start the same container again"
    return docker_command(why, "restart", *given, step.target)


def _translate_remove(target: str, how: DockerCommandOptions) -> DockerCommand:
    flags = ("--force",) * how.force + ("--volumes",) * how.volumes
    why = "remove the container, and what it has changed"
    if how.force:
        why = "kill it if it runs, and remove it"
    if how.volumes:
        why += "; its volumes without a name too"
    return docker_command(why, "container", "rm", *flags, target)


def translate_rolling_restart(plan: Plan, how: DockerCommandOptions) -> Iterator[DockerCommand]:
    """The commands of a restart one by one."""
    for step in plan:
        yield from _translate_step(step, how)
        yield no_docker_command(
            f"no command that waits until {step.target} is ready: look yourself"
        )


@dataclass(frozen=True, slots=True)
class LostImage:
    """One image that is to be brought back."""

    image_id: str
    back: str
    """A registry's ``repo@digest``, or `ARCHIVED`; the id where the image is here, or empty."""
    names: tuple[str, ...]
    platforms: tuple[str, ...] = ()


def translate_undo(
    images: Iterable[LostImage], archive: str, here: frozenset[str]
) -> Iterator[DockerCommand]:
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
                    yield docker_command(why, "load", "--input", archive)
                loaded = True
            elif image.back and image.back != image.image_id:
                for platform in image.platforms or ("",):
                    wanted = ("--platform", platform) if platform else ()
                    why = "get the very same image: a digest names no other"
                    yield docker_command(why, "pull", *wanted, image.back)
            else:
                yield no_docker_command(f"no way back to {image.image_id}: it was nowhere else")
                continue
        for name in image.names:
            if "@" not in name and name != image.image_id:
                yield docker_command("give the image its name again", "tag", image.image_id, name)


def translate_exec(
    names: Iterable[str], flags: Sequence[str], command: Sequence[str]
) -> Iterator[DockerCommand]:
    """The commands that run one command in several containers.

    Args:
        names: of the containers.
        flags: options of ``docker exec``.
        command: what is run.
    """
    for name in names:
        why = f"run it inside {name}, beside what runs there"
        yield docker_command(why, "exec", *flags, name, *command)


def translate_logs(
    names: Iterable[str], *, follow: bool, tail: int | None, timestamps: bool
) -> Iterator[DockerCommand]:
    """The commands that show what several containers wrote."""
    flags = ["--follow"] * follow + ["--timestamps"] * timestamps
    flags += ["--tail", str(tail)] if tail is not None else []
    for name in names:
        yield docker_command(f"show what {name} has written", "logs", *flags, name)


def translate_login(
    command: str, hosts: Iterable[str], username: str, *, stdin: bool
) -> Iterator[DockerCommand]:
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
        yield docker_command(why, command, *flags, *([host] if host != DEFAULT_REGISTRY else []))
