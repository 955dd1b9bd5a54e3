"""Which containers a person means by the names they type."""

from manager.errors import ManagerError
from manager.model.containers import Container, by_group_and_number
from manager.model.snapshot import Snapshot
from manager.model.units import SHORT_ID_DIGITS

FULL_ID_LENGTH = 64


def select_containers(snapshot: Snapshot, names: tuple[str, ...]) -> tuple[Container, ...]:
    """The containers that ``names`` stand for, each once, by group and number.

    A name is a group, the name of a container, or a container's id (12 or all 64 digits).
    ``group:NAME`` and ``container:NAME`` say which is meant where both exist.

    Raises:
        ManagerError: a name is unknown, or is both a group and a container.
    """
    missing = [name for name in names if not _is_known(snapshot, name)]
    if len(missing) > 1:
        raise ManagerError(
            f"no containers or groups are called {', '.join(missing)}",
            "list them with: dockmgr ls",
        )
    chosen = {
        container.id: container for name in names for container in _resolve_name(snapshot, name)
    }
    return tuple(sorted(chosen.values(), key=by_group_and_number))


def _is_known(snapshot: Snapshot, name: str) -> bool:
    kind, colon, bare = name.partition(":")
    wanted = bare if colon and kind in {"group", "container"} else name
    return bool(snapshot.members(wanted) or _find_by_name_or_id(snapshot, wanted))


def _resolve_name(snapshot: Snapshot, name: str) -> tuple[Container, ...]:
    kind, colon, bare = name.partition(":")
    if colon and kind in {"group", "container"}:
        found = snapshot.members(bare) if kind == "group" else _find_by_name_or_id(snapshot, bare)
        return found or _raise_unknown_name(snapshot, name)
    members, exact = snapshot.members(name), _find_by_name_or_id(snapshot, name)
    if members and exact:
        raise ManagerError(
            f"{name} is both a group of {len(members)} and a container",
            f"write group:{name} or container:{name}",
        )
    return members or exact or _raise_unknown_name(snapshot, name)


def _find_by_name_or_id(snapshot: Snapshot, name: str) -> tuple[Container, ...]:
    ids = (SHORT_ID_DIGITS, FULL_ID_LENGTH)
    return tuple(
        container
        for container in snapshot.containers
        if container.name == name or (len(name) in ids and container.id.startswith(name))
    )


def _raise_unknown_name(snapshot: Snapshot, name: str) -> tuple[Container, ...]:
    known = sorted(known_names(snapshot))
    import difflib

    wanted = name.partition(":")[2] or name
    near = difflib.get_close_matches(wanted, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "list them with: dockmgr ls"
    group = wanted.rstrip("0123456789")
    if group != wanted and snapshot.members(group):
        # A missing member does not mean the whole group.
        hint = f"list the members of {group} with: dockmgr ls {group}"
    raise ManagerError(f"no container or group is called {name}", hint)


def known_names(snapshot: Snapshot) -> set[str]:
    """Every name that `select_containers` would understand: groups and containers."""
    groups = {container.group for container in snapshot.containers if container.group}
    return groups | {container.name for container in snapshot.containers}
