"""The values that options of ``docker run`` take, read as docker reads them."""

import csv
import ipaddress
import math
import re
from decimal import Decimal
from typing import Any

from manager.errors import ManagerError
from manager.groups.core.option_errors import InvalidValueError
from manager.model.units import parse_duration

MIN_HEALTH_SECONDS = 0.001
"""Seconds between two health checks, at least."""
HIGHEST_NUMBER = 2**63 - 1
"""The highest that the engine's API can hold."""
_BINARY_EXPONENTS = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def parse_variable(text: str) -> str:
    """``KEY=VALUE``.

    Raises:
        InvalidValueError: it has no name; the value, perhaps a secret, is not repeated.
    """
    if text.startswith("=") or not text:
        raise InvalidValueError("", "needs a name before the equals sign")
    return text


def parse_pair(text: str) -> tuple[str, str]:
    """``KEY[=VALUE]``.

    Raises:
        InvalidValueError: it has no key.
    """
    key, _, value = text.partition("=")
    if not key:
        raise InvalidValueError(text, "has no key")
    return key, value


def parse_absolute_path(path: str) -> str:
    """A path inside a container.

    Raises:
        InvalidValueError: it does not begin at the root.
    """
    if not re.match(r"/|[A-Za-z]:[\\/]|\\\\", path):
        raise InvalidValueError(path, "is not an absolute path in the container")
    return path


def parse_memory(text: str) -> int | None:
    """A size in bytes, in which ``k``, ``m`` and ``g`` are steps of 1024, as docker has it.

    Source: go-units, ``RAMInBytes``.

    Raises:
        InvalidValueError: it is not a size, or too large a one.
    """
    found = re.fullmatch(
        r"([0-9]{1,20}(?:\.[0-9]{1,20})?) ?([bkmgtp])?i?b?", text.lower(), re.ASCII
    )
    if found is None:
        raise InvalidValueError(text, "is not a valid size")
    size = int(Decimal(found[1]) * 1024 ** _BINARY_EXPONENTS[found[2] or ""])
    if size > HIGHEST_NUMBER:
        raise InvalidValueError(text, "is too large")
    return size or None


def parse_nano_cpus(text: str) -> int | None:
    """How many processors, such as ``1.5``, in billionths.

    Raises:
        InvalidValueError: it is not a number, finer than a billionth, or too large.
    """
    try:
        number = Decimal(text) * 1_000_000_000
    except ArithmeticError:  # not a number, or one too large
        number = Decimal("NaN")
    if not number.is_finite() or number < 0 or number != number.to_integral_value():
        raise InvalidValueError(text, "is not a valid number of processors")
    if number > HIGHEST_NUMBER:
        raise InvalidValueError(text, "is too large")
    return int(number) or None


def parse_nanoseconds(text: str) -> int | None:
    """A duration, in nanoseconds.

    Raises:
        InvalidValueError: it is not a duration, or less than a millisecond.
    """
    seconds = _parse_seconds(text)
    if seconds < MIN_HEALTH_SECONDS and re.search("[1-9]", text):
        raise InvalidValueError(text, "is less than a millisecond")
    return round(seconds * 1_000_000) * 1000 or None


def parse_whole_seconds(text: str) -> int:
    """A duration, in seconds, rounded up; ``-1`` stands for no limit.

    Raises:
        InvalidValueError: it is not a duration.
    """
    return -1 if text == "-1" else math.ceil(_parse_seconds(text))


def _parse_seconds(text: str) -> float:
    try:
        return parse_duration(text).total_seconds()
    except ManagerError:
        raise InvalidValueError(text, "is not a valid duration") from None


