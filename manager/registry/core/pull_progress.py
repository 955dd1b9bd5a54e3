"""Pulling an image: how far it is, from the engine's messages; and what a failure means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from manager.references.registry_hosts import identify_registry
from manager.registry.core.transfer_progress import LayerProgress, TransferProgress


class FailureKind(StrEnum):
    """What went wrong."""

    MISSING_TAG = "missing tag"
    ABSENT_OR_DENIED = "not there or not allowed"
    RATE_LIMIT = "too many pulls"
    LOGIN = "login needed"
    EXPIRED = "login expired"
    NETWORK = "no network"
    TLS = "tls"
    NO_SPACE = "no space"
    PLATFORM = "wrong platform"
    TRANSIENT = "trouble on the way"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class TransferFailure:
    """A failure in words, and whether trying again can help."""

    kind: FailureKind
    message: str
    hint: str
    retry: bool = False


# What engines and registries write, in the order in which it is looked for: the first that is
# found decides. Docker 20.10 to 28 on both stores, Podman, Docker Hub, CNCF distribution.
_FAILURE_PATTERNS: tuple[tuple[FailureKind, tuple[str, ...]], ...] = (
    (FailureKind.NO_SPACE, ("no space left on device", "disk quota exceeded")),
    (FailureKind.RATE_LIMIT, ("toomanyrequests", "too many requests", r"\b429\b")),
    (
        FailureKind.PLATFORM,
        (
            "no matching manifest",
            "does not match the specified platform",
            "no image found in (image|manifest) (index|list)",
            "no match for platform",
            "choosing an image from manifest list",
        ),
    ),
    (
        FailureKind.LOGIN,
        (
            "no basic auth credentials",
            "authentication required",
            "incorrect username",
            "invalid username/password",
            r"\b401\b",
        ),
    ),
    (
        FailureKind.ABSENT_OR_DENIED,
        ("denied", "repository does not exist", "insufficient_scope", "name unknown", r"\b403\b"),
    ),
    (
        FailureKind.MISSING_TAG,
        ("manifest unknown", "manifest for .* not found", "not found", r"\b404\b"),
    ),
    # A name server that refuses is no network: the registry itself was never spoken to.
    (FailureKind.NETWORK, (r"\blookup \S+( on \S+)?: .*(refused|unreachable)",)),
    (
        FailureKind.TRANSIENT,
        (
            r"\beof\b",
            "connection reset",
            "connection refused",
            "broken pipe",
            "timeout",
            "timed out",
            "deadline exceeded",
            r"\b50[0234]\b",
            "internal server error",
            "bad gateway",
            "service unavailable",
            "server misbehaving",
            "temporary failure",
            "unexpected status",
        ),
    ),
    (
        FailureKind.TLS,
        ("x509", "certificate", "tls: ", "server gave http response to https client"),
    ),
    (
        FailureKind.NETWORK,
        ("no such host", "network is unreachable", "no route to host", "host is down"),
    ),
)


@cache
def _compile_failure_patterns() -> tuple[tuple[FailureKind, re.Pattern[str]], ...]:
    """Made at the first failure, and whole at once: several pulls can fail at the same time."""
    return tuple((kind, re.compile("|".join(signs))) for kind, signs in _FAILURE_PATTERNS)


def classify_failure(said: str) -> FailureKind:
    """The kind of a failure, from the engine's own words."""
    text = said.lower()
    return next(
        (kind for kind, signs in _compile_failure_patterns() if signs.search(text)),
        FailureKind.OTHER,
    )


