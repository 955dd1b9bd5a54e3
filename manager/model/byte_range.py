"""A number of bytes that is known, or lies between two values, and how that is said."""

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
        """What is left when a part of it is taken away."""
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
    """What was freed, and whether it is what was said beforehand.

    Args:
        predicted: what was said.
        cached: what of it the build cache may hold.
        freed: bytes that were really released; None where that is not known.
    """
    if freed is None:
        return "removed; how much that freed, the engine does not tell"
    amount = f"freed {freed:,} bytes ({format_size(freed)})"
    if predicted.low <= freed <= predicted.high:
        return f"{amount}, as predicted"
    if predicted.low - cached.high <= freed < predicted.low:
        rest = format_size(predicted.low - freed)
        return f"{amount}, as predicted; {rest} more left the images, but the build cache has it"
    if freed > predicted.high:
        return (
            f"{amount}; predicted were {predicted}: the engine cleared away earlier leftovers too"
        )
    return f"{amount}; predicted were {predicted}: something failed, or others use it meanwhile"
