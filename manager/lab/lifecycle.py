"""Bring a lab up and down; what a kill at any moment leaves, the next call mends.

All that a lab is outside its folder hangs on one process: `unshare`, which started its
namespaces. When that dies, so do the processes, mounts, network and interface of the lab. It is
found again by the lab's folder among its arguments, even if nothing else was written down yet.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from manager.engine.contexts import Endpoint
from manager.errors import ManagerError
from manager.lab import cgroups, docker_context, locks, network, processes, roots, seeds, state
from manager.lab.serve import Service
from manager.lab.state import Lab

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.lab.flavours import Flavour

BOOT_SECONDS = 60
LAST_LINES = 8
INIT = Path(__file__).with_name("init.sh")
OWN_MOUNTS = frozenset({"dev", "proc", "run", "sys"})
"""What a lab fills itself, or has whole."""


def up(
    name: str,
    flavour: Flavour,
    *,
    mounts: list[Path],
    site: str | None,
    report: Callable[[str], None],
) -> Lab:
    """Bring a lab up; one that is up already is left as it is.

    Args:
        name: the lab's name.
        flavour: its engine.
        mounts: folders of the host that it sees at the same path.
        site: Debian mirror; None for the machine's own.
        report: told in a few words what is being done.

    Raises:
        ManagerError: it could not be, or it is up with another engine.
    """
    state.check_name(name)
    folder = state.folder(name)
    _check_socket_path(folder)
    with locks.of_lab(name):
        current = state.find(name)
        if current is not None:
            if current.flavour != flavour.name:
                raise ManagerError(
                    f"lab {name!r} is up with engine {current.flavour}, not {flavour.name}",
                    f"end it first with: dockmgr lab down --name {name}; or use another --name",
                )
            return current
        _sweep(name)
        docker_context.check(state.context_name(name))
        cache = roots.cache_folder()
        cache.mkdir(parents=True, exist_ok=True)
        with locks.on(cache):
            root = roots.ensure(flavour, site, report)
            images = seeds.ensure(cache, site, report)
        try:
            lab = _boot(name, flavour, root, mounts, report)
            report("filling the registry")
            seeds.push(f"http://{lab.registry}", images)
            docker_context.write(lab.context, lab.host)
            state.save(lab)
        except BaseException:
            _sweep(name)
            raise
    return lab


def down(name: str) -> bool:
    """End a lab and remove all it left; whether there was anything.

    Raises:
        ManagerError: something could not be removed.
    """
    state.check_name(name)
    with locks.of_lab(name):
        return _sweep(name)


def hostname(name: str) -> str:
    """The lab's host name: by it an engine without labels is known as a lab's too."""
    return f"dockmgr-lab-{name}"


def _boot(
    name: str, flavour: Flavour, root: Path, mounts: list[Path], report: Callable[[str], None]
) -> Lab:
    folder = state.folder(name)
    folder.mkdir(parents=True, mode=0o700)
    report(f"starting engine {flavour.name}")
    with locks.on(Path("/proc/self/ns/net")):
        link = network.free_link()
        service = Service(name, hostname(name), folder, flavour, link)
        service.write()
        shared = [str(mount) for mount in mounts if _can_be_seen(mount, root)]
        pid = _start(service, root, shared)
        network.connect(link, network.interface_name(folder), pid)
    lab = Lab(
        name=name,
        flavour=flavour.name,
        folder=folder,
        address=link.lab,
        gateway=link.host,
        pid=pid,
        pid_started=processes.start_time(pid) or 0,
        started=datetime.now(UTC),
        mounts=tuple(shared),
    )
    _wait_until_it_answers(lab)
    return lab


def _start(service: Service, root: Path, shared: list[str]) -> int:
    """Start the process that the lab hangs on; it outlives us. Its id."""
    folder = service.folder
    with (folder / "boot.log").open("wb") as log:
        subprocess.run(
            [
                *("setsid", "--fork", "unshare", "--fork", "--pid", "--kill-child", "--mount"),
                *("--net", "--ipc", "--uts", "--propagation", "private", "--"),
                *("sh", str(INIT), str(folder), str(root)),
                *(service.hostname, service.link.lab, *shared),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            # No other variable: TMPDIR, REGISTRY_… and many more would change what runs inside.
            env={"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin"},
            check=True,
        )
    host = Path("/proc/self/ns/net").readlink()

    def unshared() -> int | None:
        found = [p for p in _started_for(service.name) if processes.name(p) == "unshare"]
        with contextlib.suppress(FileNotFoundError):
            if found and Path(f"/proc/{found[0]}/ns/net").readlink() != host:
                return found[0]
        return None

    if not processes.until(lambda: unshared() is not None, 5):
        raise _failed_to_boot(folder, "its namespaces could not be made")
    pid = unshared()
    if pid is None:
        raise _failed_to_boot(folder, "it ended at once")
    return pid


def _wait_until_it_answers(lab: Lab) -> None:
    from manager.engine.client import Engine
    from manager.engine.errors import EngineUnreachableError

    endpoint = Endpoint(host=lab.host, source=f"lab {lab.name}")

    def ready() -> bool:
        if not lab.alive:
            return True
        if not _accepts(lab.socket):
            return False
        try:
            Engine(endpoint, patience=5).close()
        except EngineUnreachableError:
            return False
        return seeds.answers(f"http://{lab.registry}")

    if not processes.until(ready, BOOT_SECONDS):
        raise _failed_to_boot(lab.folder, f"nothing answered within {BOOT_SECONDS} s")
    if not lab.alive:
        raise _failed_to_boot(lab.folder, "its engine ended")


def _accepts(path: Path) -> bool:
    """Whether something listens; the SDK leaks a socket for each time that nothing does."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def _failed_to_boot(folder: Path, why: str) -> ManagerError:
    lines: list[str] = []
    for name in ("boot.log", "registry.log", "engine.log"):
        with contextlib.suppress(FileNotFoundError):
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            lines += text.splitlines()[-LAST_LINES:]
    return ManagerError(
        f"the lab did not start: {why}",
        "its last lines say why; some containers and virtual machines forbid namespaces",
        details=tuple(lines),
    )


def _sweep(name: str) -> bool:
    """End and remove whatever there is of a lab; whether there was anything."""
    folder = state.folder(name)
    pids = _started_for(name)
    found = bool(pids) or folder.exists()
    processes.kill(pids)
    if found:
        network.disconnect(network.interface_name(folder))
        cgroups.remove(hostname(name), podman=(folder / "data" / "podman").exists())
    docker_context.remove(state.context_name(name))
    if folder.exists():
        shutil.rmtree(folder)
    return found


def _started_for(name: str) -> list[int]:
    """The processes a lab hangs on. Both arguments: `du FOLDER` is somebody else's."""
    return processes.with_arguments(str(state.folder(name)), hostname(name))


def _can_be_seen(mount: Path, root: Path) -> bool:
    """Whether a folder of the host can be laid over the lab's root without hiding part of it."""
    if not mount.is_dir() or mount == Path("/") or mount.parts[1] in OWN_MOUNTS:
        return False
    inside = root / mount.relative_to("/")
    return mount in {Path("/root"), Path("/home")} or not inside.exists()


def _check_socket_path(folder: Path) -> None:
    path = state.socket_path(folder)
    if len(os.fsencode(path)) > state.LONGEST_SOCKET_PATH:
        raise ManagerError(
            f"the path of the lab's socket would be too long for a socket: {path}",
            "set XDG_STATE_HOME to a shorter folder",
        )
