"""The settings: what there is, where the file is, and reading it section by section."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from manager.config.prune_section import PruneSettings
from manager.config.schema import (
    DeclaredSetting,
    InvalidSettingError,
    Section,
    read_table_values,
    section,
    setting,
)
from manager.config.toml_file import TomlFileError, parse_toml, read_toml_text
from manager.config.value_kinds import (
    choice,
    duration,
    flag,
    folder,
    list_of,
    optional,
    text_list,
    web_address,
    whole_number,
)
from manager.errors import ManagerError
from manager.system.folders import config_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

    from manager.config.toml_positions import KeyPath

PATH_VARIABLE = "DOCKMGR_CONFIG"
SETTINGS_HINT = f"name another file with --config, or unset {PATH_VARIABLE}"


class SpawnSettings(Section):
    """Starting many containers."""

    parallel: int = setting(whole_number(1, 64), 8, "how many containers start in parallel")


class ContainerSettings(Section):
    """Running containers."""

    stop_timeout: timedelta = setting(
        duration("1h"),
        "10s",
        "how long a container gets to stop before it is killed; "
        "with 10s, the container's own stop timeout applies",
    )


class PullSettings(Section):
    """Pulling images from a registry."""

    parallel: int = setting(whole_number(1, 16), 8, "how many images are pulled in parallel")
    attempts: int = setting(
        whole_number(1, 20), 5, "how often to try a pull when the network or the registry fails"
    )
    backoff: timedelta = setting(
        duration("10m"), "1s", "how long to wait before the second try; doubles with each try"
    )
    sizes: bool = setting(
        flag(),
        True,  # noqa: FBT003 - as every default
        "whether to ask registries for sizes before a pull; Docker Hub counts these requests",
    )


class ImageSettings(Section):
    """Local images."""

    parallel: int = setting(
        whole_number(1, 32), 16, "how many images are read in parallel on the containerd store"
    )


class RegistrySettings(Section):
    """Registries."""

    insecure: tuple[str, ...] = setting(
        text_list('["registry.local:5000"]'),
        [],
        "registries to use without encryption, or with an untrusted certificate",
    )


class LabSettings(Section):
    """The private, throwaway engine of `dockmgr lab`."""

    engine: str = setting(
        choice("20.10", "26", "28", "28-containerd", "podman"),
        "28",
        "the engine that `dockmgr lab up` builds",
    )
    mirror: str | None = setting(
        optional(web_address()), "", "the Debian mirror to build from; empty for Debian's own"
    )
    mounts: tuple[Path, ...] = setting(
        list_of(folder(), 'absolute folders, such as ["/srv/site"]'),
        [],
        "more folders that the lab's containers can mount, at the same path",
    )


class DisplaySettings(Section):
    """Output."""

    color: str = setting(
        choice("auto", "always", "never"),
        "auto",
        "when to use colors; auto: on a terminal, unless NO_COLOR is set",
    )


SECTIONS: Mapping[str, type[Section]] = {
    "spawn": SpawnSettings,
    "containers": ContainerSettings,
    "pull": PullSettings,
    "images": ImageSettings,
    "registries": RegistrySettings,
    "prune": PruneSettings,
    "lab": LabSettings,
    "output": DisplaySettings,
}
SETTINGS: Mapping[str, DeclaredSetting] = {
    name: DeclaredSetting(section(table), {}, table.__doc__ or "")
    for name, table in SECTIONS.items()
}
"""All settings there are, as sections."""


class Settings:
    """The values of all sections. A section with a mistake raises the mistake when it is read."""

    spawn: SpawnSettings
    containers: ContainerSettings
    pull: PullSettings
    images: ImageSettings
    registries: RegistrySettings
    prune: PruneSettings
    lab: LabSettings
    output: DisplaySettings

    def __init__(self, mistakes: Mapping[str, tuple[TomlFileError, ...]], **sections: Any) -> None:  # noqa: ANN401
        """Keep what was read.

        Args:
            mistakes: by section, or by the name of what is not a section.
            sections: those that are not the default.
        """
        self._mistakes = mistakes
        for name, table in SECTIONS.items():
            if name not in mistakes:
                setattr(self, name, sections[name] if name in sections else table())

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse a section that was not kept, as there is a mistake in it."""
        if name in self.__dict__.get("_mistakes", ()):
            raise self._mistakes[name][0]
        raise AttributeError(name)

    @property
    def mistakes(self) -> tuple[TomlFileError, ...]:
        """All mistakes, in the order of their lines."""
        found = (it for rows in self._mistakes.values() for it in rows)
        return tuple(sorted(found, key=lambda it: it.line))

    def require(self, names: Iterable[str]) -> None:
        """See that sections can be used, and that there is nothing that is not a section.

        Raises:
            TomlFileError: there is a mistake; the first one.
        """
        wanted = {*names, *(self._mistakes.keys() - SECTIONS.keys())}
        for name in self._mistakes:
            if name in wanted:
                raise self._mistakes[name][0]


