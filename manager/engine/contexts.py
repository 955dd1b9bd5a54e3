"""Which engine the docker command would take: hosts, docker contexts, TLS files."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manager.engine import hosts
from manager.errors import ExitCode, ManagerError

DEFAULT_CONTEXT = "default"
"""The context that is not stored: ``DOCKER_HOST``, or the default socket."""

_DEFAULT_TLS_HOST = "tcp://localhost:2376"


@dataclass(frozen=True)
class TLSMaterial:
    """What a TLS connection to an engine is made with. All paths are of PEM files."""

    ca: Path | None = None
    """The authority that must have signed the engine's certificate; None: the system's."""
    cert: Path | None = None
    """The client's certificate; given together with its key, or not at all."""
    key: Path | None = None
    verify: bool = True
    """Whether the engine's certificate is checked."""


@dataclass(frozen=True)
class Endpoint:
    """Where an engine is, and who said so."""

    host: str
    """``unix:///path``, ``tcp://host:port``, ``ssh://user@host`` or ``npipe:////./pipe/name``."""
    source: str
    """What named it: ``--host``, ``DOCKER_HOST``, ``context NAME``, ``default socket``."""
    tls: TLSMaterial | None = None
    """None where the connection is not TLS."""
    is_explicit: bool = True
    """False only where nothing was named and the default socket was taken."""
    context: str | None = None
    """The stored docker context it comes from, if any."""


def choose_endpoint(
    host: str | None, context: str | None, env: Mapping[str, str], default_socket: Path
) -> Endpoint:
    """Find the engine that ``docker --host HOST --context CONTEXT`` would use.

    The order is the docker command's: ``--host``, ``--context``, ``DOCKER_HOST``,
    ``DOCKER_CONTEXT``, ``currentContext`` of its ``config.json``, the default socket. Nothing is
    connected to. Source: docker/cli, ``cli/command/cli.go`` and ``cli/context/docker``.

    Args:
        host: ``--host``, None if not given.
        context: ``--context``, None or empty if not given.
        env: the environment: ``DOCKER_*`` and the home folder.
        default_socket: the engine's socket where nothing is named (not used on Windows).

    Returns:
        Where the engine should be.

    Raises:
        ManagerError: the context does not exist; (usage) both are given, or a host is malformed;
            (engine) the context is broken, ``config.json`` cannot be read, or TLS files are
            missing.
    """
    if host is not None:
        if context:
            raise ManagerError(
                "--host and --context cannot be used together", "choose one", ExitCode.USAGE
            )
        return _resolve_host(host, "--host", env, default_socket)
    if context:
        return _resolve_context(context, env, default_socket)
    if env.get("DOCKER_HOST"):
        return _resolve_host(env["DOCKER_HOST"], "DOCKER_HOST", env, default_socket)
    if name := env.get("DOCKER_CONTEXT"):
        return _resolve_context(name, env, default_socket)
    current = read_docker_config(env).get("currentContext") or DEFAULT_CONTEXT
    if not isinstance(current, str):
        raise _unreadable_file_error(
            docker_folder(env) / "config.json", "currentContext is not a string"
        )
    if current != DEFAULT_CONTEXT:
        return _resolve_context(current, env, default_socket)
    return _resolve_host("", "default socket", env, default_socket, is_explicit=False)


def list_contexts(env: Mapping[str, str]) -> list[tuple[str, str]]:
    """List the docker contexts there are, for completion and for hints.

    One whose file is broken is left out; choosing it says what is wrong with it.

    Args:
        env: the environment: ``DOCKER_CONFIG``, ``DOCKER_HOST`` and the home folder.

    Returns:
        Name and host of each, by name; the host of ``default`` is empty where it is the default
        socket.

    Raises:
        ManagerError: (engine) the folder of contexts cannot be listed.
    """
    found = [(DEFAULT_CONTEXT, env.get("DOCKER_HOST", ""))]
    folder = docker_folder(env) / "contexts" / "meta"
    try:
        paths = sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise _unreadable_file_error(folder, error.strerror or str(error)) from error
    for path in paths:
        try:
            meta = read_json_object(path / "meta.json") or {}
            name, host = meta.get("Name"), _parse_docker_endpoint(meta, path / "meta.json")["Host"]
        except ManagerError:
            continue
        if isinstance(name, str):
            found.append((name, host))
    return sorted(found)


def docker_folder(env: Mapping[str, str]) -> Path:
    """The folder the docker command keeps its settings in.

    Args:
        env: the environment: ``DOCKER_CONFIG`` and the home folder.

    Returns:
        ``$DOCKER_CONFIG``, else ``.docker`` in the home folder.
    """
    if folder := env.get("DOCKER_CONFIG"):
        return Path(folder)
    home = env.get("USERPROFILE" if os.name == "nt" else "HOME")
    return (Path(home) if home else Path.home()) / ".docker"


