"""A mount in the syntax of ``docker run --mount``."""

import re
from dataclasses import dataclass, field
from typing import Any

from manager.groups.core.option_errors import InvalidValueError
from manager.groups.core.option_values import parse_absolute_path, parse_memory, split_fields

MOUNT_TYPES = ("bind", "volume", "tmpfs", "image", "npipe", "cluster")
PROPAGATIONS = ("private", "rprivate", "shared", "rshared", "slave", "rslave")
_FIELD_ALIASES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}
_BOOLEAN_FIELDS = frozenset({"readonly", "volume-nocopy", "bind-nonrecursive"})
_TYPE_BY_FIELD = {
    "bind-propagation": "bind",
    "bind-nonrecursive": "bind",
    "volume-nocopy": "volume",
    "volume-label": "volume",
    "volume-driver": "volume",
    "volume-opt": "volume",
    "volume-subpath": "volume",
    "tmpfs-size": "tmpfs",
    "tmpfs-mode": "tmpfs",
    "image-subpath": "image",
}
_REPEATABLE_FIELDS = frozenset({"volume-label", "volume-opt"})


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount."""

    kind: str
    target: str
    source: str = ""
    readonly: bool = False
    details: dict[str, Any] = field(default_factory=dict)
    """Its further fields, by their names."""

    @classmethod
    def parse(cls, text: str) -> "Mount":
        """Read comma-separated fields, quoted as in a table where a comma is part of a value.

        Source: the ``docker run`` reference, ``--mount``.

        Raises:
            InvalidValueError: a field is unknown, missing, or not of this type of mount.
        """
        fields = _parse_fields(text)
        kind = fields.pop("type", "volume")
        if kind not in MOUNT_TYPES:
            raise InvalidValueError(text, f"has an unknown type; known: {', '.join(MOUNT_TYPES)}")
        if "target" not in fields:
            raise InvalidValueError(text, "has no target")
        source, target = fields.pop("source", ""), parse_absolute_path(fields.pop("target"))
        if kind == "bind" and not source:
            raise InvalidValueError(text, "has no source")
        if kind == "tmpfs" and source:
            raise InvalidValueError(text, "is a tmpfs, which takes no source")
        for name in fields:
            if _TYPE_BY_FIELD.get(name, kind) != kind:
                raise InvalidValueError(
                    text, f"has {name}, which a mount of type {kind} does not take"
                )
        if fields.get("bind-propagation", "private") not in PROPAGATIONS:
            raise InvalidValueError(
                text, f"has an unknown propagation; known: {', '.join(PROPAGATIONS)}"
            )
        return cls(kind, target, source, fields.pop("readonly", False), fields)

    @property
    def anonymous_volume(self) -> bool:
        """Whether it is a plain volume without a name."""
        return self.kind == "volume" and not (self.source or self.readonly or self.details)

    def to_api_body(self) -> dict[str, Any]:
        """The mount as the engine's API has it.

        Source: Docker Engine API 1.41, ``HostConfig.Mounts``.
        """
        made: dict[str, Any] = {"Type": self.kind, "Target": self.target}
        if self.source:
            made["Source"] = self.source
        if self.readonly:
            made["ReadOnly"] = True
        options = {
            "bind": ("BindOptions", self._bind_options),
            "volume": ("VolumeOptions", self._volume_options),
            "tmpfs": ("TmpfsOptions", self._tmpfs_options),
            "image": ("ImageOptions", self._image_options),
        }
        if self.details and self.kind in options:
            name, make = options[self.kind]
            made[name] = make()
        return made

    def _bind_options(self) -> dict[str, Any]:
        return _rename_keys(
            self.details, {"bind-propagation": "Propagation", "bind-nonrecursive": "NonRecursive"}
        )

    def _volume_options(self) -> dict[str, Any]:
        made = _rename_keys(
            self.details,
            {"volume-nocopy": "NoCopy", "volume-label": "Labels", "volume-subpath": "Subpath"},
        )
        driver = _rename_keys(self.details, {"volume-driver": "Name", "volume-opt": "Options"})
        return {**made, **({"DriverConfig": driver} if driver else {})}

    def _tmpfs_options(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if "tmpfs-size" in self.details:
            made["SizeBytes"] = parse_memory(self.details["tmpfs-size"]) or 0
        if "tmpfs-mode" in self.details:
            mode = self.details["tmpfs-mode"]
            if not re.fullmatch(r"[0-7]{1,4}", mode, re.ASCII):
                raise InvalidValueError(
                    f"tmpfs-mode={mode}", "is not a valid mode: write octal digits, such as 1770"
                )
            made["Mode"] = int(mode, 8)
        return made

    def _image_options(self) -> dict[str, Any]:
        return _rename_keys(self.details, {"image-subpath": "Subpath"})


def _parse_fields(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in split_fields(text):
        name, equals, value = part.partition("=")
        name = _FIELD_ALIASES.get(name.strip().lower(), name.strip().lower())
        if name in _BOOLEAN_FIELDS:
            if value not in {"", "true", "false", "1", "0"}:
                raise InvalidValueError(text, f"has {name}={value}: expected true or false")
            found[name] = value not in {"false", "0"}
        elif not equals or not value:
            raise InvalidValueError(text, f"has {part!r} in place of a field=value")
        elif name in _REPEATABLE_FIELDS:
            key, _, rest = value.partition("=")
            found.setdefault(name, {})[key] = rest
        elif name in {"type", "source", "target"} or name in _TYPE_BY_FIELD:
            found[name] = value
        else:
            raise InvalidValueError(text, f"has an unknown field {name!r}")
    return {name: value for name, value in found.items() if value is not False}


def _rename_keys(values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names[name]: value for name, value in values.items() if name in names}
