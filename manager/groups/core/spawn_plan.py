"""Plan a spawn: which numbered containers to make, and with which ports."""

from collections.abc import Iterable, Iterator

from manager.errors import ExitCode, ManagerError
from manager.groups.core.group_spec import GroupSpec
from manager.groups.core.port_chooser import PortChooser, TakenPorts
from manager.groups.core.spec_label import requested_image
from manager.model.containers import Container
from manager.model.images import Image
from manager.model.naming import NameTemplate
from manager.model.plan import OnConflict, Plan, PlanStep, Verb
from manager.model.snapshot import Snapshot
from manager.references.reference import parse_reference


def free_numbers(
    template: NameTemplate, snapshot: Snapshot, first: int = 1, *, append: bool = False
) -> Iterator[int]:
    """The numbers a new member may take, lowest first, without end.

    A number is taken if a member has it, or if any container has the name it would give.

    Args:
        template: how members are called.
        snapshot: all containers.
        first: the lowest number there may be.
        append: whether gaps are left.
    """
    names = {container.name for container in snapshot.containers}
    taken = {member.index for member in snapshot.members(template.group)}
    number = max((first, *(n + 1 for n in taken if n is not None))) if append else first
    while True:
        if number not in taken and template.name(number) not in names:
            yield number
        number += 1


def refuse_second_image(spec: GroupSpec, members: tuple[Container, ...], image_id: str) -> None:
    """Refuse to put a second image into a group.

    Raises:
        ManagerError: (failed) a member was made from another image.
    """
    others = [member for member in members if member.image_id != image_id]
    if others:
        raise _mixed_images_error(spec, others[0])


def _check_repository(spec: GroupSpec, members: tuple[Container, ...]) -> None:
    """The same for an image that is not on the engine yet, as far as names tell."""
    for member in members:
        made_from = parse_reference(member.image)
        if made_from is not None and made_from.repository != spec.image.repository:
            raise _mixed_images_error(spec, member)


def _mixed_images_error(spec: GroupSpec, other: Container) -> ManagerError:
    what = other.made_from
    if other.image.startswith("sha256:"):
        # The name it was made from has moved to another image: the engine shows the id.
        asked = requested_image(other)
        what = f"another image, which was called {asked.familiar}" if asked else f"image {what}"
    elif other.image == spec.image.familiar:
        what = f"another image, which was called {spec.image.familiar}"
    return ManagerError(
        f"group {spec.group} is made from {what}, and a group never mixes images",
        f"choose another group with --name, or first run: dockmgr rm {spec.group}",
    )


def taken_ports(snapshot: Snapshot, others: TakenPorts) -> TakenPorts:
    """Who has which port of the engine's machine.

    Args:
        snapshot: all containers.
        others: what other programs have.
    """
    taken = TakenPorts()
    for container in snapshot.containers:
        for port in container.ports:
            if port.host_port is not None:
                taken.add(port.host_ip, port.host_port, port.protocol, container.name)
    taken.add_all(others)
    return taken


def plan_spawn(
    spec: GroupSpec, snapshot: Snapshot, image: Image | None, others: TakenPorts | None = None
) -> Plan:
    """Decide which members to make.

    Args:
        spec: what was asked for, the names and first number of an existing group adopted.
        snapshot: all containers of the engine.
        image: the image as the engine has it; None if it must be pulled first.
        others: ports that programs other than containers have.

    Raises:
        ManagerError: the group has members of another image, or there is no port for a member.
    """
    members = snapshot.members(spec.group)
    if image is not None:
        refuse_second_image(spec, members, image.id)
    else:
        _check_repository(spec, members)
    wanted = max(spec.count - len(members), 0) if spec.ensure else spec.count
    numbers = free_numbers(spec.template, snapshot, spec.first, append=spec.append)
    chosen = list(_requested_numbers(spec, snapshot)) or [next(numbers) for _ in range(wanted)]
    ports = PortChooser(
        spec.options.publish, spec.first, taken_ports(snapshot, others or TakenPorts())
    )
    exact = spec.ensure or spec.exact_numbers
    on_conflict = OnConflict.SKIP_MEMBER if exact else OnConflict.NEXT_NUMBER
    steps = [_create_step(spec, number, ports, on_conflict) for number in chosen]
    if steps and image is None:
        steps.insert(0, PlanStep(Verb.PULL, spec.image.familiar, "not on this engine yet"))
    return Plan(tuple(steps), (*_notes(spec, snapshot, members, chosen), *ports.notes))


def _requested_numbers(spec: GroupSpec, snapshot: Snapshot) -> tuple[int, ...]:
    """The numbers that were asked for.

    Raises:
        ManagerError: another container has the name.
    """
    names = {container.name for container in snapshot.containers}
    for number in spec.exact_numbers:
        if spec.template.name(number) in names:
            raise ManagerError(
                f"another container is called {spec.template.name(number)}",
                f"rename it, or remove it with: docker rm {spec.template.name(number)}",
            )
    return spec.exact_numbers


def _create_step(
    spec: GroupSpec, number: int, ports: PortChooser, on_conflict: OnConflict
) -> PlanStep:
    name = spec.template.name(number)
    bindings = ports.choose(name, number)
    published = ", ".join(map(str, bindings))
    return PlanStep(
        Verb.CREATE,
        name,
        f"from {spec.image.familiar}" + (f", publishing {published}" if published else ""),
        number=number,
        ports=bindings,
        on_conflict=on_conflict,
    )


def _notes(
    spec: GroupSpec, snapshot: Snapshot, members: tuple[Container, ...], chosen: list[int]
) -> Iterator[str]:
    highest = max(chosen, default=spec.first)
    own = {member.id for member in members}
    names = {spec.template.name(number) for number in range(spec.first, highest)}
    for container in snapshot.containers:
        if container.name in names and container.id not in own:
            yield f"{container.name} does not belong to this group; skipping its number"
    if spec.ensure and not chosen:
        yield f"group {spec.group} already has {len(members)} member{'s' * (len(members) != 1)}"
    stopped = [member.name for member in members if not member.is_running]
    if spec.ensure and stopped:
        yield f"not running: {', '.join(stopped)}; start them with: dockmgr start {spec.group}"


def refuse_same_group_twice(groups: Iterable[GroupSpec]) -> None:
    """Refuse two specifications of one group.

    Raises:
        ManagerError: (usage) two describe the same group.
    """
    seen: set[str] = set()
    for spec in groups:
        if spec.group in seen:
            raise ManagerError(
                f"the group {spec.group} is described twice",
                "rename one of them",
                ExitCode.USAGE,
            )
        seen.add(spec.group)
