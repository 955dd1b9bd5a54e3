"""Plan a spawn: which numbered containers to make from one image, and what each is made with."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from manager.core.model import GROUP_LABEL, INDEX_LABEL, SPAWN_LABEL, Container, Image, Snapshot
from manager.core.plan import OnConflict, Plan, Step, Verb
from manager.core.ports import PublishSpec
from manager.core.reference import ImageReference, read
from manager.errors import ExitCode, ManagerError

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """What was asked for: the group, its image, and what its members are made with."""

    image: ImageReference
    group: str
    count: int = 1
    ensure: bool = False
    """Whether ``count`` is how many there are to be in all, not how many more."""
    publish: tuple[PublishSpec, ...] = ()
    publish_all: bool = False
    env: tuple[str, ...] = ()
    """``KEY=VALUE`` each."""
    volumes: tuple[str, ...] = ()
    """``SOURCE:TARGET[:OPTIONS]``, or ``TARGET`` for an anonymous volume."""
    network: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    platform: str = ""

    def __post_init__(self) -> None:
        """Refuse what no engine could make.

        Raises:
            ManagerError: (usage) the count, the name or a label is not possible.
        """
        if self.count < 1:
            raise ManagerError(
                f"a count of {self.count} makes nothing", "ask for 1 or more", ExitCode.USAGE
            )
        if not _NAME.fullmatch(self.group):
            raise ManagerError(
                f"{self.group!r} cannot be the name of a group",
                "use letters, digits, and after the first of these also . _ -",
                ExitCode.USAGE,
            )
        for label in self.labels:
            if label.startswith("dockmgr."):
                raise ManagerError(
                    f"label {label!r} is one that dockmgr sets itself",
                    "choose a label that does not begin with dockmgr.",
                    ExitCode.USAGE,
                )


def default_group(reference: ImageReference) -> str:
    """The group an image's containers go to if no name is given: its last path component."""
    return reference.path.rpartition("/")[2]


def member_name(group: str, number: int) -> str:
    """The container name of a member."""
    return f"{group}{number}"


def free_numbers(group: str, snapshot: Snapshot) -> Iterator[int]:
    """The numbers a new member may take, lowest first, gaps included, without end.

    A number is taken if a member has it, or if any container has the name it would give.
    """
    names = {container.name for container in snapshot.containers}
    taken = {member.index for member in snapshot.members(group)}
    number = 1
    while True:
        if number not in taken and member_name(group, number) not in names:
            yield number
        number += 1


def check_one_image(spec: GroupSpec, members: tuple[Container, ...], image_id: str) -> None:
    """Refuse to put a second image into a group.

    Raises:
        ManagerError: (failed) a member was made from another image.
    """
    others = [member for member in members if member.image_id != image_id]
    if others:
        raise _mixed(spec, others[0])


def _check_repository(spec: GroupSpec, members: tuple[Container, ...]) -> None:
    """The same for an image that is not here yet, as far as names tell."""
    for member in members:
        made_from = read(member.image)
        if made_from is not None and made_from.repository != spec.image.repository:
            raise _mixed(spec, member)


def _mixed(spec: GroupSpec, other: Container) -> ManagerError:
    moved = other.image == spec.image.familiar or other.image.startswith("sha256:")
    what = f"an older {spec.image.familiar}" if moved else other.image
    return ManagerError(
        f"group {spec.group} is made from {what}, and a group never mixes two images",
        f"give the new ones a name of their own with --name, or first: dockmgr rm {spec.group}",
    )


