"""The docker commands that do what a plan does: each with why, in the order of the plan."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from manager.model.docker_commands import DockerCommand, docker_command, no_docker_command
from manager.model.plan import ARCHIVED, Plan, PlanStep, Verb


@dataclass(frozen=True, slots=True)
class DockerCommandOptions:
    """Options of the commands besides their targets."""

    timeout: int | None = None
    """Seconds that a container gets to end; None for its own."""
    volumes: bool = False
    force: bool = False
    platform: str = ""
    source: str = ""
    """The image that gets a name."""
    networks: frozenset[str] = frozenset()
    """The networks that exist already."""
    archive: str = ""
    """The file that images are saved in first."""
    create_commands: Mapping[str, DockerCommand] = field(default_factory=dict)
    """The command that makes each container, by its name."""


def translate_plan(plan: Plan, how: DockerCommandOptions | None = None) -> Iterator[DockerCommand]:
    """Translate a plan, in its order.

    Args:
        plan: the steps to do.
        how: the options of the commands.
    """
    how = how or DockerCommandOptions()
    saved = [step.target for step in plan if step.restore_from == ARCHIVED]
    if saved:
        file = how.archive or "images.tar"
        yield docker_command(
            "save these first: no registry has them", "save", "--output", file, *saved
        )
    for step in plan:
        yield from _translate_step(step, how)


SIMPLE_COMMANDS: Mapping[Verb, tuple[str, tuple[str, ...]]] = {
    Verb.PUSH: ("send the image to the registry in its name", ("push",)),
    Verb.START: ("start the existing container, with its changes", ("start",)),
    Verb.UNTAG: ("remove this name; the image stays", ("rmi",)),
    Verb.DELETE: (
        "remove the last name, and with it the image and its unshared layers",
        ("rmi",),
    ),
    Verb.REMOVE_VOLUME: ("remove a volume that no container uses", ("volume", "rm")),
    Verb.REMOVE_NETWORK: ("remove a network that no container uses", ("network", "rm")),
}
"""For each verb that needs only a target: why, and the command before the target."""


def _translate_step(step: PlanStep, how: DockerCommandOptions) -> Iterator[DockerCommand]:
    target = step.target
    if step.verb in SIMPLE_COMMANDS:
        why, words = SIMPLE_COMMANDS[step.verb]
        yield docker_command(why, *words, target)
        return
    match step.verb:
        case Verb.PULL:
            wanted = ("--platform", how.platform) if how.platform else ()
            yield docker_command("download the image from its registry", "pull", *wanted, target)
        case Verb.TAG:
            why = "give the image this name"
            why += ", taking it from another image" if step.object_id else " as well"
            yield docker_command(why, "tag", how.source, target)
        case Verb.CREATE:
            yield how.create_commands[target]
        case Verb.STOP | Verb.RESTART:
            yield _translate_stop(step, how)
        case Verb.REMOVE:
            yield _translate_remove(target, how)
        case Verb.MAKE_NETWORK if target not in how.networks:
            yield docker_command(
                "create the network before its containers", "network", "create", target
            )
        case Verb.CLEAR_CACHE:
            why = "remove the build cache that is not in use"
            yield docker_command(why, "builder", "prune", "--all", "--force")


def _translate_stop(step: PlanStep, how: DockerCommandOptions) -> DockerCommand:
    # The long name of this option is not the same in all clients.
    given = ("-t", str(how.timeout)) if how.timeout is not None else ()
    if step.verb is Verb.STOP:
        why = "ask it to stop, and kill it if it does not; it can be started again"
        return docker_command(why, "stop", *given, step.target)
    why = "stop it, and start the same container again"
    return docker_command(why, "restart", *given, step.target)


def _translate_remove(target: str, how: DockerCommandOptions) -> DockerCommand:
    flags = ("--force",) * how.force + ("--volumes",) * how.volumes
    why = "remove the container and its changes"
    if how.force:
        why = "kill it if it is running, and remove it"
    if how.volumes:
        why += "; its anonymous volumes too"
    return docker_command(why, "container", "rm", *flags, target)


def translate_rolling_restart(plan: Plan, how: DockerCommandOptions) -> Iterator[DockerCommand]:
    """The commands of a restart, one container at a time."""
    for step in plan:
        yield from _translate_step(step, how)
        yield no_docker_command(
            f"no command that waits until {step.target} is ready: check it yourself"
        )
