"""What a layer takes when it is unpacked: from its compressed size, and how its file ends.

Source: RFC 1951 and RFC 1952 (deflate shrinks at most about 1,032-fold; the last four bytes of a
gzip file are its unpacked length, modulo 4 GiB); POSIX.1-2001, "pax" (512 bytes a header, files
filled up to 512).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.model.snapshot import Store

if TYPE_CHECKING:
    from manager.registry.core.manifests import Blob

MOST_SHRUNK = 1032
"""No deflated byte stands for more."""
ZSTD_MOST = 4096
"""Zstandard has no such bound; what is real shrinks less than this."""
USUAL = 2.5
"""How much the layers of most images shrink, where nothing better is known."""
GROWN = (1001, 1000)
"""What cannot be compressed grows, by less than a thousandth…"""
OVERHEAD = 1024
"""…and so many bytes."""
WRAP = 1 << 32
SHRUNK, SHRUNK_LONG = 64, 8
"""A file that would have shrunk more than this may be longer by whole 4 GiB, or, where it must be
longer than that anyway, may have several parts of which only the last one's length is known."""
BLOCKS = 8
"""A file of one byte takes 1,024 bytes of a tar and 4,096 of a disk, an empty folder 512 and
4,096: no tar grows more than this."""
FOLDERS = 1.1
"""How much more the files of most layers take in blocks of a disk."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Bytes of a layer's files. The lowest is always 0: they may all be empty."""

    likely: int
    high: int


def has_tail(layer: Blob) -> bool:
    """Whether the end of a layer tells its length: a gzip file, of one part as far as is known.

    Files that can be mounted before they have come (eStargz) have many parts.
    """
    parts = any("stargz" in key for key in layer.annotations or {})
    return _is_gzip(layer) and not parts


def unpacked(layer: Blob, tail: int | None, store: Store) -> Unpacked:
    """What a layer takes in an engine's store of unpacked layers.

    Args:
        layer: as its manifest tells it.
        tail: the unpacked length modulo 4 GiB that its file ends in; None where that is unknown.
        store: of the engine: the containerd store counts blocks of its disk.
    """
    if tail is not None and has_tail(layer):
        found = _with_tail(layer.size, tail)
    elif "zstd" in layer.media_type:
        found = Unpacked(round(layer.size * USUAL), layer.size * ZSTD_MOST)
    elif _is_gzip(layer):
        found = _of_gzip(layer.size)
    else:
        found = Unpacked(layer.size, layer.size)
    if store is Store.CONTAINERD:
        return Unpacked(round(found.likely * FOLDERS), found.high * BLOCKS)
    return found


def _is_gzip(layer: Blob) -> bool:
    return layer.media_type.endswith(("gzip", ".tar.gz"))


def _of_gzip(size: int) -> Unpacked:
    return Unpacked(round(size * USUAL), size * MOST_SHRUNK)


def _with_tail(size: int, tail: int) -> Unpacked:
    """Of all lengths that end so, those that this size can stand for."""
    least = (size - OVERHEAD) * GROWN[1] // GROWN[0]
    first = tail if tail >= least else tail + -(-(least - tail) // WRAP) * WRAP
    most = size * MOST_SHRUNK
    if first > most or (first != tail and first > size * SHRUNK_LONG):
        return _of_gzip(size)
    last = first if first <= size * SHRUNK else first + (most - first) // WRAP * WRAP
    return Unpacked(first, last)
