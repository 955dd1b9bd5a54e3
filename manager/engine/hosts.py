"""The address of an engine as docker's ``--host`` takes it, completed."""

import os
import re
from pathlib import Path

from manager.errors import ExitCode, ManagerError

_DEFAULT_PIPE = "npipe:////./pipe/docker_engine"
_DEFAULT_TCP_PORT = 2375
_HIGHEST_PORT = 65535
_FORMS_HINT = (
    "write unix:///path/to/socket, tcp://host:port, ssh://user@host or npipe:////./pipe/name"
)
# Compiled where they are used: most engines are at a socket.
# A host must not start with a dash: ssh would take it for an option.
_HOST_PATTERN = r"\[[^\[\]/?#@\s]+\]|[^-\[\]:/?#@\s][^\[\]:/?#@\s]*"
_TCP_PATTERN = rf"(?P<host>{_HOST_PATTERN})?(?P<colon>:(?P<port>[0-9]*))?(?P<path>/[^?#\s]*)?"
_SSH_PATTERN = rf"(?:[^-:/?#@\s][^:/?#@\s]*@)?(?:{_HOST_PATTERN})(?::(?P<port>[0-9]+))?"
_LOGIN_PATTERN = r":(?!//).*@"


def default_host(socket: Path) -> str:
    """Where the engine is if nothing is named.

    Args:
        socket: the engine's socket (not used on Windows, where it is a pipe).

    Returns:
        The host.
    """
    return _DEFAULT_PIPE if os.name == "nt" else f"unix://{socket.absolute().as_posix()}"


def parse_host(text: str, default_socket: Path, source: str) -> str:
    """Complete a host as ``docker --host`` does.

    ``host:port``, ``host``, ``:port`` and ``tcp://host`` mean TCP, on ``localhost`` and port 2375
    where these are not given (with TLS too, as docker does). Refused, though docker takes it: a
    bare path, which docker reads as a path on ``tcp://localhost:2375``; a user in a TCP address,
    which docker drops; a path in an ssh address, which would need another remote command.
    Source: docker/cli, ``opts/hosts.go`` and ``cli/connhelper/ssh``.

    Args:
        text: what was given; not empty.
        default_socket: what ``unix://`` alone means.
        source: what named it, for the error.

    Returns:
        ``unix:///path``, ``tcp://host:port``, ``ssh://user@host`` or ``npipe:////./pipe/name``.

    Raises:
        ManagerError: (usage) it is none of these forms.
    """
    text = text.strip()
    scheme, separator, rest = text.partition("://")
    if not separator:
        if text.startswith(("/", "unix:/")):
            raise _malformed_host_error(text, source, f"write unix://{text.removeprefix('unix:')}")
        return _parse_tcp_host(text, text, source, _DEFAULT_TCP_PORT)
    if scheme == "tcp":
        return _parse_tcp_host(text, rest, source, _DEFAULT_TCP_PORT)
    if scheme == "unix" and "://" not in rest:
        # Absolute, because the SDK would take a relative path from the root folder.
        return f"unix://{(Path(rest) if rest else default_socket).absolute().as_posix()}"
    if scheme == "npipe" and "://" not in rest:
        return text if rest else _DEFAULT_PIPE
    if scheme == "ssh":
        return _parse_ssh_host(text, rest, source)
    hint = f"write tcp://{rest}" if scheme in {"http", "https"} and "@" not in rest else _FORMS_HINT
    raise _malformed_host_error(text, source, hint)


def complete_stored_host(text: str, default_socket: Path, source: str, *, secure: bool) -> str:
    """Complete the host of a stored context, which docker reads less freely than ``--host``.

    ``http`` and ``https`` are taken, and where no port is given HTTP's own holds.

    Args:
        text: the context's ``Host``; empty means the default.
        default_socket: what an empty one and ``unix://`` mean.
        source: the context, for the error.
        secure: whether the connection is TLS.

    Returns:
        The host, in the forms of `parse_host`.

    Raises:
        ManagerError: (usage) it is none of these forms.
    """
    if not text:
        return default_host(default_socket)
    scheme, _, rest = text.partition("://")
    if scheme in {"http", "https", "tcp"}:
        return _parse_tcp_host(text, rest, source, 443 if secure else 80)
    return parse_host(text, default_socket, source)


def _parse_tcp_host(text: str, rest: str, source: str, default_port: int) -> str:
    match = re.fullmatch(_TCP_PATTERN, rest)
    if not match or ((match["host"] or "").startswith("[") and not match["colon"]):
        hint = "write tcp://host:port, and IPv6 addresses as tcp://[::1]:2375"
        raise _malformed_host_error(text, source, hint)
    return (
        f"tcp://{match['host'] or 'localhost'}:{_parse_port(match, text, source) or default_port}"
        + (match["path"] or "")
    )


def _parse_ssh_host(text: str, rest: str, source: str) -> str:
    match = re.fullmatch(_SSH_PATTERN, rest)
    if not match:
        hint = "write ssh://user@host or ssh://user@host:port, without a password, path or query"
        raise _malformed_host_error(text, source, hint)
    _parse_port(match, text, source)
    return text


def _parse_port(match: re.Match[str], text: str, source: str) -> int | None:
    """The port, None if not given. Its length is looked at first: int() refuses a huge number."""
    digits = (match["port"] or "").lstrip("0")
    if len(digits) > len(str(_HIGHEST_PORT)) or int(digits or 0) > _HIGHEST_PORT:
        raise _malformed_host_error(text, source, f"a port is at most {_HIGHEST_PORT}")
    if match["port"] and not digits:
        raise _malformed_host_error(text, source, "a port is at least 1")
    return int(digits) if digits else None


def _malformed_host_error(text: str, source: str, hint: str) -> ManagerError:
    shown = re.sub(_LOGIN_PATTERN, ":***@", text)
    message = f'{source}: "{shown}" is not a valid engine address'
    return ManagerError(message, hint, ExitCode.USAGE)
