"""What goes wrong with an engine, as errors of our own: what happened and what to do."""

import json
import shutil
from collections.abc import Callable

from manager.engine.contexts import Endpoint
from manager.engine.start_failures import start_hint
from manager.errors import ExitCode, ManagerError, iter_causes


class EngineError(ManagerError):
    """The engine answered, and its answer was no."""


class NotFoundError(EngineError):
    """What was asked for does not exist on the engine."""


class ConflictError(EngineError):
    """The state of things forbids it: a name is taken, an image is in use."""


ERRORS_BY_STATUS: dict[int, type[EngineError]] = {404: NotFoundError, 409: ConflictError}


class EngineUnreachableError(ManagerError):
    """No engine answered."""

    def __init__(self, message: str, hint: str) -> None:
        """Keep the sentence and the hint; the exit code is always the engine's."""
        super().__init__(message, hint, ExitCode.ENGINE)


EXPLAINERS: list[Callable[[Endpoint], EngineUnreachableError | None]] = []
"""Who knows better why an engine does not answer; the command line fills it."""


def refusal_error(status: int, said: str) -> EngineError:
    """An engine's refusal.

    Args:
        status: of its answer.
        said: the answer, or the message in it.
    """
    told = _strip_wrappers(one_sentence(_message(said))) or f"HTTP status {status}"
    return ERRORS_BY_STATUS.get(status, EngineError)(told, refusal_hint(told))


def _message(said: str) -> str:
    """The message of a refusal; Podman's do not all have one."""
    try:
        told = json.loads(said)
    except ValueError:
        return said
    return str(told["message"]) if isinstance(told, dict) and told.get("message") else said


def one_sentence(text: str) -> str:
    """An engine's answer on one line, without the full stop it may end in."""
    return " ".join(text.split()).removesuffix(".")


# Each part of an engine adds its own words before those of the part that found the fault.
_WRAPPERS = (
    "error during container init: ",
    "unable to start container process: ",
    "OCI runtime create failed: ",
    "driver failed programming external connectivity on endpoint ",
)


def _strip_wrappers(said: str) -> str:
    """The end of an answer, where the fault is: what only says who passed it on is left out."""
    for wrapper in _WRAPPERS:
        _, found, rest = said.rpartition(wrapper)
        if found:
            # The endpoint's name and its 64 digits stand between the wrapper and the fault.
            return rest.partition("): ")[2] or rest if "endpoint" in wrapper else rest
    return said


# What engines say, and what helps. Only the first that fits is shown.
_HINTS = (
    (
        "port is already allocated",
        "publish another port, or see which container uses it with: dockmgr ls",
    ),
    ("address already in use", "another program uses that port: publish a different one"),
    (
        "no such file or directory",
        "check the path or the command: it does not exist in the container",
    ),
    ("network", "list networks with: docker network ls"),
    ("no space left on device", "free some space: dockmgr df shows what uses it"),
)


def refusal_hint(said: str) -> str:
    """A hint for an engine's refusal; the general one where none fits."""
    if hint := start_hint(said):
        return hint
    lower = said.lower()
    for part, hint in _HINTS:
        if part in lower:
            return hint
    return "this message comes from the engine; its log may say more"


def unreachable_error(endpoint: Endpoint, error: BaseException) -> EngineUnreachableError:
    """Say why no engine answered, from the errors beneath the one that was raised.

    Args:
        endpoint: where the engine was looked for.
        error: what was raised.
    """
    where = f"at {endpoint.host} ({endpoint.source})"
    local = endpoint.host.startswith(("unix://", "npipe://"))
    explained = _explained(endpoint)
    if local and _is_caused_by(error, FileNotFoundError):
        return explained or _missing_socket_error(where)
    if _is_caused_by(error, PermissionError):
        return EngineUnreachableError(
            f"permission denied for the engine {where}",
            "run as root, or join the group that owns the socket: sudo usermod -aG docker $USER",
        )
    if _is_caused_by(error, TimeoutError):
        return EngineUnreachableError(
            f"the engine {where} did not answer in time",
            "check whether it is overloaded or stopped",
        )
    if explained:
        return explained
    if local or _is_caused_by(error, ConnectionRefusedError):
        return EngineUnreachableError(
            f"no engine answers {where}",
            "start it (on Linux: sudo systemctl start docker; elsewhere: open Docker Desktop)",
        )
    return _connection_error(where, error)


def lost_engine_error(endpoint: Endpoint) -> EngineUnreachableError:
    """Say that an engine that has answered is there no longer.

    Args:
        endpoint: where it was.
    """
    if explained := _explained(endpoint):
        return explained
    where = f"at {endpoint.host} ({endpoint.source})"
    return EngineUnreachableError(
        f"lost the connection to the engine {where}",
        "start the engine again, then repeat the command",
    )


def _explained(endpoint: Endpoint) -> EngineUnreachableError | None:
    return next((found for explain in EXPLAINERS if (found := explain(endpoint))), None)


def _connection_error(where: str, error: BaseException) -> EngineUnreachableError:
    """Something may be there, but no conversation came about."""
    import ssl

    text = _chain_text(error)
    if "paramiko" in text:
        return EngineUnreachableError(
            f"the engine {where} needs ssh support, which is not installed",
            "install it with: pip install 'dockmgr[ssh]'",
        )
    if _is_caused_by(error, ssl.SSLError) or "certificate" in text:
        return EngineUnreachableError(
            f"the TLS handshake with the engine {where} failed: {_reason(error)}",
            "check that ca.pem, cert.pem and key.pem are those of this engine",
        )
    return EngineUnreachableError(
        f"the engine {where} cannot be reached: {_reason(error)}",
        "check the address and the network connection",
    )


def _missing_socket_error(where: str) -> EngineUnreachableError:
    if any(shutil.which(program) for program in ("dockerd", "podman")):
        return EngineUnreachableError(
            f"the engine {where} is not running: its socket does not exist",
            "start it with: sudo systemctl start docker",
        )
    return EngineUnreachableError(
        f"no engine {where}: Docker does not seem to be installed here",
        "install Docker, or start a private practice engine with: dockmgr lab up",
    )


def _is_caused_by(error: BaseException, kind: type[BaseException]) -> bool:
    return any(isinstance(cause, kind) for cause in iter_causes(error))


def _chain_text(error: BaseException) -> str:
    return " ".join(str(cause) for cause in iter_causes(error))


def _reason(error: BaseException) -> str:
    lowest = list(iter_causes(error))[-1]
    return one_sentence(str(lowest)) or type(lowest).__name__
