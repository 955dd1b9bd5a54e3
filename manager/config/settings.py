"""The settings: what there is, where the file is, and reading it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from manager.config import schema
from manager.config.prune_section import PruneSettings
from manager.config.schema import Section, section, setting
from manager.config.toml_positions import find_line
from manager.config.value_kinds import (
    choice,
    duration,
    flag,
    folder_list,
    text_list,
    web_address,
    whole_number,
)
from manager.errors import ExitCode, ManagerError
from manager.system.folders import config_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta


class SpawnSettings(Section):
    """Starting many containers."""

    parallel: int = setting(
        whole_number(1, 64), 8, "how many containers are started at the same time"
    )


class ContainerSettings(Section):
    """Containers that run."""

    stop_timeout: timedelta = setting(
        duration("1h"),
        "10s",
        "how long a container gets to stop before it is killed; at 10s, its own setting counts",
    )


class PullSettings(Section):
    """Getting images from a registry."""

    parallel: int = setting(whole_number(1, 16), 8, "how many images are pulled at the same time")
    attempts: int = setting(
        whole_number(1, 20), 5, "how often a pull is tried when the network or the registry fails"
    )
    backoff: timedelta = setting(
        duration("10m"), "1s", "how long to wait before the second try; twice as long each time"
    )
    sizes: bool = setting(
        flag(),
        True,  # noqa: FBT003 - as every default
        "whether registries are asked beforehand how large images are; Docker Hub counts that",
    )


class ImageSettings(Section):
    """Images that are here."""

    parallel: int = setting(
        whole_number(1, 32), 16, "how many images are read at the same time on the containerd store"
    )


class RegistrySettings(Section):
    """Registries, which images come from."""

    insecure: tuple[str, ...] = setting(
        text_list('["registry.local:5000"]'),
        [],
        "registries that may be asked without encryption, or with a certificate nobody knows",
    )


class LabSettings(Section):
    """The private, throwaway engine of `dockmgr lab`."""

    engine: str = setting(
        choice("20.10", "26", "28", "28-containerd", "podman"),
        "28",
        "the engine that `dockmgr lab up` builds",
    )
    mirror: str = setting(
        web_address(), "", "the Debian mirror it is built from; empty for Debian's own"
    )
    mounts: tuple[Path, ...] = setting(
        folder_list(), [], "further folders its containers can mount, at the same path"
    )


class DisplaySettings(Section):
    """What is shown."""

    color: str = setting(
        choice("auto", "always", "never"),
        "auto",
        "when colours are used; auto: on a terminal, unless NO_COLOR is set",
    )


class Settings(Section):
    """All settings there are."""

    spawn: SpawnSettings = setting(section(SpawnSettings), {}, "starting many containers")
    containers: ContainerSettings = setting(section(ContainerSettings), {}, "containers that run")
    pull: PullSettings = setting(section(PullSettings), {}, "getting images from a registry")
    images: ImageSettings = setting(section(ImageSettings), {}, "images that are here")
    registries: RegistrySettings = setting(section(RegistrySettings), {}, "which images come from")
    prune: PruneSettings = setting(section(PruneSettings), {}, "tidying up")
    lab: LabSettings = setting(section(LabSettings), {}, "the private, throwaway engine")
    output: DisplaySettings = setting(section(DisplaySettings), {}, "what is shown")


def load_settings(path: Path | None, env: Mapping[str, str]) -> Settings:
    """Read the settings.

    Args:
        path: ``--config``; None means ``$DOCKMGR_CONFIG``, else the user's own file, which need
            not exist.
        env: the environment.

    Returns:
        The settings, with defaults for all that the file does not give.

    Raises:
        ManagerError: (usage) the file does not exist, cannot be read, or holds something that is
            no setting; the sentence has file, line, key and what was expected.
    """
    if path is None and (named := env.get("DOCKMGR_CONFIG")):
        path = Path(named)
    must_exist = path is not None
    path = path or default_settings_path()
    text = read_toml_text(path, must_exist=must_exist)
    if text is None:
        return Settings()
    try:
        return schema.read_document(Settings, parse_toml(path, text))
    except schema.InvalidSettingError as error:
        line = find_line(text, error.path)
        raise TomlFileError(path, line, error.problem, error.hint) from None


def default_settings_path() -> Path:
    """The user's own file, where it is looked for if none is named."""
    return config_folder() / "config.toml"


SETTINGS_HINT = "name another file with --config, or unset DOCKMGR_CONFIG"


def read_toml_text(
    path: Path, *, must_exist: bool, what: str = "settings file", hint: str = SETTINGS_HINT
) -> str | None:
    """The text of a TOML file.

    Args:
        path: where it is.
        must_exist: whether it is an error that it is missing; else None is returned.
        what: what it is called in errors.
        hint: what to do where it cannot be read.

    Raises:
        ManagerError: it cannot be read; (usage) it is no text.
    """
    try:
        return path.read_bytes().decode().replace("\r\n", "\n")
    except (FileNotFoundError, NotADirectoryError):
        if not must_exist:
            return None
        raise ManagerError(f"there is no {what} {path}", hint) from None
    except OSError as error:
        problem = f"cannot read the {what} {path}: {error.strerror}"
        raise ManagerError(problem, hint) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise TomlFileError(path, line, "not UTF-8 text", "save the file as UTF-8") from None


def parse_toml(path: Path, text: str) -> dict[str, object]:
    """The values of a TOML file.

    Raises:
        ManagerError: (usage) it is not TOML; the sentence has file and line.
    """
    import re
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # tomllib tells the line only within its sentence.
        match = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        what = str(error).partition(" (at ")[0]
        number = int(match[1]) if match else text.rstrip("\n").count("\n") + 1
        place = f" at column {match[2]}" if match else ""
        hint = "text stands in quotes, a section in [ ] on a line of its own"
        raise TomlFileError(path, number, f"not valid TOML: {what}{place}", hint) from None


class TomlFileError(ManagerError):
    """What is wrong on a line of a TOML file."""

    def __init__(self, path: Path, line: int, problem: str, hint: str) -> None:
        """Keep the parts: a list of mistakes shows them apart."""
        super().__init__(f"{path} line {line}: {problem}", hint, ExitCode.USAGE)
        self.line = line
        self.problem = problem