def plan_spawn(spec: GroupSpec, snapshot: Snapshot, image: Image | None) -> Plan:
    """Decide which members to make.

    Args:
        spec: what was asked for.
        snapshot: all containers of the engine.
        image: the image as the engine has it; None if it must be pulled first.

    Raises:
        ManagerError: the group has members of another image, or a port would be above 65535.
    """
    members = snapshot.members(spec.group)
    if image is not None:
        check_one_image(spec, members, image.id)
    else:
        _check_repository(spec, members)
    wanted = max(spec.count - len(members), 0) if spec.ensure else spec.count
    numbers = free_numbers(spec.group, snapshot)
    chosen = [next(numbers) for _ in range(wanted)]
    _refuse_same_port_twice(spec, chosen)
    on_conflict = OnConflict.SKIP_MEMBER if spec.ensure else OnConflict.NEXT_NUMBER
    steps = [_create(spec, number, on_conflict) for number in chosen]
    if steps and image is None:
        steps.insert(0, Step(Verb.PULL, spec.image.familiar, "not on this engine yet"))
    return Plan(tuple(steps), tuple(_notes(spec, snapshot, members, chosen)))


def _refuse_same_port_twice(spec: GroupSpec, chosen: list[int]) -> None:
    """Members count their ports upwards: two ``--publish`` can run into each other."""
    taken: dict[tuple[str, int, str], str] = {}
    for number in chosen:
        for port in (published.for_member(number) for published in spec.publish):
            key = port.host_key
            if key is None:
                continue
            name = member_name(spec.group, number)
            if key in taken:
                raise ManagerError(
                    f"{taken[key]} and {name} would both publish port {port.host_port}",
                    f"publish ports that lie at least {spec.count} apart",
                    ExitCode.USAGE,
                )
            taken[key] = name


def _create(spec: GroupSpec, number: int, on_conflict: OnConflict) -> Step:
    ports = ", ".join(str(port.for_member(number)) for port in spec.publish)
    return Step(
        Verb.CREATE,
        member_name(spec.group, number),
        f"from {spec.image.familiar}" + (f", publishing {ports}" if ports else ""),
        number=number,
        on_conflict=on_conflict,
    )


def _notes(
    spec: GroupSpec, snapshot: Snapshot, members: tuple[Container, ...], chosen: list[int]
) -> Iterator[str]:
    highest = max(chosen, default=0)
    own = {member.id for member in members}
    names = {member_name(spec.group, number) for number in range(1, highest)}
    for container in snapshot.containers:
        if container.name in names and container.id not in own:
            yield f"{container.name} is not of this group: it is left alone, its number skipped"
    if spec.ensure and not chosen:
        yield f"group {spec.group} has {len(members)} already"
    stopped = [member.name for member in members if not member.running]
    if spec.ensure and stopped:
        yield f"not running: {', '.join(stopped)}; start them with: dockmgr start {spec.group}"


def container_config(spec: GroupSpec, number: int, image: str, spawn_id: str) -> dict[str, object]:
    """The body of the engine's create call for one member.

    Source: Docker Engine API 1.41, ``POST /containers/create``.

    Args:
        spec: what was asked for.
        number: the member's number in its group.
        image: the image's id, so that a tag moving meanwhile cannot mix two images.
        spawn_id: marks the containers of one spawn.
    """
    ports = [port.for_member(number) for port in spec.publish]
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        binding = {"HostIp": port.host_ip, "HostPort": str(port.host_port or "")}
        bindings.setdefault(f"{port.container_port}/{port.protocol}", []).append(binding)
    host: dict[str, object] = {
        "PortBindings": bindings,
        "PublishAllPorts": spec.publish_all,
        "Binds": [volume for volume in spec.volumes if ":" in volume],
    }
    if spec.network:
        host["NetworkMode"] = spec.network
    config: dict[str, object] = {
        "Image": image,
        "Env": [*spec.env, f"DOCKMGR_GROUP={spec.group}", f"DOCKMGR_INDEX={number}"],
        "Labels": {
            **spec.labels,
            GROUP_LABEL: spec.group,
            INDEX_LABEL: str(number),
            SPAWN_LABEL: spawn_id,
        },
        "ExposedPorts": {key: {} for key in bindings},
        "Volumes": {volume: {} for volume in spec.volumes if ":" not in volume},
        "HostConfig": host,
    }
    if spec.command:
        config["Cmd"] = list(spec.command)
    return config
