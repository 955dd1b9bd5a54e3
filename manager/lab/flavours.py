"""The engines a lab can have: which Debian release has them, and how each is started."""

from dataclasses import dataclass

from manager.errors import ExitCode, ManagerError

DOCKER_PACKAGES = ("docker.io", "docker-registry", "ca-certificates", "iptables", "tini", "procps")
DOCKER_28_PACKAGES = (*DOCKER_PACKAGES, "docker-cli", "docker-compose", "docker-buildx")
PODMAN_PACKAGES = (
    *("podman", "runc", "netavark", "aardvark-dns", "containers-storage", "nftables"),
    *("docker-registry", "ca-certificates", "iptables", "tini", "procps"),
)


@dataclass(frozen=True, slots=True)
class Flavour:
    """One engine."""

    name: str
    suite: str
    """Debian's name of the release its packages come from."""
    packages: tuple[str, ...]
    root: str
    """The root file system; flavours with the same packages share one."""
    options: tuple[str, ...] = ()
    """Further options of the engine's daemon."""

    @property
    def podman(self) -> bool:
        """Whether it is Podman's Docker-compatible service."""
        return "podman" in self.packages


FLAVOURS = {
    flavour.name: flavour
    for flavour in (
        Flavour("20.10", "bookworm", DOCKER_PACKAGES, "docker-20.10"),
        Flavour("26", "trixie", (*DOCKER_PACKAGES, "docker-cli"), "docker-26"),
        Flavour("28", "forky", DOCKER_28_PACKAGES, "docker-28"),
        Flavour(
            "28-containerd",
            "forky",
            DOCKER_28_PACKAGES,
            "docker-28",
            ("--feature", "containerd-snapshotter=true"),
        ),
        Flavour("podman", "forky", PODMAN_PACKAGES, "podman"),
    )
}
DEFAULT_FLAVOUR = "28"


def get_flavour(name: str) -> Flavour:
    """The flavour of that name.

    Raises:
        ManagerError: (usage) there is none.
    """
    found = FLAVOURS.get(name)
    if found is None:
        raise ManagerError(
            f"{name!r} is not a valid lab engine",
            f"choose one of: {', '.join(FLAVOURS)}",
            ExitCode.USAGE,
        )
    return found