def format_docker_duration(text: str) -> str:
    """A duration as docker takes it: with a unit, and none longer than an hour."""
    milliseconds = round(_parse_seconds(text) * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def parse_ip_address(text: str) -> str:
    """An IP address.

    Raises:
        InvalidValueError: it is not one.
    """
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise InvalidValueError(text, "is not a valid IP address") from None


def parse_extra_host(text: str) -> str:
    """``NAME:IP`` or ``NAME=IP``; the IP may be ``host-gateway``.

    Raises:
        InvalidValueError: it is neither.
    """
    found = re.match(r"([^:=]+)[:=](.+)", text)
    if found is None:
        raise InvalidValueError(text, "is not of the form NAME:IP")
    name, ip = found[1], found[2].removeprefix("[").removesuffix("]")
    return f"{name}:{ip if ip == 'host-gateway' else parse_ip_address(ip)}"


def parse_tmpfs(text: str) -> tuple[str, str]:
    """``PATH[:OPTIONS]``.

    Raises:
        InvalidValueError: the path is not absolute.
    """
    path, _, options = text.partition(":")
    return parse_absolute_path(path), options


def parse_restart_policy(text: str) -> dict[str, Any]:
    """``no``, ``always``, ``unless-stopped``, ``on-failure[:TIMES]``.

    Raises:
        InvalidValueError: it is none of these.
    """
    name, colon, times = text.partition(":")
    known = name in {"no", "always", "unless-stopped", "on-failure"}
    counted = not colon or (name == "on-failure" and re.fullmatch(r"[0-9]{1,9}", times, re.ASCII))
    if not known or not counted:
        raise InvalidValueError(text, "is not a valid restart policy")
    return {"Name": name, **({"MaximumRetryCount": int(times)} if times else {})}


def parse_ulimit(text: str) -> dict[str, Any]:
    """``NAME=SOFT[:HARD]``.

    Raises:
        InvalidValueError: it is not of this form.
    """
    found = re.fullmatch(r"([a-z]+)=(-?[0-9]{1,19})(?::(-?[0-9]{1,19}))?", text, re.ASCII)
    if found is None:
        raise InvalidValueError(text, "is not a valid limit")
    soft = int(found[2])
    if max(soft, int(found[3] or 0)) > HIGHEST_NUMBER:
        raise InvalidValueError(text, "is too large")
    return {"Name": found[1], "Soft": soft, "Hard": int(found[3]) if found[3] else soft}


def parse_capability(name: str) -> str:
    """A capability as the kernel calls it, or ``ALL``.

    Raises:
        InvalidValueError: it cannot be the name of one.
    """
    if not re.fullmatch(r"[A-Za-z_]+", name, re.ASCII):
        raise InvalidValueError(name, "is not a valid capability")
    upper = name.upper()
    return upper if upper == "ALL" or upper.startswith("CAP_") else f"CAP_{upper}"


def split_fields(text: str) -> list[str]:
    """Fields between commas, quoted as in CSV.

    Raises:
        InvalidValueError: it is more than one line.
    """
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        raise InvalidValueError(text, "is not one line of fields between commas") from None


def parse_gpus(text: str) -> list[dict[str, Any]]:
    """``all``, a number, or fields such as ``"device=0,1"`` and ``count=2,driver=nvidia``.

    Source: the ``docker run`` reference, ``--gpus``.

    Raises:
        InvalidValueError: it is none of these.
    """
    request: dict[str, Any] = {"Driver": "", "Count": 0, "DeviceIDs": None, "Options": {}}
    capabilities = ["gpu"]
    for part in split_fields(text):
        name, equals, value = part.partition("=")
        if not equals:
            name, value = "count", part
        if name == "count" and (value == "all" or re.fullmatch(r"[0-9]{1,6}", value, re.ASCII)):
            request["Count"] = -1 if value == "all" else int(value)
        elif name == "device" and value:
            request["DeviceIDs"] = value.split(",")
        elif name == "driver" and value:
            request["Driver"] = value
        elif name == "capabilities" and value:
            capabilities = [*value.split(","), "gpu"]
        elif name == "options" and value:
            request["Options"] = dict(parse_pair(one) for one in value.split(","))
        else:
            raise InvalidValueError(text, f"has an unknown field {part!r}")
    if not request["Count"] and request["DeviceIDs"] is None:
        request["Count"] = 1
    return [{**request, "Capabilities": [list(dict.fromkeys(capabilities))]}]
