"""The composition root: which engine, which settings, which streams a command works with."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manager.cli.output import Output
from manager.errors import CancelledError, ManagerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import typer

    from manager.config.settings import Settings
    from manager.engine.client import Engine
    from manager.engine.contexts import Endpoint
    from manager.engine.errors import EngineUnreachableError
    from manager.lab.state import Lab
    from manager.registry.lookup import ImageLookup
    from manager.registry.protocol.registries import RegistryPool

ENGINE_STOP_TIMEOUT = 10
"""Seconds that engines give a container which asks for no other time."""
DEFAULT_SOCKET = Path("/var/run/docker.sock")

COMMANDS_BY_SECTION = {
    "spawn": {"spawn", "scale", "recover", "exec", "rm", "start", "stop", "restart"},
    "containers": {"spawn", "scale", "recover", "rm", "stop", "restart"},
    "pull": {"spawn", "scale", "recover", "pull", "push", "undo"},
    "prune": {"prune"},
    "lab": {"lab"},
}
"""The commands that use a section of the settings; sections that are not here concern all."""


@dataclass
class Session:
    """One run of the program. What a command does not need is never made."""

    env: Mapping[str, str]
    host: str | None = None
    context: str | None = None
    config: Path | None = None
    default_socket: Path = DEFAULT_SOCKET
    quiet: bool = False
    """Whether to say nothing about which engine is used (shell completion)."""
    reminding: bool = True
    """Whether to warn of interrupted spawns."""
    _registries: RegistryPool | None = None
    _closing: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """Close what was opened."""
        self._closing.close()

    @cached_property
    def settings(self) -> Settings:
        """The settings, read once.

        Raises:
            ManagerError: (usage) the file has a mistake.
        """
        from manager.config.settings import load_settings

        return load_settings(self.config, self.env)

    @cached_property
    def out(self) -> Output:
        """The two streams."""
        return Output(self.env, self.settings.output.color)

    @cached_property
    def endpoint(self) -> Endpoint:
        """The engine the docker command would use; a lab only where there is none at all.

        Raises:
            ManagerError: what was named does not exist.
        """
        from manager.engine import contexts

        chosen = contexts.choose_endpoint(self.host, self.context, self.env, self.default_socket)
        # Also a link to a socket that is not there is somebody's engine, only not running.
        if chosen.is_explicit or os.path.lexists(self.default_socket):
            return chosen
        from manager.lab import state

        labs = state.list_running_labs()
        if not labs:
            return chosen
        if len(labs) > 1:
            names = ", ".join(sorted(lab.context for lab in labs))
            raise ManagerError(
                "no engine is installed here, and several labs are up",
                f"choose one with --context: {names}",
            )
        if not self.quiet:
            self.out.note(f"using the lab {labs[0].name!r}: no engine is installed here")
        return contexts.Endpoint(host=labs[0].host, source=f"lab {labs[0].name}", is_explicit=False)

    @cached_property
    def engine(self) -> Engine:
        """The engine, asked once whether it is there.

        Raises:
            EngineUnreachableError: it is not.
        """
        from manager.engine.client import Engine
        from manager.engine.errors import EXPLAINERS

        if _explain_lab not in EXPLAINERS:
            EXPLAINERS.append(_explain_lab)
        engine = Engine(self.endpoint)
        self._closing.callback(engine.close)
        if not self.quiet and self.reminding:
            self._remind(engine)
        return engine

    def _remind(self, engine: Engine) -> None:
        """Warn of interrupted spawns until somebody finishes or removes them."""
        from manager.system import folders

        try:
            if not any(folders.spawns_folder().iterdir()):
                return
        except OSError:
            return  # none was ever begun here
        from manager.groups import spawn_records

        if not spawn_records.find_abandoned_records(engine.endpoint.host):
            return
        from manager.groups.recover import find_interrupted_spawns

        for cut in find_interrupted_spawns(engine):
            self.out.warn(f"{cut}")
            self.out.hint("finish or remove it with: dockmgr recover")

    @cached_property
    def lab(self) -> Lab | None:
        """The lab that the engine belongs to, if any."""
        from manager.lab import state

        return next(
            (lab for lab in state.list_running_labs() if lab.host == self.endpoint.host), None
        )

    @cached_property
    def engine_address(self) -> str:
        """The address at which the engine's published ports answer."""
        from urllib.parse import urlsplit

        if self.lab is not None:
            return self.lab.address
        parts = urlsplit(self.endpoint.host)
        return (parts.hostname if parts.scheme in {"tcp", "ssh"} else None) or "localhost"

    def registries(self, info: Mapping[str, Any] | None = None) -> RegistryPool:
        """The registries that the engine pulls from.

        Args:
            info: what the engine says of itself, if it was asked already. Where there is no
                engine at all, registries are asked as an engine without settings would.
        """
        if self._registries is None:
            from manager.registry.engine_registries import build_registry_pool

            lab = self.lab.registry if self.lab is not None else ""
            told = self.info if info is None else info
            insecure = self.settings.registries.insecure
            if self.lab is not None:  # Podman does not tell where it does without encryption
                insecure = (*insecure, self.lab.address, self.lab.gateway)
            self._registries = build_registry_pool(told, lab, self.env, self.out.warn, insecure)
            self._closing.callback(self._registries.close)
        return self._registries

    @cached_property
    def info(self) -> Mapping[str, Any]:
        """What the engine says about itself; empty, with a note, where there is no engine."""
        from manager.engine.errors import EngineUnreachableError

        try:
            return self.engine.info()
        except EngineUnreachableError as error:
            self.out.note(f"{error.message}; asking registries without it")
            return {}

    def lookup(self, platform: str = "", *, sparing: bool = False) -> ImageLookup:
        """How images are looked up in their registries.

        Args:
            platform: whose image is meant; empty for the engine's own.
            sparing: whether the last of a quota is left to the engine.
        """
        from manager.registry.core.platforms import engine_platform, normalise_platform
        from manager.registry.document_cache import DocumentCache
        from manager.registry.lookup import ImageLookup
        from manager.system import folders

        registries = self.registries()
        chosen = normalise_platform(platform) if platform else engine_platform(self.info)
        return ImageLookup(
            registries, DocumentCache(folders.cache_folder()), chosen, spares_quota=sparing
        )

    @property
    def engine_is_here(self) -> bool:
        """Whether the engine is reached through a socket or a pipe of this machine."""
        return self.endpoint.host.startswith(("unix://", "npipe://"))

    @property
    def sees_containers(self) -> bool:
        """Whether the addresses that containers have on their own networks answer here."""
        return sys.platform == "linux" and self.engine_is_here and self.lab is None

    @property
    def stop_timeout(self) -> int | None:
        """Seconds a container gets to end in order; None for its own, or else the engine's 10."""
        seconds = round(self.settings.containers.stop_timeout.total_seconds())
        return None if seconds == ENGINE_STOP_TIMEOUT else seconds

    def confirm(self, question: str, *, yes: bool, refused: str = "nothing was removed") -> None:
        """Ask before something is removed, or the machine is changed.

        Args:
            question: what to ask.
            yes: whether the answer was given already.
            refused: what was not done, for the error where nobody can be asked.

        Raises:
            CancelledError: the answer is no.
            ManagerError: there is nobody to ask.
        """
        if yes:
            return
        if not self.out.interactive:
            raise ManagerError(
                f"{refused}: a confirmation needs a terminal", "add --yes to confirm"
            )
        import typer

        if not typer.confirm(question, default=False, err=True):
            raise CancelledError


def _explain_lab(endpoint: Endpoint) -> EngineUnreachableError | None:
    from manager.lab.unreachable import explain_unreachable_lab

    return explain_unreachable_lab(endpoint)


def get_session(ctx: typer.Context) -> Session:
    """The session of a command.

    Raises:
        ManagerError: (usage) there is a mistake in a section of the settings that it uses.
    """
    found = ctx.find_object(Session)
    if found is None:  # pragma: no cover - the root callback always makes one
        raise LookupError("a command ran without its session")
    command = ctx.find_root().invoked_subcommand
    if command != "config":
        from manager.config.settings import SECTIONS

        # Before anything is asked of an engine: a mistake in the settings is never half obeyed.
        found.settings.require(
            it for it in SECTIONS if command in COMMANDS_BY_SECTION.get(it, {command})
        )
    return found
