"""What only a look at the image itself tells: its layers, its history, its configuration's size."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from manager.engine.errors import EngineError
from manager.model.images import HistoryRow, ImageDetail

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manager.engine.connection import Connection

MAX_HISTORY_LINE_BYTES = 400
"""Bytes, at most, of a line of history beside its instruction: times, comment, author."""
MAX_HIDDEN_CONFIG_BYTES = 4096
"""Bytes, at most, of what a configuration has beside what inspect shows of it."""
MAX_CACHE_INFO_BYTES = 32_768
"""Bytes, at most, of what BuildKit may add to let others use the image as a cache."""
MAX_BYTES_PER_CHARACTER = 6
"""Bytes that one character can take in JSON: ``\\u003c``."""


def read_image_detail(
    engine: Connection, identity: str, name: str, platform: str = ""
) -> ImageDetail | None:
    """What never changes of an image, in two calls.

    Args:
        engine: which has the image.
        identity: the image's id.
        name: what to ask by: a tag, which the containerd store finds faster, or the id.
        platform: ``os/arch[/variant]``, one of several that are present; needs API 1.49.

    Returns:
        None where the engine has no such image, or fails to read it.

    Raises:
        ManagerError: the engine could not be asked.
    """
    wish = {"platform": _platform_json(platform)} if platform else {}
    # Where the history does not fit the layers the engine refuses to show it.
    lines = _request_json(engine, f"/images/{name}/history", wish)
    # Asked last: if the name is still this image's, the history was this image's too.
    row = _request_json(engine, f"/images/{name}/json", wish)
    if not isinstance(row, dict) or row.get("Id") != identity:
        return read_image_detail(engine, identity, identity, platform) if name != identity else None
    complete = not isinstance(lines, EngineError)
    return _parse_image_detail(row, lines if isinstance(lines, list) else (), complete=complete)


def _request_json(engine: Connection, path: str, query: dict[str, str]) -> Any:  # noqa: ANN401
    """An answer, or the engine's refusal."""
    try:
        return engine.get_json(path, query)
    except EngineError as error:
        return error


def _platform_json(platform: str) -> str:
    words = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
    return json.dumps(words)


def _parse_image_detail(
    row: dict[str, Any], lines: Iterable[dict[str, Any]], *, complete: bool
) -> ImageDetail:
    """From the answers to inspect and history; the engine gives the newest line first."""
    history = tuple(
        HistoryRow(int_or_zero(line.get("Size")), line.get("CreatedBy") or "") for line in lines
    )[::-1]
    diff_ids = tuple((row.get("RootFS") or {}).get("Layers") or ())
    words = (row.get("Os"), row.get("Architecture"), row.get("Variant"))
    return ImageDetail(
        diff_ids,
        history,
        _estimate_config_size(row, diff_ids, history),
        complete,
        "/".join(word for word in words if word),
    )


def _estimate_config_size(
    row: dict[str, Any], diff_ids: Iterable[str], history: Iterable[HistoryRow]
) -> tuple[int, int]:
    """Lowest and highest bytes of an image's configuration, which no engine shows as it is.

    Lowest: the texts that it must hold. Highest: those texts as wide as JSON can make them, the
    settings twice (old builders wrote them twice), and room for what inspect leaves out.
    """
    layers = sum(len(diff_id) + 3 for diff_id in diff_ids)
    lines = [len(line.created_by.encode()) for line in history]
    settings = len(json.dumps(row.get("Config") or {}))
    built = any("buildkit" in line.created_by for line in history)
    high = (
        layers
        + sum(MAX_BYTES_PER_CHARACTER * line + MAX_HISTORY_LINE_BYTES for line in lines)
        + 3 * settings
        + MAX_HIDDEN_CONFIG_BYTES
    )
    return layers + sum(lines), high + (MAX_CACHE_INFO_BYTES if built else 0)


def int_or_zero(value: object) -> int:
    """A number as an engine tells it; 0 where it tells none, or something else."""
    return value if isinstance(value, int) else 0
