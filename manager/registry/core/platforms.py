"""Platforms of images: what an engine runs, and which of several manifests is for it.

Source: containerd, package ``platforms``: normalisation, and which variants run on which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manager.registry.core.manifests import IndexEntry

_ARCHITECTURES_BY_MACHINE = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm/v7",
    "armv6l": "arm/v6",
    "armhf": "arm/v7",
    "armel": "arm/v6",
    "i386": "386",
    "i486": "386",
    "i586": "386",
    "i686": "386",
}
"""What kernels call machines, and what images do."""
_ARM_VARIANTS = ("v8", "v7", "v6", "v5")
_AMD64_VARIANTS = ("v2", "v3", "v4")
DEFAULT_PLATFORM = "linux/amd64"


def normalise_platform(text: str) -> str:
    """A platform in the words that images use: ``linux/arm64`` for ``Linux/aarch64/v8``."""
    system, _, rest = text.lower().partition("/")
    if not rest:
        # As docker has it: one word is a system's name if it is one, and else an architecture.
        system, rest = ("linux", system) if system not in {"linux", "windows"} else (system, "")
    machine, _, variant = rest.partition("/")
    words = [
        system,
        *_ARCHITECTURES_BY_MACHINE.get(machine, machine).split("/"),
        *filter(None, [variant]),
    ]
    if words[1:] in (["arm64", "v8"], ["amd64", "v1"]):
        words = words[:2]
    if words[1:] == ["arm"]:
        words.append("v7")
    return "/".join(filter(None, words[:3]))


def engine_platform(info: Mapping[str, Any]) -> str:
    """The platform that an engine pulls for by itself.

    Args:
        info: what it says of itself.
    """
    system, machine = info.get("OSType") or "", info.get("Architecture") or ""
    return normalise_platform(f"{system or 'linux'}/{machine}") if machine else DEFAULT_PLATFORM


def choose_entry(entries: Sequence[IndexEntry], wanted: str) -> IndexEntry | None:
    """The entry of an index that an engine takes for a platform; None if it takes none.

    Args:
        entries: of the index.
        wanted: ``os/arch[/variant]``.
    """
    named = {
        normalise_platform(entry.platform): entry for entry in reversed(entries) if entry.platform
    }
    return next(
        (named[it] for it in _runnable_platforms(normalise_platform(wanted)) if it in named), None
    )


def _runnable_platforms(platform: str) -> tuple[str, ...]:
    """What runs on a platform, the best first."""
    system, _, rest = platform.partition("/")
    machine, _, variant = rest.partition("/")
    if machine == "amd64":
        levels = range(int(variant[1]), 1, -1) if variant in _AMD64_VARIANTS else ()
        return (*(f"{system}/amd64/v{n}" for n in levels), f"{system}/amd64", f"{system}/386")
    if machine == "arm64":
        return (platform, *(f"{system}/arm/{it}" for it in _ARM_VARIANTS))
    if machine == "arm" and variant in _ARM_VARIANTS:
        return tuple(f"{system}/arm/{it}" for it in _ARM_VARIANTS[_ARM_VARIANTS.index(variant) :])
    return (platform,)
