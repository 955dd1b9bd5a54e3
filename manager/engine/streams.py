"""Answers that go on: each over a connection of its own, closed after the last piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from manager.engine.errors import translate_errors

if TYPE_CHECKING:
    from collections.abc import Generator

    from manager.engine.contexts import Endpoint


def read_stream(endpoint: Endpoint, stream: Any) -> Generator[Any, None, None]:  # noqa: ANN401
    """The pieces of a stream of the SDK's; whoever stops early closes this generator.

    Raises:
        ManagerError: the engine was lost.
    """
    try:
        with translate_errors(endpoint):
            yield from stream
    finally:
        # The SDK's own close() fails where the engine was faster, and then closes nothing.
        stream._response.close()  # noqa: SLF001
