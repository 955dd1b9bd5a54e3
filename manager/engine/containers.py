"""Containers of an engine: list, create, start, stop, restart, remove, logs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from manager.engine.errors import ConflictError, EngineError, NotFoundError, one_sentence
from manager.engine.image_names import familiar_name
from manager.engine.transport import Request
from manager.model.containers import Container
from manager.model.ports import Port
from manager.references.reference import parse_reference

if TYPE_CHECKING:
    from collections.abc import Generator

    from manager.engine.connection import Connection


LONGEST_STOP_SECONDS = 3600
"""Seconds to wait for a container that has a time of its own to end in order."""
STOP_MARGIN_SECONDS = 60
"""Seconds to wait for an answer beyond the time that a container gets."""


class NameTakenError(ConflictError):
    """Another container has the name."""


class ContainerCollection:
    """The containers of one engine."""

    def __init__(self, engine: Connection) -> None:
        """Remember the engine."""
        self._engine = engine

    def list(self, *labels: str) -> tuple[Container, ...]:
        """All containers in any state, in one call.

        Args:
            labels: only containers that have all of these, each ``KEY`` or ``KEY=VALUE``.

        Raises:
            ManagerError: the engine could not be asked.
        """
        filters = {"label": list(labels)} if labels else None
        rows = self._engine.get_json("/containers/json", {"all": True, "filters": filters})
        return tuple(_parse_container(row) for row in rows or ())

    def create(self, name: str, config: dict[str, object], platform: str = "") -> str:
        """Create a container.

        Args:
            name: its name.
            config: the body of the create call.
            platform: ``os/arch``, or empty for the engine's own.

        Returns:
            The new container's id.

        Raises:
            NameTakenError: another container has that name.
            ManagerError: the engine refused.
        """
        query = {"name": name, "platform": platform or None}
        try:
            answer = self._engine.call(Request("POST", "/containers/create", query, config))
        except EngineError as error:
            # Docker answers 409; Podman answers 500, and 409 since 4.0.
            if "already in use" in error.message and name in error.message:
                raise NameTakenError(error.message, "choose another name") from error
            raise
        identity: str = answer["Id"]
        return identity

    def start(self, identity: str) -> None:
        """Start a container.

        Raises:
            ManagerError: the engine refused.
        """
        self._engine.call(Request("POST", f"/containers/{identity}/start"))

    def stop(self, identity: str, timeout: int | None = None) -> None:
        """Stop a container.

        Args:
            identity: its id.
            timeout: seconds it gets to end in order; None for its own setting.

        Raises:
            ManagerError: the engine refused.
        """
        self._stop_or_restart(identity, "stop", timeout)

    def restart(self, identity: str, timeout: int | None = None) -> None:
        """Restart a container.

        Args:
            identity: its id.
            timeout: seconds it gets to end in order; None for its own setting.

        Raises:
            ManagerError: the engine refused.
        """
        self._stop_or_restart(identity, "restart", timeout)

    def _stop_or_restart(self, identity: str, how: str, timeout: int | None) -> None:
        patience = LONGEST_STOP_SECONDS if timeout is None else timeout + STOP_MARGIN_SECONDS
        path = f"/containers/{identity}/{how}"
        self._engine.call(Request("POST", path, {"t": timeout}, timeout=patience))

    def remove(self, identity: str, *, force: bool = False, volumes: bool = False) -> None:
        """Remove a container; one that is gone already is as good as removed.

        Args:
            identity: its id.
            force: kill it first if it runs.
            volumes: remove its anonymous volumes with it.

        Raises:
            ManagerError: the engine refused.
        """
        try:
            if force and self._engine.is_podman:
                # Podman's force gives it ten seconds to end in order; Docker's kills it at once.
                self._kill(identity)
            query = {"force": force, "v": volumes}
            self._engine.call(Request("DELETE", f"/containers/{identity}", query))
        except NotFoundError:
            return
        except ConflictError as error:
            if "already in progress" not in error.message:
                raise

    def _kill(self, identity: str) -> None:
        try:
            self._engine.call(Request("POST", f"/containers/{identity}/kill"))
        except ConflictError:
            return  # it does not run

    def inspect(self, identity: str) -> dict[str, Any]:
        """All the engine knows of a container, in its own words.

        Raises:
            NotFoundError: there is none.
            ManagerError: the engine could not be asked.
        """
        answer: dict[str, Any] = self._engine.get_json(f"/containers/{identity}/json")
        return answer

    def last_lines(self, identity: str, count: int) -> tuple[str, ...]:
        """The last lines that a container wrote, to either stream.

        Raises:
            ManagerError: the engine could not be asked.
        """
        from manager.engine.sdk import translate_sdk_errors

        with translate_sdk_errors(self._engine.endpoint):
            raw: bytes = self._engine.api.logs(identity, tail=count)
        return tuple(raw.decode(errors="replace").splitlines())

    def last_end_seconds(self, identity: str) -> float:
        """When a container ended last, in seconds of the engine's clock; 0 if it never did.

        Raises:
            ManagerError: the engine could not be asked.
        """
        told = (self.inspect(identity).get("State") or {}).get("FinishedAt") or ""
        try:
            return max(datetime.fromisoformat(told).timestamp(), 0.0)
        except ValueError:
            return 0.0

    def logs(
        self,
        identity: str,
        *,
        follow: bool,
        tail: int | None,
        timestamps: bool,
        since: float | None = None,
    ) -> Generator[bytes, None, None]:
        """What a container writes, in pieces as they arrive.

        Args:
            identity: its id.
            follow: go on until it ends.
            tail: how many of the lines already written; None for all.
            timestamps: put the time before each line.
            since: only what was written from then on, in seconds of the engine's clock.

        Raises:
            ManagerError: the engine could not be asked.
        """
        from docker.types import CancellableStream

        from manager.engine.sdk import read_sdk_stream, translate_sdk_errors

        wish: dict[str, int | float | str] = {"stdout": 1, "stderr": 1, "follow": int(follow)}
        wish |= {"timestamps": int(timestamps), "tail": "all" if tail is None else tail}
        if since:
            wish["since"] = since
        api = self._engine.api
        with translate_sdk_errors(self._engine.endpoint):
            # The SDK's own way asks for this last, and leaves the answer open where that fails
            # because the container has gone meanwhile.
            terminal = api._check_is_tty(identity)  # noqa: SLF001
            answer = api._get(  # noqa: SLF001
                api._url("/containers/{0}/logs", identity),  # noqa: SLF001
                params=wish,
                stream=True,
            )
            stream = api._get_result_tty(True, answer, terminal)  # noqa: FBT003, SLF001
        yield from read_sdk_stream(self._engine.endpoint, CancellableStream(stream, answer))


def _parse_container(row: dict[str, Any]) -> Container:
    """One row of the list. Podman leaves out fields and writes null for empty lists."""
    names: list[str] = row.get("Names") or []
    # A link adds a second name with a slash in it; the own name has none but the first.
    own = next((n[1:] for n in names if n.count("/") == 1), names[0] if names else row["Id"])
    return Container(
        id=row["Id"],
        name=own.removeprefix("/"),
        image=familiar_name(row.get("Image") or row.get("ImageID") or ""),
        image_id=row.get("ImageID") or "",
        state=row.get("State") or "",
        created=datetime.fromtimestamp(row.get("Created") or 0, UTC),
        status=row.get("Status") or "",
        command=one_sentence(row.get("Command") or ""),
        ports=tuple(_parse_port(port) for port in row.get("Ports") or []),
        labels=row.get("Labels") or {},
        mounted_images=tuple(
            _parse_mounted_image(it) for it in row.get("Mounts") or () if it.get("Type") == "image"
        ),
        addresses=_parse_addresses(row),
    )


def _parse_mounted_image(row: dict[str, Any]) -> str:
    """The image of a mount: Docker tells it as its name, Podman as its source."""
    name: str = row.get("Name") or row.get("Source") or ""
    found = parse_reference(name)
    return found.familiar if found else name


def _parse_addresses(row: dict[str, Any]) -> tuple[str, ...]:
    networks = (row.get("NetworkSettings") or {}).get("Networks") or {}
    return tuple(ip for it in networks.values() if it and (ip := it.get("IPAddress")))


def _parse_port(row: dict[str, Any]) -> Port:
    public = row.get("PublicPort")
    return Port(
        container_port=row["PrivatePort"],
        protocol=row.get("Type") or "tcp",
        host_ip=(row.get("IP") or "0.0.0.0") if public else "",  # noqa: S104 - what is bound
        host_port=public or None,
    )
