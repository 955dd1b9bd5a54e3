"""Plan a change of the number of members."""

from dataclasses import replace

from manager.errors import ExitCode, ManagerError
from manager.groups.core.group_spec import MAX_MEMBERS, GroupSpec
from manager.groups.core.lifecycle import plan_remove
from manager.groups.core.selection import select_containers
from manager.model.containers import Container
from manager.model.plan import Plan
from manager.model.snapshot import Snapshot


def check_count(count: int) -> None:
    """Refuse what no group can have.

    Raises:
        ManagerError: (usage) it is less than none, or too many.
    """
    if not 0 <= count <= MAX_MEMBERS:
        raise ManagerError(
            f"a group cannot have {count} members", f"choose 0 to {MAX_MEMBERS}", ExitCode.USAGE
        )


def find_group_members(snapshot: Snapshot, typed: str, count: int) -> tuple[Container, ...]:
    """The members of the group that was named, by number.

    Args:
        snapshot: the containers.
        typed: the group's name, with ``group:`` before it or without.
        count: how many there are to be, for the hint.

    Raises:
        ManagerError: there is no such group.
    """
    name = typed.removeprefix("group:")
    if found := snapshot.members(name):
        return found
    one, *_ = select_containers(snapshot, (name,))  # which says what may have been meant
    if one.group:
        raise ManagerError(
            f"{one.name} is a member of the group {one.group}, not a group",
            f"name the group: dockmgr scale {one.group} {count}",
        )
    raise ManagerError(
        f"{one.name} is a container, not a group",
        "make a group with: "
        f"dockmgr spawn {one.image or 'IMAGE'} --name {one.name} --count {max(count, 2)}",
    )


def plan_scale_down(members: tuple[Container, ...], count: int) -> Plan:
    """Remove the members with the highest numbers.

    Args:
        members: all of the group, by number.
        count: how many stay.
    """
    return plan_remove(tuple(reversed(members[count:])))


def scale_up_spec(spec: GroupSpec, count: int) -> GroupSpec:
    """What to ask of a spawn so that there are ``count`` in all, gaps filled.

    Args:
        spec: what the members there are were made after.
        count: how many there are to be.
    """
    return replace(spec, count=count, ensure=True, append=False)
