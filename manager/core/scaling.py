"""Plan a change of how many members a group has."""

from dataclasses import replace

from manager.core.group_spec import MOST, GroupSpec
from manager.core.lifecycle import plan_remove
from manager.core.model import Container
from manager.core.plan import Plan
from manager.errors import ExitCode, ManagerError


def check_count(count: int) -> None:
    """Refuse what no group can have.

    Raises:
        ManagerError: (usage) it is less than none, or too many.
    """
    if not 0 <= count <= MOST:
        raise ManagerError(
            f"a group cannot have {count} members", f"ask for 0 to {MOST}", ExitCode.USAGE
        )


def surplus(members: tuple[Container, ...], count: int) -> Plan:
    """Remove the members with the highest numbers.

    Args:
        members: all of the group, by number.
        count: how many stay.
    """
    return plan_remove(tuple(reversed(members[count:])))


def growing(spec: GroupSpec, count: int) -> GroupSpec:
    """What to ask of a spawn so that there are ``count`` in all, gaps filled.

    Args:
        spec: what the members there are were made after.
        count: how many there are to be.
    """
    return replace(spec, count=count, ensure=True, append=False)