def read_docker_config(env: Mapping[str, str]) -> dict[str, Any]:
    """The docker command's ``config.json``.

    Args:
        env: the environment: ``DOCKER_CONFIG`` and the home folder.

    Returns:
        What it holds; empty if there is no such file, or nothing in it.

    Raises:
        ManagerError: (engine) it cannot be read, or is not a JSON object.
    """
    return read_json_object(docker_folder(env) / "config.json") or {}


def read_json_object(path: Path) -> dict[str, Any] | None:
    """Read a file of one JSON object.

    Args:
        path: the file.

    Returns:
        The object, empty for an empty file, or None if there is no such file.

    Raises:
        ManagerError: (engine) it cannot be read, or holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
        value = json.loads(text) if text.strip() else {}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable_file_error(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise _unreadable_file_error(path, f"not valid JSON, {error}") from error
    if not isinstance(value, dict):
        raise _unreadable_file_error(path, "not a JSON object")
    return value


def _resolve_host(
    text: str,
    source: str,
    env: Mapping[str, str],
    default_socket: Path,
    *,
    is_explicit: bool = True,
) -> Endpoint:
    """The engine of a host string; an empty one means docker's default."""
    asked = next((name for name in ("DOCKER_TLS_VERIFY", "DOCKER_TLS") if env.get(name)), None)
    if text.strip():
        host = hosts.parse_host(text, default_socket, source)
    elif asked:
        # Whoever asks for TLS and names no host gets TCP: docker's rule, however odd.
        host, source, is_explicit = _DEFAULT_TLS_HOST, source if is_explicit else asked, True
    else:
        host = hosts.default_host(default_socket)
    tls = _find_env_tls_material(asked, env) if asked and host.startswith("tcp://") else None
    return Endpoint(host, source, tls, is_explicit)


def _find_env_tls_material(asked: str, env: Mapping[str, str]) -> TLSMaterial:
    """The files of DOCKER_CERT_PATH. Docker needs ca.pem even where it verifies nothing."""
    folder = Path(env.get("DOCKER_CERT_PATH") or docker_folder(env))
    material = _find_tls_material(folder, verify=asked == "DOCKER_TLS_VERIFY")
    if material.ca is None:
        raise ManagerError(
            f"{asked} is set, but {folder / 'ca.pem'} does not exist",
            "set DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem, "
            f"or unset {asked}",
            ExitCode.ENGINE,
        )
    return material


def _find_tls_material(folder: Path, *, verify: bool) -> TLSMaterial:
    ca, cert, key = (
        path if path.is_file() else None
        for path in (folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    )
    if not (cert and key):
        cert = key = None
    return TLSMaterial(ca, cert, key, verify)


def _resolve_context(name: str, env: Mapping[str, str], default_socket: Path) -> Endpoint:
    """The engine of a context. Layout: docker/cli, ``cli/context/store/doc.go``."""
    if name == DEFAULT_CONTEXT:
        host = env.get("DOCKER_HOST", "")
        source = "DOCKER_HOST" if host else f"context {DEFAULT_CONTEXT}"
        return _resolve_host(host, source, env, default_socket)
    import hashlib

    identity = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()
    store = docker_folder(env) / "contexts"
    path = store / "meta" / identity / "meta.json"
    meta = read_json_object(path)
    if meta is None:
        raise _unknown_context_error(name, env)
    docker = _parse_docker_endpoint(meta, path)
    material = _find_tls_material(
        store / "tls" / identity / "docker", verify=not docker["SkipTLSVerify"]
    )
    stored: str = docker["Host"]
    secure = stored.startswith("https://") or material != TLSMaterial()
    source = f"context {name}"
    host = hosts.complete_stored_host(stored, default_socket, source, secure=secure)
    tls = material if secure and host.startswith("tcp://") else None
    return Endpoint(host, source, tls, context=name)


def _parse_docker_endpoint(meta: dict[str, Any], path: Path) -> dict[str, Any]:
    """The docker part of a context's metadata, with both of its fields."""
    endpoints = meta.get("Endpoints")
    docker = endpoints.get("docker") if isinstance(endpoints, dict) else None
    if not isinstance(docker, dict):
        raise _unreadable_file_error(path, "the context has no docker endpoint")
    host, skip = docker.get("Host", ""), docker.get("SkipTLSVerify", False)
    if not isinstance(host, str) or not isinstance(skip, bool):
        raise _unreadable_file_error(path, "Host or SkipTLSVerify has the wrong type")
    return {"Host": host, "SkipTLSVerify": skip}


def _unknown_context_error(name: str, env: Mapping[str, str]) -> ManagerError:
    from difflib import SequenceMatcher

    names = [known for known, _ in list_contexts(env)]
    names.sort(key=lambda known: -SequenceMatcher(None, known, name).ratio())
    return ManagerError(
        f'context "{name}" not found',
        f"contexts: {', '.join(names)}",
    )


def _unreadable_file_error(path: Path, why: str) -> ManagerError:
    return ManagerError(
        f"cannot read {path}: {why}",
        "fix or remove the file, or name the engine with --host",
        ExitCode.ENGINE,
    )
