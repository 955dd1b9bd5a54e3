"""How options that are more than one value get into the body of the engine's create call.

Source: Docker Engine API 1.41, ``POST /containers/create``; what the client of Docker 28 sends.
"""

from collections.abc import Callable

from manager.groups.core.mounts import Mount
from manager.groups.core.option_errors import InvalidValueError
from manager.groups.core.option_values import parse_absolute_path, parse_pair
from manager.groups.core.run_option import ApiBody, OptionWriter, find_table

UNCONFINED_PATHS = "systempaths=unconfined"


def write_nothing(_body: ApiBody, _value: object) -> None:
    """For what is sent in another way: ports are chosen for each member, files are read first."""


def write_pairs_to(path: str, parse: Callable[[str], tuple[str, str]] = parse_pair) -> OptionWriter:
    """Write several values as a table of key and value."""

    def write(body: ApiBody, texts: tuple[str, ...]) -> None:
        table, key = find_table(body, path)
        table[key] = dict(map(parse, texts))

    return write


def minimum(least: int) -> Callable[[int], int]:
    """A check for whole numbers."""

    def check(value: int) -> int:
        if value < least:
            raise InvalidValueError(str(value), f"is less than {least}")
        return value

    return check


def write_volumes(body: ApiBody, texts: tuple[str, ...]) -> None:
    """Volumes with a source are binds; those without one are anonymous.

    Raises:
        InvalidValueError: a part is empty, or the target is not absolute.
    """
    for text in texts:
        source, colon, rest = text.partition(":")
        if not text or (colon and not (source and rest)):
            raise InvalidValueError(text, "has an empty part")
        parse_absolute_path(rest.partition(":")[0] if colon else source)
        if colon:
            body.setdefault("HostConfig", {}).setdefault("Binds", []).append(text)
        else:
            body.setdefault("Volumes", {})[source] = {}


def write_mounts(body: ApiBody, texts: tuple[str, ...]) -> None:
    """Mounts; a plain volume without a name goes with its container.

    Raises:
        InvalidValueError: one is not in docker's syntax.
    """
    for mount in map(Mount.parse, texts):
        if mount.anonymous_volume:
            body.setdefault("Volumes", {})[mount.target] = {}
        else:
            body.setdefault("HostConfig", {}).setdefault("Mounts", []).append(mount.to_api_body())


def write_network_aliases(body: ApiBody, aliases: tuple[str, ...]) -> None:
    """Aliases stand with the network, which is written before them."""
    network = body["HostConfig"]["NetworkMode"]
    body["NetworkingConfig"] = {"EndpointsConfig": {network: {"Aliases": list(aliases)}}}


def write_security_options(body: ApiBody, texts: tuple[str, ...]) -> None:
    """One of them is not an option to the engine, but two empty lists, which must be sent."""
    host = body.setdefault("HostConfig", {})
    if UNCONFINED_PATHS in texts:
        host.update(MaskedPaths=(), ReadonlyPaths=())
    if rest := [text for text in texts if text != UNCONFINED_PATHS]:
        host["SecurityOpt"] = rest
