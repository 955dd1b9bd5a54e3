"""What runs inside a lab: its registry and its engine, as a script and its configuration."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manager.lab import cgroups
from manager.lab.state import REGISTRY_PORT, socket_path

if TYPE_CHECKING:
    from pathlib import Path

    from manager.lab.flavours import Flavour
    from manager.lab.network import LabLink

LAB_LABEL = "dockmgr.lab"


@dataclass(frozen=True, slots=True)
class LabServices:
    """One lab's engine and registry."""

    name: str
    hostname: str
    folder: Path
    flavour: Flavour
    link: LabLink

    def write(self) -> None:
        """Write the script that the lab's first process runs, and what it reads."""
        (self.folder / "data").mkdir()
        (self.folder / "registry.yml").write_text(self._registry(), encoding="utf-8")
        (self.folder / "registries.conf").write_text(self._podman_registries(), encoding="utf-8")
        (self.folder / "containers.conf").write_text(_podman_limits(), encoding="utf-8")
        (self.folder / "serve.sh").write_text(self._script(), encoding="utf-8")

    def _script(self) -> str:
        """When the engine ends, so does the lab."""
        folder = shlex.quote(str(self.folder))
        engine = shlex.join(self._podman() if self.flavour.podman else self._docker())
        return (
            f"cd {folder}\n"
            "docker-registry serve registry.yml >registry.log 2>&1 &\n"
            "mkdir -p /etc/containers && cp registries.conf containers.conf /etc/containers/\n"
            f"exec {engine} >engine.log 2>&1\n"
        )

    def _docker(self) -> list[str]:
        """Source: dockerd(8). All of these options exist from 20.10 on."""
        return [
            "dockerd",
            f"--host=unix://{socket_path(self.folder)}",
            "--group=root",
            f"--data-root={self.folder}/data/docker",
            "--exec-root=/run/docker",
            "--pidfile=/run/docker.pid",
            f"--label={LAB_LABEL}=true",
            f"--label={LAB_LABEL}.name={self.name}",
            f"--label={LAB_LABEL}.address={self.link.lab}",
            f"--cgroup-parent={cgroups.cgroup_parent(self.hostname)}",
            f"--registry-mirror=http://127.0.0.1:{REGISTRY_PORT}",
            f"--insecure-registry={self.link.subnet}",
            "--log-opt=max-size=10m",
            *self.flavour.options,
        ]

    def _podman(self) -> list[str]:
        """Source: podman-system-service(1). crun refuses cgroups that are of both versions."""
        return [
            "podman",
            "--runtime=runc",
            "--cgroup-manager=cgroupfs",
            f"--root={self.folder}/data/podman",
            "--runroot=/run/podman",
            *("system", "service", "--time=0", f"unix://{socket_path(self.folder)}"),
        ]

    def _registry(self) -> str:
        """Source: CNCF distribution 2.8, configuration reference."""
        return (
            "version: 0.1\n"
            "log: {level: warn, accesslog: {disabled: true}}\n"
            "storage:\n"
            f"  filesystem: {{rootdirectory: {self.folder}/data/registry}}\n"
            "  delete: {enabled: true}\n"
            f"http: {{addr: '0.0.0.0:{REGISTRY_PORT}'}}\n"
        )

    def _podman_registries(self) -> str:
        """Source: containers-registries.conf(5)."""
        return (
            'unqualified-search-registries = ["docker.io"]\n'
            "[[registry]]\n"
            'location = "docker.io"\n'
            "[[registry.mirror]]\n"
            f'location = "127.0.0.1:{REGISTRY_PORT}"\n'
            "insecure = true\n"
            # Any port of either end of the link.
            + "".join(
                f'[[registry]]\nlocation = "{end}"\ninsecure = true\n'
                for end in (self.link.lab, self.link.host)
            )
        )


def _podman_limits() -> str:
    """The limits that this machine allows: Podman's builds ask for more, and fail without it.

    Source: containers.conf(5), ``default_ulimits``.
    """
    import resource

    rows = []
    for name, limit in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)):
        most = resource.getrlimit(limit)[1]
        if most != resource.RLIM_INFINITY:
            rows.append(f'"{name}={most}:{most}"')
    return f"[containers]\ndefault_ulimits = [{', '.join(rows)}]\n"
