"""The names that a lab knows and the authorities that it trusts, for as long as a test runs."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.errors import ManagerError
from manager.lab.state import Lab
from manager.references.reference import ImageReference
from tests.certificates import Authority
from tests.engine.inside import first_process

CERTIFICATES = ("etc/docker/certs.d", "etc/containers/certs.d")
"""Where Docker and where Podman look."""
SYSTEM = "etc/ssl/certs/ca-certificates.crt"
HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
PATIENCE = 20
"""Seconds. An engine may go by the names of five seconds ago."""


class Etc:
    """Files of the lab's, and the same in a folder for programs beside it."""

    def __init__(self, lab: Lab, folder: Path, authority: Authority) -> None:
        """Begin with no names.

        Args:
            lab: whose.
            folder: for what programs beside the lab are to see instead of this machine's own.
            authority: whom to trust.
        """
        self.lab = lab
        self.folder = folder
        self.authority = authority
        self.names: dict[str, str] = {}
        # By way of a process of the lab's, its files can be reached from outside.
        self.root = Path(f"/proc/{first_process(lab)}/root")
        (folder / "docker" / "certs.d").mkdir(parents=True)
        # No name server: names that nobody knows are not to be waited for.
        (folder / "resolv.conf").write_text(f"nameserver {lab.address}\n", encoding="utf-8")
        (folder / "nsswitch.conf").write_text("hosts: files dns\n", encoding="utf-8")

    @contextmanager
    def as_system(self) -> Iterator[None]:
        """Be trusted by the lab as its system's own authorities are: all that Hub is asked by."""
        bundle = self.root / SYSTEM
        before = bundle.read_bytes()
        bundle.write_bytes(before + self.authority.pem)
        try:
            yield
        finally:
            bundle.write_bytes(before)

    @contextmanager
    def naming(self, names: dict[str, str], trusted: Sequence[str]) -> Iterator[None]:
        """Give names to addresses, and trust the authority for some registries.

        Args:
            names: the address of each.
            trusted: registries, with their port if it is not the usual one.
        """
        hosts = self.root / "etc/hosts"
        before = hosts.read_text(encoding="utf-8")
        known = dict(self.names)
        self.names |= names
        self._write(hosts, before + _lines(names))
        folders = self._folders()
        try:
            for folder in folders:
                for name in trusted:
                    (folder / name).mkdir(parents=True)
                    (folder / name / "ca.crt").write_bytes(self.authority.pem)
            yield
        finally:
            self.names = known
            self._write(hosts, before)
            for folder in folders:
                for name in trusted:
                    shutil.rmtree(folder / name, ignore_errors=True)

    @contextmanager
    def trusting(self, authority: Authority, *registries: str) -> Iterator[None]:
        """Trust another authority for some registries, and for these alone."""
        files = [folder / name / "ca.crt" for folder in self._folders() for name in registries]
        before = [file.read_bytes() for file in files]
        for file in files:
            file.write_bytes(authority.pem)
        try:
            yield
        finally:
            for file, content in zip(files, before, strict=True):
                file.write_bytes(content)

    def _folders(self) -> list[Path]:
        return [self.folder / "docker/certs.d", *(self.root / it for it in CERTIFICATES)]

    def _write(self, hosts: Path, text: str) -> None:
        hosts.write_text(text, encoding="utf-8")
        (self.folder / "hosts").write_text(HOSTS + _lines(self.names), encoding="utf-8")

    def wait_until_known(self, name: str) -> None:
        """Wait until the engine finds a registry by its name.

        Raises:
            AssertionError: it did not.
        """
        wanted = ImageReference.parse(f"{name}/nothing")
        end = time.monotonic() + PATIENCE
        with Engine(Endpoint(self.lab.host, "test lab")) as engine:
            while "lookup" in (said := _pull(engine, wanted)):
                assert time.monotonic() < end, said


def _pull(engine: Engine, reference: ImageReference) -> str:
    """Why an image cannot be pulled."""
    try:
        return " ".join(str(it.get("error")) for it in engine.images.pull(reference, "", {}))
    except ManagerError as error:
        return error.message


def _lines(names: dict[str, str]) -> str:
    return "".join(f"{address} {name}\n" for name, address in names.items())
