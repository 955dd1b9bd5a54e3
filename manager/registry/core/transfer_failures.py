"""What a failed pull or push means, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from manager.references.reference import parse_reference
from manager.references.registry_hosts import RegistryHost, RegistryService, identify_registry
from manager.registry.core.failure_kinds import FailureKind, classify_failure


@dataclass(frozen=True, slots=True)
class TransferFailure:
    """A failure in words, and whether trying again can help."""

    kind: FailureKind
    message: str
    hint: str
    retry: bool = False


# What registries refuse a push for; the first that fits decides. Amazon ECR, Docker Hub, Harbor,
# GitLab, web servers in front of a registry.
_REFUSALS: tuple[tuple[str, str, str], ...] = (
    (
        r"immutable|cannot be overwritten",
        "{registry} does not allow {image} to change: the tag exists, and tags are immutable there",
        "push it under another tag: dockmgr tag {image} {repository}:NEW",
    ),
    (
        r"\b413\b|entity too large",
        "{registry} does not accept layers as large as those of {image}",
        "a web server in front of it limits them: ask its operator, or make smaller layers",
    ),
    (
        r"(?<!disk )quota|storage limit",
        "{registry} has no space left for {image}: {said}",
        "remove something there, or ask its operator for more",
    ),
    (
        r"name unknown|repository with name .* does not exist|project .* not found",
        "{registry} has no repository for {image}, and does not create one by itself",
        "",  # that of the kind of registry
    ),
)
_UNTRUSTED_TEXT = (
    "{image}: the engine does not trust the certificate of {registry}: {said}",
    "give the engine the registry's certificate authority: see certs.d in Docker's documentation",
)
_OFFLINE_TEXT = (
    "the engine cannot reach {registry} for {image}: {said}",
    "check the name of the registry, and that the engine's host is online",
)
_PULL_TEXTS = {
    FailureKind.MISSING_TAG: (
        "{registry} has no {image}",
        "list its tags: dockmgr tags {repository}",
    ),
    FailureKind.ABSENT_OR_DENIED: (
        "{registry} has no {image}, or it is private: the registry does not say which",
        "check the name; if it is private, log in first: dockmgr login {registry}",
    ),
    FailureKind.RATE_LIMIT: (
        "{registry} refuses {image}: too many pulls from this address",
        "wait a while, or log in for a higher limit: dockmgr login {registry}",
    ),
    FailureKind.LOGIN: (
        "{registry} requires a login to pull {image}, or refused the one it got",
        "{login}",
    ),
    FailureKind.EXPIRED: (
        "{registry} refused the login while {image} was being pulled",
        "log in again: dockmgr login {registry}",
    ),
    FailureKind.NETWORK: _OFFLINE_TEXT,
    FailureKind.TLS: _UNTRUSTED_TEXT,
    FailureKind.NO_SPACE: (
        "the engine's disk is full: {image} could not be pulled",
        "make room first; see where the space goes: dockmgr df",
    ),
    FailureKind.PLATFORM: (
        "{image} is not available for that platform",
        "omit --platform for the engine's own, or see the others: dockmgr inspect {image}",
    ),
    FailureKind.TRANSIENT: (
        "pulling {image} from {registry} failed: {said}",
        "try again later: the registry or the network has problems",
    ),
    FailureKind.OTHER: (
        "pulling {image} failed: {said}",
        "this message comes from the engine; its log may say more",
    ),
}
_PUSH_TEXTS = {
    FailureKind.ABSENT_OR_DENIED: (
        "you may not push {image} to {registry}: {said}",
        "check the name, and {login}",
    ),
    FailureKind.LOGIN: (
        "{registry} requires a login to push {image}, or refused the one it got",
        "{login}",
    ),
    FailureKind.EXPIRED: ("{registry} refused the login while {image} was being pushed", "{login}"),
    FailureKind.RATE_LIMIT: (
        "{registry} refuses {image}: too many requests from this address",
        "wait a while, then push again: layers already there are not sent again",
    ),
    FailureKind.NETWORK: _OFFLINE_TEXT,
    FailureKind.TLS: _UNTRUSTED_TEXT,
    FailureKind.NO_SPACE: (
        "a disk is full, the engine's or the registry's: {image} could not be pushed",
        "see how full the engine's disk is: dockmgr df",
    ),
    FailureKind.TRANSIENT: (
        "pushing {image} to {registry} failed: {said}",
        "push again later: layers already there are not sent again",
    ),
}
_OTHER_PUSH_TEXT = (
    "pushing {image} failed: {said}",
    "this message comes from the engine; its log may say more",
)
_RETRIED_KINDS = frozenset(
    {FailureKind.TRANSIENT, FailureKind.NETWORK, FailureKind.RATE_LIMIT, FailureKind.EXPIRED}
)


def explain_pull_failure(
    said: str, image: str, registry: str, lab: str = "", *, begun: bool = False
) -> TransferFailure:
    """Say what a failed pull means.

    Args:
        said: the engine's own words.
        image: the reference as a person knows it.
        registry: the registry it names.
        lab: the lab's name, if the engine is a lab's: it has no internet access.
        begun: whether layers were on their way: the registry had let the engine in.
    """
    kind = _classify_in_context(said, begun=begun)
    missing = kind in {FailureKind.MISSING_TAG, FailureKind.ABSENT_OR_DENIED}
    if lab and (kind is FailureKind.NETWORK or (registry == "docker.io" and missing)):
        return TransferFailure(
            FailureKind.MISSING_TAG,
            f"the registry of lab {lab!r} has no {image}, and labs have no internet access",
            "see what it has: dockmgr lab status",
        )
    host = identify_registry(registry)
    message, hint = _PULL_TEXTS[kind]
    if missing and host.missing_image_hint:
        hint = host.missing_image_hint
    return _build_failure(kind, message, hint, _text_values(said, image, host))


def explain_push_failure(
    said: str, image: str, registry: str, lab: str = "", *, begun: bool = False
) -> TransferFailure:
    """Say what a failed push means.

    Args:
        said: the engine's own words.
        image: the reference as a person knows it.
        registry: the registry it names.
        lab: the lab's name, if the engine is a lab's: it has no internet access.
        begun: whether layers had arrived: the registry had let the engine in.
    """
    host = identify_registry(registry)
    values = _text_values(said, image, host)
    for sign, message, hint in _REFUSALS:
        if re.search(sign, said.lower()):
            best = hint.format(**values) or _creation_hint(image, host)
            return TransferFailure(FailureKind.ABSENT_OR_DENIED, message.format(**values), best)
    kind = _classify_in_context(said, begun=begun)
    if lab and registry == "docker.io":
        return TransferFailure(
            kind,
            f"{image} cannot be pushed: lab {lab!r} cannot reach Docker Hub",
            "tag it for the lab's own registry, which this shows: dockmgr lab status",
        )
    message, hint = _PUSH_TEXTS.get(kind, _OTHER_PUSH_TEXT)
    if kind is FailureKind.ABSENT_OR_DENIED and registry == "docker.io" and "/" not in image:
        hint = f"names without a slash belong to Docker: dockmgr tag {image} YOU/{image}"
    return _build_failure(kind, message, hint, values)


def _build_failure(
    kind: FailureKind, message: str, hint: str, values: dict[str, str]
) -> TransferFailure:
    retry = kind in _RETRIED_KINDS
    return TransferFailure(kind, message.format(**values), hint.format(**values), retry)


def _classify_in_context(said: str, *, begun: bool) -> FailureKind:
    """The kind of a failure; a login that was good enough to begin with has expired."""
    kind = classify_failure(said)
    return FailureKind.EXPIRED if kind is FailureKind.LOGIN and begun else kind


def _text_values(said: str, image: str, host: RegistryHost) -> dict[str, str]:
    """What the texts of failures can name."""
    reference = parse_reference(image)
    return {
        "image": image,
        "registry": host.host,
        "said": said,
        "login": host.login_hint,
        "repository": reference.familiar_name if reference else image,
    }


def _creation_hint(image: str, kind: RegistryHost) -> str:
    """How to create a repository where a registry does not do that by itself."""
    path = image.removeprefix(f"{kind.host}/").rpartition(":")[0]
    if kind.service is RegistryService.ECR:
        region = f"--region {kind.region} --repository-name {path}"
        return f"create it first: aws ecr create-repository {region}"
    if kind.service is RegistryService.ECR_PUBLIC:
        # The first part of the path is the alias of whose they are.
        region = f"--region us-east-1 --repository-name {path.partition('/')[2]}"
        return f"create it first: aws ecr-public create-repository {region}"
    return "create the repository there first"
