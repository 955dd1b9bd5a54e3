"""What a layer takes when it is unpacked: from its compressed size, and how its file ends.

Source: RFC 1951 and RFC 1952 (deflate shrinks at most about 1,032-fold; the last four bytes of a
gzip file are its unpacked length, modulo 4 GiB); POSIX.1-2001, "pax" (512 bytes a header, files
filled up to 512).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.model.images import ImageStore

if TYPE_CHECKING:
    from manager.registry.core.manifests import Blob

MAX_DEFLATE_RATIO = 1032
"""No deflated byte stands for more."""
MAX_ZSTD_RATIO = 4096
"""Zstandard has no such bound; what is real shrinks less than this."""
TYPICAL_COMPRESSION_RATIO = 2.5
"""How much the layers of most images shrink, where nothing better is known."""
GROWTH_FRACTION = (1001, 1000)
"""What cannot be compressed grows, by less than a thousandth…"""
OVERHEAD_BYTES = 1024
"""…and so many bytes."""
LENGTH_MODULUS = 1 << 32
PLAUSIBLE_RATIO, PLAUSIBLE_LONG_RATIO = 64, 8
"""A file that would have shrunk more than this may be longer by whole 4 GiB, or, where it must be
longer than that anyway, may have several parts of which only the last one's length is known."""
MAX_BLOCK_FACTOR = 8
"""A file of one byte takes 1,024 bytes of a tar and 4,096 of a disk, an empty folder 512 and
4,096: no tar grows more than this."""
TYPICAL_BLOCK_FACTOR = 1.1
"""How much more the files of most layers take in blocks of a disk."""


@dataclass(frozen=True, slots=True)
class UnpackedSize:
    """Bytes of a layer's files. The lowest is always 0: they may all be empty."""

    likely: int
    high: int


def has_length_trailer(layer: Blob) -> bool:
    """Whether the end of a layer tells its length: a gzip file, of one part as far as is known.

    Files that can be mounted before they have come (eStargz) have many parts.
    """
    parts = any("stargz" in key for key in layer.annotations or {})
    return _is_gzip(layer) and not parts


def estimate_unpacked_size(layer: Blob, tail: int | None, store: ImageStore) -> UnpackedSize:
    """What a layer takes in an engine's store of unpacked layers.

    Args:
        layer: as its manifest tells it.
        tail: the unpacked length modulo 4 GiB that its file ends in; None where that is unknown.
        store: of the engine: the containerd store counts blocks of its disk.
    """
    if tail is not None and has_length_trailer(layer):
        found = _estimate_from_trailer(layer.size, tail)
    elif "zstd" in layer.media_type:
        found = UnpackedSize(
            round(layer.size * TYPICAL_COMPRESSION_RATIO), layer.size * MAX_ZSTD_RATIO
        )
    elif _is_gzip(layer):
        found = _estimate_gzip_size(layer.size)
    else:
        found = UnpackedSize(layer.size, layer.size)
    if store is ImageStore.CONTAINERD:
        return UnpackedSize(
            round(found.likely * TYPICAL_BLOCK_FACTOR), found.high * MAX_BLOCK_FACTOR
        )
    return found


def _is_gzip(layer: Blob) -> bool:
    return layer.media_type.endswith(("gzip", ".tar.gz"))


def _estimate_gzip_size(size: int) -> UnpackedSize:
    return UnpackedSize(round(size * TYPICAL_COMPRESSION_RATIO), size * MAX_DEFLATE_RATIO)


def _estimate_from_trailer(size: int, tail: int) -> UnpackedSize:
    """Of all lengths that end so, those that this size can stand for."""
    least = (size - OVERHEAD_BYTES) * GROWTH_FRACTION[1] // GROWTH_FRACTION[0]
    first = tail if tail >= least else tail + -(-(least - tail) // LENGTH_MODULUS) * LENGTH_MODULUS
    most = size * MAX_DEFLATE_RATIO
    if first > most or (first != tail and first > size * PLAUSIBLE_LONG_RATIO):
        return _estimate_gzip_size(size)
    last = (
        first
        if first <= size * PLAUSIBLE_RATIO
        else first + (most - first) // LENGTH_MODULUS * LENGTH_MODULUS
    )
    return UnpackedSize(first, last)