@dataclass(frozen=True, slots=True)
class SettingsPath:
    """Where the settings file is."""

    path: Path
    source: str
    """What names it: an option, a variable, or ``default``."""

    @property
    def must_exist(self) -> bool:
        """Whether somebody named it; the default file may be missing."""
        return self.source != "default"

    @property
    def exists(self) -> bool:
        """Whether there is anything at the path.

        Raises:
            ManagerError: that cannot be found out.
        """
        try:
            return self.path.exists()
        except OSError as error:
            problem = f"cannot read the settings file {self.path}: {error.strerror}"
            raise ManagerError(problem, SETTINGS_HINT) from error

    def read(self) -> str | None:
        """The text of the file; None if it is the default file and does not exist.

        Raises:
            ManagerError: the file does not exist or cannot be read; (usage) it is not text.
        """
        return read_toml_text(
            self.path, must_exist=self.must_exist, what="settings file", hint=SETTINGS_HINT
        )


def locate_settings(path: Path | None, env: Mapping[str, str]) -> SettingsPath:
    """Find the settings file: ``--config``, else ``$DOCKMGR_CONFIG``, else the user's own.

    Args:
        path: ``--config``.
        env: the environment.
    """
    if path is not None:
        return SettingsPath(path, "--config")
    if named := env.get(PATH_VARIABLE):
        return SettingsPath(Path(named), PATH_VARIABLE)
    return SettingsPath(config_folder() / "config.toml", "default")


def load_settings(path: Path | None, env: Mapping[str, str]) -> Settings:
    """Read the settings; mistakes are kept by section.

    Args:
        path: ``--config``.
        env: the environment.

    Raises:
        ManagerError: a file that was named does not exist, or the file cannot be read; (usage)
            the file is not TOML.
    """
    place = locate_settings(path, env)
    text = place.read()
    if text is None:
        return Settings({})
    return read_settings(place.path, text)


def read_settings(path: Path, text: str) -> Settings:
    """Read the text of a settings file.

    Raises:
        TomlFileError: (usage) the text is not TOML.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, list[InvalidSettingError]] = {}
    for name, table in parse_toml(path, text).items():
        try:
            values |= read_table_values(SETTINGS, {name: table}, ())
        except InvalidSettingError as error:
            wrong[name] = [error, *error.further]
    if not wrong:
        return Settings({}, **values)
    lines = _find_lines_by_path(text, [it.path for rows in wrong.values() for it in rows])
    mistakes = {
        name: tuple(TomlFileError(path, lines[it.path], it.problem, it.hint) for it in rows)
        for name, rows in wrong.items()
    }
    return Settings(mistakes, **values)


def _find_lines_by_path(text: str, paths: list[KeyPath]) -> dict[KeyPath, int]:
    from manager.config.toml_positions import find_lines

    return dict(zip(paths, find_lines(text, paths), strict=True))
