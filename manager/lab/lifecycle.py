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
from manager.lab import cgroups, docker_context, network, processes, roots, seeds, state
from manager.lab.services import LabServices
from manager.lab.state import Lab
from manager.system.locks import passing_lock, path_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from manager.lab.flavours import Flavour

BOOT_TIMEOUT_SECONDS = 60
LOG_TAIL_LINES = 8
INIT_SCRIPT = Path(__file__).with_name("init.sh")
OWN_MOUNTS = frozenset({"dev", "proc", "run", "sys"})
"""What a lab fills itself, or has whole."""


def start_lab(
    name: str,
    flavour: Flavour,
    *,
    mounts: list[Path],
    mirror_url: str | None,
    report: Callable[[str], None],
) -> Lab:
    """Bring a lab up; one that is up already is left as it is.

    Args:
        name: the lab's name.
        flavour: its engine.
        mounts: folders of the host that it sees at the same path.
        mirror_url: Debian mirror; None for the machine's own.
        report: told in a few words what is being done.

    Raises:
        ManagerError: it could not be, or it is up with another engine.
    """
    state.check_lab_name(name)
    folder = state.folder_for_lab(name)
    _check_socket_path(folder)
    with passing_lock(state.lock_file(name)):
        current = state.find_running_lab(name)
        if current is not None:
            if current.flavour != flavour.name:
                raise ManagerError(
                    f"lab {name!r} is up with engine {current.flavour}, not {flavour.name}",
                    f"stop it first with: dockmgr lab down --name {name}; or use another --name",
                )
            return current
        _remove_lab_remains(name)
        docker_context.check_context_name(state.context_name(name))
        cache = roots.cache_folder()
        cache.mkdir(parents=True, exist_ok=True)
        with path_lock(cache):
            root = roots.ensure_root(flavour, mirror_url, report)
            images = seeds.ensure_images(cache, mirror_url, report)
        try:
            lab = _boot_lab(name, flavour, root, mounts, report)
            report("filling the registry")
            seeds.fill_registry(f"http://{lab.registry}", images)
            docker_context.write_context(lab.context, lab.host)
            state.save_lab(lab)
        except BaseException:
            _remove_lab_remains(name)
            raise
    return lab


def end_lab(name: str) -> bool:
    """End a lab and remove all it left; whether there was anything.

    Raises:
        ManagerError: something could not be removed.
    """
    state.check_lab_name(name)
    with passing_lock(state.lock_file(name)):
        return _remove_lab_remains(name)


def lab_hostname(name: str) -> str:
    """The lab's host name: by it an engine without labels is known as a lab's too."""
    return f"dockmgr-lab-{name}"


def _boot_lab(
    name: str, flavour: Flavour, root: Path, mounts: list[Path], report: Callable[[str], None]
) -> Lab:
    folder = state.folder_for_lab(name)
    folder.mkdir(parents=True, mode=0o700)
    report(f"starting engine {flavour.name}")
    with path_lock(Path("/proc/self/ns/net")):
        link = network.find_free_link()
        service = LabServices(name, lab_hostname(name), folder, flavour, link)
        service.write()
        shared = [str(mount) for mount in mounts if _can_be_mounted(mount, root)]
        pid = _start_main_process(service, root, shared)
        network.create_link(link, network.interface_name(folder), pid)
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
    _wait_until_lab_answers(lab)
    return lab


def _start_main_process(service: LabServices, root: Path, shared: list[str]) -> int:
    """Start the process that the lab hangs on; it outlives us. Its id."""
    folder = service.folder
    with (folder / "boot.log").open("wb") as log:
        subprocess.run(
            [
                *("setsid", "--fork", "unshare", "--fork", "--pid", "--kill-child", "--mount"),
                *("--net", "--ipc", "--uts", "--propagation", "private", "--"),
                *("sh", str(INIT_SCRIPT), str(folder), str(root)),
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
        found = [
            p for p in _find_main_processes(service.name) if processes.process_name(p) == "unshare"
        ]
        with contextlib.suppress(FileNotFoundError):
            if found and Path(f"/proc/{found[0]}/ns/net").readlink() != host:
                return found[0]
        return None

    if not processes.wait_until(lambda: unshared() is not None, 5):
        raise _boot_error(folder, "creating its namespaces failed")
    pid = unshared()
    if pid is None:
        raise _boot_error(folder, "it exited immediately")
    return pid


def _wait_until_lab_answers(lab: Lab) -> None:
    from manager.engine.client import Engine
    from manager.engine.errors import EngineUnreachableError

    endpoint = Endpoint(host=lab.host, source=f"lab {lab.name}")

    def ready() -> bool:
        if not lab.alive:
            return True
        if not _is_listening(lab.socket):
            return False
        try:
            Engine(endpoint, patience=5).close()
        except EngineUnreachableError:
            return False
        return seeds.is_registry_up(f"http://{lab.registry}")

    if not processes.wait_until(ready, BOOT_TIMEOUT_SECONDS):
        raise _boot_error(lab.folder, f"nothing answered within {BOOT_TIMEOUT_SECONDS} s")
    if not lab.alive:
        raise _boot_error(lab.folder, "its engine exited")


def _is_listening(path: Path) -> bool:
    """Whether something listens; the SDK leaks a socket for each time that nothing does."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def _boot_error(folder: Path, why: str) -> ManagerError:
    lines: list[str] = []
    for name in ("boot.log", "registry.log", "engine.log"):
        with contextlib.suppress(FileNotFoundError):
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            lines += text.splitlines()[-LOG_TAIL_LINES:]
    return ManagerError(
        f"the lab did not start: {why}",
        "see the last log lines above; some containers and virtual machines forbid namespaces",
        details=tuple(lines),
    )


def _remove_lab_remains(name: str) -> bool:
    """End and remove whatever there is of a lab; whether there was anything."""
    folder = state.folder_for_lab(name)
    pids = _find_main_processes(name)
    found = bool(pids) or folder.exists()
    processes.kill_processes(pids)
    if found:
        network.remove_link(network.interface_name(folder))
        cgroups.remove_cgroups(lab_hostname(name), podman=(folder / "data" / "podman").exists())
    docker_context.remove_context(state.context_name(name))
    if folder.exists():
        shutil.rmtree(folder)
    return found


def _find_main_processes(name: str) -> list[int]:
    """The processes a lab hangs on. Both arguments: `du FOLDER` is somebody else's."""
    return processes.find_processes_by_arguments(
        str(state.folder_for_lab(name)), lab_hostname(name)
    )


def _can_be_mounted(mount: Path, root: Path) -> bool:
    """Whether a folder of the host can be laid over the lab's root without hiding part of it."""
    if not mount.is_dir() or mount == Path("/") or mount.parts[1] in OWN_MOUNTS:
        return False
    inside = root / mount.relative_to("/")
    return mount in {Path("/root"), Path("/home")} or not inside.exists()


def _check_socket_path(folder: Path) -> None:
    path = state.socket_path(folder)
    if len(os.fsencode(path)) > state.MAX_SOCKET_PATH_BYTES:
        raise ManagerError(
            f"the path of the lab's socket is too long: {path}",
            "set XDG_STATE_HOME to a shorter folder",
        )
