"""Numbers of bytes, known exactly or to lie between two values, and how they are shown."""

from dataclasses import dataclass

from manager.model.units import format_size


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A number of bytes."""

    low: int = 0
    high: int = 0
    doubt: str = ""
    """Why it may not be called exact; empty where nothing speaks against it."""

    @property
    def is_exact(self) -> bool:
        """Whether it is known to the byte, and the engine's own total agrees."""
        return self.low == self.high and not self.doubt

    @property
    def likely(self) -> int:
        """The middle: what is counted on where the engine does not let it be known."""
        return (self.low + self.high) // 2

    def __str__(self) -> str:
        """In short: ``331.8kB``, or ``69.7kB to 77.2kB``."""
        low, high = format_size(self.low), format_size(self.high)
        return low if low == high else f"{low} to {high}"

    def subtract(self, other: "ByteRange") -> "ByteRange":
        """Take a part of it away."""
        low, high = max(0, self.low - other.high), max(0, self.high - other.low)
        return ByteRange(low, high, self.doubt or other.doubt)

    def format_short(self) -> str:
        """In one word; an interval by its lower end, as that much is sure: ``69.7kB+``."""
        low, high = format_size(self.low), format_size(self.high)
        return low if low == high else f"{low}+"

    def format_sentence(self) -> str:
        """With how sure it is: ``exactly 331,840 bytes (332kB)``."""
        if self.is_exact:
            return f"exactly {self.low:,} bytes ({self})" if self.low else "nothing"
        about = "about " if self.low == self.high else ""
        return f"{about}{self} ({self.doubt})"


def describe_freed(predicted: ByteRange, cached: ByteRange, freed: int | None) -> str:
    """Say how much was freed, and whether that was predicted.

    Args:
        predicted: the bytes that were announced before.
        cached: the part of it that the build cache may still hold.
        freed: bytes that were really released; None where that is not known.
    """
    if freed is None:
        return "removed; the engine does not report how much that freed"
    amount = f"freed {freed:,} bytes ({format_size(freed)})"
    if predicted.low <= freed <= predicted.high:
        return f"{amount}, as predicted"
    if predicted.low - cached.high <= freed < predicted.low:
        rest = format_size(predicted.low - freed)
        return f"{amount}, as predicted; the build cache still holds {rest} more"
    if freed > predicted.high:
        return f"{amount}; predicted {predicted}; the engine also removed earlier leftovers"
    return f"{amount}; predicted {predicted}: something failed, or others used the engine meanwhile"
