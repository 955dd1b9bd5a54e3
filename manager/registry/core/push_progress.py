"""Pushing an image: how far it is, from the engine's messages; and what a failure means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from manager.references.registry_hosts import RegistryHost, RegistryService, identify_registry
from manager.registry.core.pull_progress import FailureKind, TransferFailure, classify_failure
from manager.registry.core.transfer_progress import LayerProgress, TransferProgress

_EXISTING_LAYER_PREFIXES = ("layer already exists", "mounted from ")


@dataclass(slots=True)
class PushProgress(TransferProgress):
    """How far a push is.

    Source: Docker Engine API, ``POST /images/{name}/push``. The containerd store tells few sizes;
    Podman tells of no layer at all, and only the digest in the end.
    """

    manifest_size: int | None = None
    """Bytes of the manifest; None until it is there."""
    note: str = ""
    """What the engine did otherwise than one might think."""

    def _take(self, status: str, message: dict[str, Any]) -> None:
        aux = message.get("aux") or {}
        end = re.fullmatch(r"\S+: digest: (\S+) size: ([0-9]+)", status)
        if end is not None:
            self.digest, self.manifest_size = end[1], int(end[2])
        elif aux.get("Digest"):
            self.digest = str(aux["Digest"])
            size = aux.get("Size")
            self.manifest_size = size if isinstance(size, int) else self.manifest_size
        elif aux.get("manifestPushedInsteadOfIndex"):
            self.note = "not all its platforms are here: only the one that is was pushed"
        elif message.get("id"):
            self._layer(str(message["id"]), status, message.get("progressDetail") or {})

    def _layer(self, identity: str, status: str, detail: dict[str, Any]) -> None:
        layer = self.layers.setdefault(identity, LayerProgress())
        layer.status = status.lower()
        total, current = detail.get("total"), detail.get("current")
        if layer.status == "pushing":
            # It is an estimate, which can be passed.
            layer.total = total if isinstance(total, int) and total > 0 else layer.total
            layer.done = current if isinstance(current, int) else layer.done
        elif layer.status.startswith(_EXISTING_LAYER_PREFIXES):
            layer.total = layer.done = 0
        elif layer.status == "pushed":
            layer.total = layer.done = layer.total or layer.done
        layer.finished = layer.status == "pushed" or layer.status.startswith(
            _EXISTING_LAYER_PREFIXES
        )

    @property
    def begun(self) -> bool:
        """Whether anything has arrived."""
        return any(layer.done or layer.finished for layer in self.layers.values())

    @property
    def sent(self) -> int | None:
        """Bytes of layers that the registry did not have; None where the engine does not tell.

        As the engine counts them: graph drivers before, the containerd store after packing.
        """
        if not self.layers or any(it.status == "pushed" and not it.done for it in self._sent()):
            return None
        return sum(layer.done for layer in self._sent())

    def _sent(self) -> list[LayerProgress]:
        return [
            it for it in self.layers.values() if not it.status.startswith(_EXISTING_LAYER_PREFIXES)
        ]


# What registries refuse a push for, in the order in which it is looked for: Amazon ECR, Docker
# Hub, Harbor, GitLab, web servers before a registry.
_REFUSALS: tuple[tuple[str, str, str], ...] = (
    (
        r"immutable|cannot be overwritten",
        "{registry} does not let {image} be changed: the tag is there already, and immutable",
        "push it under another tag: dockmgr tag {image} {repository}:NEW",
    ),
    (
        r"\b413\b|entity too large",
        "{registry} does not take layers as large as those of {image}",
        "a web server before it limits them: ask who runs it, or make smaller layers",
    ),
    (
        r"(?<!disk )quota|storage limit",
        "{registry} has no more room for {image}: {said}",
        "remove something there, or ask who runs it for more",
    ),
    (
        r"name unknown|repository with name .* does not exist|project .* not found",
        "{registry} has no repository for {image}, and does not make one by itself",
        "",  # that of the kind of registry
    ),
)
_FAILURE_TEXTS = {
    FailureKind.ABSENT_OR_DENIED: (
        "you may not push {image} to {registry}: it says {said}",
        "check the name, and {login}",
    ),
    FailureKind.LOGIN: (
        "{registry} wants a login before it takes {image}, or refused the one it got",
        "{login}",
    ),
    FailureKind.EXPIRED: (
        "{registry} took part of {image}, and then refused the login",
        "{login}",
    ),
    FailureKind.RATE_LIMIT: (
        "{registry} refuses {image}: too many requests from here for now",
        "wait a while, then push again: what is there already is not sent again",
    ),
    FailureKind.NETWORK: (
        "{registry} cannot be reached for {image}: {said}",
        "check the name of the registry, and that the engine's machine has a network",
    ),
    FailureKind.TLS: (
        "the connection to {registry} for {image} is not to be trusted: {said}",
        "the engine must know the registry's certificate authority: see certs.d in docker's docs",
    ),
    FailureKind.NO_SPACE: (
        "a disk is full, the engine's or the registry's: {image} could not be pushed",
        "see how full the engine's is with: dockmgr df",
    ),
    FailureKind.TRANSIENT: (
        "pushing {image} to {registry} failed: {said}",
        "push again later: what is there already is not sent again",
    ),
}
_OTHER_FAILURE_TEXT = ("pushing {image} failed: {said}", "this is the engine's own answer")
_RETRIED_KINDS = frozenset(
    {FailureKind.TRANSIENT, FailureKind.NETWORK, FailureKind.RATE_LIMIT, FailureKind.EXPIRED}
)


def explain_push_failure(
    said: str, image: str, registry: str, lab: str = "", *, begun: bool = False
) -> TransferFailure:
    """Say what a failed push means.

    Args:
        said: the engine's own words.
        image: the reference as a person knows it.
        registry: the registry it names.
        lab: the lab's name, if the engine is one: it has no way to the internet.
        begun: whether layers had arrived: the registry had let the engine in.
    """
    host = identify_registry(registry)
    values = {
        "image": image,
        "registry": registry,
        "said": said,
        "login": host.login_hint,
        "repository": image.rpartition(":")[0] or image,
    }
    for sign, message, hint in _REFUSALS:
        if re.search(sign, said.lower()):
            best = hint.format(**values) or _creation_hint(image, host)
            return TransferFailure(FailureKind.ABSENT_OR_DENIED, message.format(**values), best)
    kind = classify_failure(said)
    if kind is FailureKind.LOGIN and begun:
        kind = FailureKind.EXPIRED
    if lab and registry == "docker.io":
        return TransferFailure(
            kind,
            f"{image} cannot be pushed: lab {lab!r} has no way to Docker Hub",
            "name it after the lab's own registry, which is shown by: dockmgr lab status",
        )
    message, hint = _FAILURE_TEXTS.get(kind, _OTHER_FAILURE_TEXT)
    if kind is FailureKind.ABSENT_OR_DENIED and registry == "docker.io" and "/" not in image:
        hint = f"names without a slash are Docker's own: dockmgr tag {image} YOU/{image}"
    return TransferFailure(
        kind, message.format(**values), hint.format(**values), kind in _RETRIED_KINDS
    )


def _creation_hint(image: str, kind: RegistryHost) -> str:
    """How a repository is made where a registry does not make one by itself."""
    path = image.removeprefix(f"{kind.host}/").rpartition(":")[0]
    if kind.service is RegistryService.ECR:
        region = f"--region {kind.region} --repository-name {path}"
        return f"create it first, with: aws ecr create-repository {region}"
    if kind.service is RegistryService.ECR_PUBLIC:
        # The first part of the path is the alias of whose they are.
        region = f"--region us-east-1 --repository-name {path.partition('/')[2]}"
        return f"create it first, with: aws ecr-public create-repository {region}"
    return "create the repository there first"