def explain_pull_failure(
    said: str, image: str, registry: str, lab: str = "", *, begun: bool = False
) -> TransferFailure:
    """Say what a failed pull means.

    Args:
        said: the engine's own words.
        image: the reference as a person knows it.
        registry: the registry it names.
        lab: the lab's name, if the engine is one: it has no way to the internet.
        begun: whether layers were on their way: the registry had let the engine in.
    """
    kind = classify_failure(said)
    if kind is FailureKind.LOGIN and begun:
        kind = FailureKind.EXPIRED
    unknown_to_hub = registry == "docker.io" and kind in {
        FailureKind.MISSING_TAG,
        FailureKind.ABSENT_OR_DENIED,
    }
    if lab and (kind is FailureKind.NETWORK or unknown_to_hub):
        return TransferFailure(
            FailureKind.MISSING_TAG,
            f"the registry of lab {lab!r} has no {image}, and a lab has no way to the internet",
            "see what it has with: dockmgr lab status",
        )
    message, hint = _FAILURE_TEXTS[kind]
    host = identify_registry(registry)
    if kind is FailureKind.LOGIN:
        hint = host.login_hint
    elif host.missing_image_hint and kind in {
        FailureKind.MISSING_TAG,
        FailureKind.ABSENT_OR_DENIED,
    }:
        hint = host.missing_image_hint
    return TransferFailure(
        kind,
        message.format(image=image, registry=registry, said=said),
        hint.format(image=image, registry=registry, repository=image.rpartition(":")[0] or image),
        retry=kind
        in {
            FailureKind.TRANSIENT,
            FailureKind.NETWORK,
            FailureKind.RATE_LIMIT,
            FailureKind.EXPIRED,
        },
    )


_FAILURE_TEXTS = {
    FailureKind.MISSING_TAG: (
        "{registry} has no {image}",
        "check the tag: the repository may have others",
    ),
    FailureKind.ABSENT_OR_DENIED: (
        "{image} is not on {registry}, or you are not allowed to see it: it does not tell which",
        "check the name; if it is private, log in first with: dockmgr login {registry}",
    ),
    FailureKind.RATE_LIMIT: (
        "{registry} refuses {image}: too many pulls from here for now",
        "wait a while, or log in for a higher limit with: dockmgr login {registry}",
    ),
    FailureKind.LOGIN: (
        "{registry} wants a login before it gives {image}, or refused the one it got",
        "",  # that of the kind of registry
    ),
    FailureKind.EXPIRED: (
        "{registry} let {image} begin, and then refused the login",
        "log in again with: dockmgr login {registry}",
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
        "the engine's disk is full: {image} could not be pulled",
        "make room first: dockmgr images shows what takes it",
    ),
    FailureKind.PLATFORM: (
        "{image} is not there for that platform",
        "leave --platform out for the engine's own, or name one that the image has",
    ),
    FailureKind.TRANSIENT: (
        "pulling {image} from {registry} failed: {said}",
        "try again later: the registry or the network is in trouble",
    ),
    FailureKind.OTHER: ("pulling {image} failed: {said}", "this is the engine's own answer"),
}

_DONE_STATUSES = {"pull complete", "already exists", "download complete"}


@dataclass(slots=True)
class PullProgress(TransferProgress):
    """How far a pull is.

    Source: Docker Engine API, ``POST /images/create``; Podman sends few sizes or none.
    """

    current: bool = False
    """Whether the engine said that it had the newest already."""

    def _take(self, status: str, message: dict[str, Any]) -> None:
        if status.startswith("Digest: "):
            self.digest = status.removeprefix("Digest: ")
        elif status.startswith("Status: "):
            self.current = "up to date" in status
        elif message.get("id") and not status.startswith("Pulling from"):
            self._layer(str(message["id"]), status, message.get("progressDetail") or {})

    def _layer(self, identity: str, status: str, detail: dict[str, Any]) -> None:
        layer = self.layers.setdefault(identity, LayerProgress())
        layer.status = status.lower()
        total, current = detail.get("total"), detail.get("current")
        # While it unpacks, the engine counts again from nothing: that is no more to download.
        if layer.status == "downloading":
            layer.total = total if isinstance(total, int) and total > 0 else layer.total
            layer.done = current if isinstance(current, int) else layer.done
        elif layer.status == "already exists":
            layer.total = layer.done = 0
        elif layer.status in _DONE_STATUSES or layer.status in {"extracting", "verifying checksum"}:
            # A small layer may be there before a size was ever told.
            layer.total = layer.total or 0
            layer.done = layer.total
        layer.finished = layer.status in {"pull complete", "already exists"}
