"""The docker commands that do what undo, exec, logs and login do, each with why."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from manager.model.docker_commands import DockerCommand, docker_command, no_docker_command
from manager.model.plan import ARCHIVED
from manager.references.grammar import DEFAULT_REGISTRY


@dataclass(frozen=True, slots=True)
class LostImage:
    """One image to restore."""

    image_id: str
    restore_from: str
    """A registry's ``repo@digest``, or `ARCHIVED`; its id if the image is still here; or empty."""
    names: tuple[str, ...]
    platforms: tuple[str, ...] = ()


def translate_undo(
    images: Iterable[LostImage], archive: str, here: frozenset[str]
) -> Iterator[DockerCommand]:
    """The commands that restore images.

    Args:
        images: in the order in which they are restored.
        archive: the file with the images that no registry has.
        here: the ids of images that are here already.
    """
    loaded = False
    for image in images:
        if image.image_id not in here:
            if image.restore_from == ARCHIVED:
                if not loaded:
                    why = "restore the images saved in this file"
                    yield docker_command(why, "load", "--input", archive)
                loaded = True
            elif image.restore_from and image.restore_from != image.image_id:
                for platform in image.platforms or ("",):
                    wanted = ("--platform", platform) if platform else ()
                    why = "pull exactly the same image, by its digest"
                    yield docker_command(why, "pull", *wanted, image.restore_from)
            else:
                yield no_docker_command(
                    f"no way to recover {image.image_id}: there was no other copy"
                )
                continue
        for name in image.names:
            if "@" not in name and name != image.image_id:
                yield docker_command("restore the image's name", "tag", image.image_id, name)


def translate_exec(
    names: Iterable[str], flags: Sequence[str], command: Sequence[str]
) -> Iterator[DockerCommand]:
    """The commands that run one command in several containers.

    Args:
        names: of the containers.
        flags: options of ``docker exec``.
        command: the program and its arguments.
    """
    for name in names:
        why = f"run it inside {name}, alongside its main process"
        yield docker_command(why, "exec", *flags, name, *command)


def translate_logs(
    names: Iterable[str], *, follow: bool, tail: int | None, timestamps: bool
) -> Iterator[DockerCommand]:
    """The commands that show the output of several containers."""
    flags = ["--follow"] * follow + ["--timestamps"] * timestamps
    flags += ["--tail", str(tail)] if tail is not None else []
    for name in names:
        yield docker_command(f"show the output of {name}", "logs", *flags, name)


def translate_login(
    command: str, hosts: Iterable[str], username: str, *, stdin: bool
) -> Iterator[DockerCommand]:
    """The commands that log in to registries, or out of them.

    Args:
        command: ``login`` or ``logout``.
        hosts: the registries.
        username: as it was typed, or empty.
        stdin: whether the password is read from standard input; else docker asks for it.
    """
    why = "remove the stored login for this registry"
    if command == "login":
        why = (
            "store the login, unencrypted where there is no credential helper (dockmgr does that "
            "only with --insecure-plaintext); the password is not an argument: others could see it"
        )
    flags = ["--username", username] if username else []
    flags += ["--password-stdin"] if stdin else []
    for host in hosts:
        # Docker means its own registry where none is named.
        yield docker_command(why, command, *flags, *([host] if host != DEFAULT_REGISTRY else []))
