"""The values that options of ``docker run`` take, read as docker reads them."""

import csv
import ipaddress
import re
from decimal import Decimal
from typing import Any

from manager.errors import ExitCode, ManagerError

SHOWN_VALUE_CHARACTERS = 80
"""Characters of a value that are shown again."""
_BINARY_EXPONENTS = {"": 0, "b": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_NANOSECONDS_PER_UNIT = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
MIN_DURATION_NANOSECONDS = 1_000_000
"""Nanoseconds between two checks of health, at least."""


def option_error(option: str, text: str, why: str, example: str) -> ManagerError:
    """A value that is none, as an error.

    Args:
        option: as it is typed.
        text: the value; empty where the option has none.
        why: what is wrong, to follow the two.
        example: how it would be right.
    """
    shown = f" {text[:SHOWN_VALUE_CHARACTERS]!r}" if text else ""
    return ManagerError(f"{option}{shown} {why}", f"write it like {example}", ExitCode.USAGE)


def parse_variable(text: str) -> str:
    """``KEY=VALUE``.

    Raises:
        ManagerError: (usage) it has no name.
    """
    if text.startswith("=") or not text:
        raise option_error("--env", text.partition("=")[0], "has no name", "--env KEY=VALUE")
    return text


def parse_pair(option: str, text: str) -> tuple[str, str]:
    """``KEY[=VALUE]``.

    Raises:
        ManagerError: (usage) it has no key.
    """
    key, _, value = text.partition("=")
    if not key:
        raise option_error(option, text, "has no key", f"{option} key=value")
    return key, value


def parse_absolute_path(option: str, path: str) -> str:
    """A path inside a container.

    Raises:
        ManagerError: (usage) it does not begin at the root.
    """
    if not re.match(r"/|[A-Za-z]:[\\/]|\\\\", path):
        raise option_error(option, path, "is no absolute path in the container", f"{option} /data")
    return path


def check_minimum(option: str, value: int | None, least: int) -> int | None:
    """A whole number.

    Raises:
        ManagerError: (usage) it is less.
    """
    if value is not None and value < least:
        raise option_error(option, str(value), f"is less than {least}", f"{option} {max(least, 1)}")
    return value


def parse_memory(option: str, text: str) -> int:
    """A size, in which ``k``, ``m`` and ``g`` are steps of 1024, as docker has it.

    Source: go-units, ``RAMInBytes``.

    Returns:
        Bytes; 0 for an empty text.

    Raises:
        ManagerError: (usage) it is none.
    """
    if not text:
        return 0
    found = re.fullmatch(
        r"([0-9]{1,20}(?:\.[0-9]{1,20})?) ?([bkmgtp])?i?b?", text.lower(), re.ASCII
    )
    if found is None:
        raise option_error(option, text, "is no size", f"{option} 512m")
    return int(Decimal(found[1]) * 1024 ** _BINARY_EXPONENTS[found[2] or ""])


def parse_nano_cpus(text: str) -> int:
    """How many processors, as ``1.5``.

    Returns:
        Billionths; 0 for an empty text.

    Raises:
        ManagerError: (usage) it is no number, or finer than a billionth.
    """
    if not text:
        return 0
    try:
        number = Decimal(text) * 1_000_000_000
    except ArithmeticError:  # no number, or none that can be had
        number = Decimal("NaN")
    if not number.is_finite() or number < 0 or number != number.to_integral_value():
        raise option_error("--cpus", text, "is no number of processors", "--cpus 1.5")
    return int(number)


def parse_nanoseconds(option: str, text: str) -> int:
    """A duration as Go writes it: ``30s``, ``1m30s``, ``500ms``.

    Source: Go, ``time.ParseDuration``.

    Returns:
        Nanoseconds; 0 for an empty text.

    Raises:
        ManagerError: (usage) it is none, or less than a millisecond.
    """
    if not text or text == "0":
        return 0
    number, unit = r"[0-9]{1,18}(?:\.[0-9]{1,18})?", r"ns|us|µs|ms|s|m|h"
    if not re.fullmatch(f"(?:{number}(?:{unit}))+", text):
        raise option_error(option, text, "is no duration", f"{option} 30s")
    parts = re.findall(f"({number})({unit})", text)
    total = int(sum(Decimal(amount) * _NANOSECONDS_PER_UNIT[one] for amount, one in parts))
    if 0 < total < MIN_DURATION_NANOSECONDS:
        raise option_error(option, text, "is less than a millisecond", f"{option} 30s")
    return total


def parse_ip_address(option: str, text: str) -> str:
    """An IP address.

    Raises:
        ManagerError: (usage) it is none.
    """
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise option_error(option, text, "is no IP address", f"{option} 192.0.2.1") from None


def parse_extra_host(text: str) -> str:
    """``NAME:IP`` or ``NAME=IP``; the IP may be ``host-gateway``.

    Raises:
        ManagerError: (usage) it is neither.
    """
    found = re.match(r"([^:=]+)[:=](.+)", text)
    if found is None:
        raise option_error("--add-host", text, "is no NAME:IP", "--add-host db:192.0.2.1")
    name, ip = found[1], found[2].removeprefix("[").removesuffix("]")
    return f"{name}:{ip if ip == 'host-gateway' else parse_ip_address('--add-host', ip)}"


def parse_tmpfs(text: str) -> tuple[str, str]:
    """``PATH[:OPTIONS]``.

    Raises:
        ManagerError: (usage) the path is not absolute.
    """
    path, _, options = text.partition(":")
    return parse_absolute_path("--tmpfs", path), options


def parse_restart_policy(text: str) -> dict[str, Any]:
    """``no``, ``always``, ``unless-stopped``, ``on-failure[:TIMES]``.

    Raises:
        ManagerError: (usage) it is none of these.
    """
    name, colon, times = text.partition(":")
    if not text:
        return {}
    known = name in {"no", "always", "unless-stopped", "on-failure"}
    counted = not colon or (name == "on-failure" and re.fullmatch(r"[0-9]{1,9}", times, re.ASCII))
    if not known or not counted:
        raise option_error("--restart", text, "is no restart policy", "--restart on-failure:3")
    return {"Name": name, **({"MaximumRetryCount": int(times)} if times else {})}


def parse_ulimit(text: str) -> dict[str, Any]:
    """``NAME=SOFT[:HARD]``.

    Raises:
        ManagerError: (usage) it is not.
    """
    found = re.fullmatch(r"([a-z]+)=(-?[0-9]{1,19})(?::(-?[0-9]{1,19}))?", text, re.ASCII)
    if found is None:
        raise option_error("--ulimit", text, "is no limit", "--ulimit nofile=1024:2048")
    soft = int(found[2])
    return {"Name": found[1], "Soft": soft, "Hard": int(found[3]) if found[3] else soft}


def parse_capability(name: str, option: str = "--cap-add") -> str:
    """A capability as the kernel calls it, or ``ALL``.

    Raises:
        ManagerError: (usage) it is no name.
    """
    if not re.fullmatch(r"[A-Za-z_]+", name, re.ASCII):
        raise option_error(option, name, "is no capability", f"{option} NET_ADMIN")
    upper = name.upper()
    return upper if upper == "ALL" or upper.startswith("CAP_") else f"CAP_{upper}"


def parse_gpus(text: str) -> list[dict[str, Any]]:
    """``all``, a number, or fields such as ``"device=0,1"`` and ``count=2,driver=nvidia``.

    Source: the ``docker run`` reference, ``--gpus``.

    Raises:
        ManagerError: (usage) it is none of these.
    """
    if not text:
        return []
    request: dict[str, Any] = {"Driver": "", "Count": 0, "DeviceIDs": None, "Options": {}}
    capabilities = ["gpu"]
    for part in next(csv.reader([text]), []):
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
            request["Options"] = dict(parse_pair("--gpus", one) for one in value.split(","))
        else:
            raise option_error("--gpus", text, f"has {part!r}, which it cannot have", "--gpus all")
    if not request["Count"] and request["DeviceIDs"] is None:
        request["Count"] = 1
    return [{**request, "Capabilities": [list(dict.fromkeys(capabilities))]}]
