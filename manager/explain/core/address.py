"""An image address taken apart: what was typed, what was filled in, and what a pull asks."""

import re
from collections.abc import Sequence
from typing import Any

from manager.explain.core.engine_facts import EngineFacts
from manager.explain.core.pages import Page, PagePart, VerbatimLines
from manager.explain.core.text_layout import format_row
from manager.explain.core.wrong_address import explain_fault, find_pull_obstacle
from manager.references.diagnosis import find_fault
from manager.references.grammar import (
    DEFAULT_REGISTRY,
    ID_DIGITS,
    LEGACY_REGISTRY,
    OFFICIAL_PREFIX,
    is_bare_id,
)
from manager.references.reference import ImageReference, parse_reference
from manager.references.registry_hosts import RegistryService, identify_registry

NO_FACTS = EngineFacts()
NAMESPACED_SERVICES = {
    RegistryService.GITHUB,
    RegistryService.QUAY,
    RegistryService.ECR_PUBLIC,
    RegistryService.GOOGLE,
    RegistryService.GCR,
}
"""Registries without an image that has no namespace."""
NO_REGISTRY_TEXT = "Docker Hub is the default"
RESERVED_NAME = "scratch"
"""Source: moby, ``distribution/registry_unix.go`` and ``api.NoBaseImageSpecifier``."""
PORT_LIKE_PATTERN = re.compile(r"\d{4,5}")
HOST_LIKE_PATTERN = re.compile(r"localhost|(?:[\w-]+\.)+[a-z]{2,}")


def explain_address(
    text: str, urls: Sequence[str], lab_registry: str = "", facts: EngineFacts = NO_FACTS
) -> Page:
    """Explain an address, or why a text is not a valid one.

    Args:
        text: as it was typed.
        urls: where the engine asks that registry, the first place first, without a path.
        lab_registry: ``HOST:PORT`` of a lab's own registry, where that one answers; else empty.
        facts: of the engine.
    """
    number = text.removeprefix("sha256:")
    if len(number) == ID_DIGITS and is_bare_id(number):
        return _explain_id(text, facts)
    found = parse_reference(text)
    wrong = find_fault(text) if found is None else find_pull_obstacle(found)
    if found is None or wrong is not None:
        return explain_fault(text, wrong or find_fault(text))
    asked = tuple(manifest_url(url, found) for url in urls)
    kind = identify_registry(found.registry)
    told = _address_facts(found, asked, kind.operator, own_registry=bool(lab_registry))
    parts: list[PagePart] = [f"{text} means {found.canonical}", VerbatimLines(_format_parts(found))]
    if found.familiar_name == RESERVED_NAME:
        parts.append(
            f"Docker reserves the name {RESERVED_NAME} for the empty image that a Dockerfile can "
            "begin "
            f"with: FROM {RESERVED_NAME}. No registry is ever asked for it; pull and tag refuse it."
        )
        return Page("address", text, tuple(parts), told | {"asks": [], "reserved": True})
    if lab_registry and found.registry == lab_registry:
        parts.append(f"{found.registry} is the registry of this lab. {LAB_IMAGES_TEXT}")
        if "/" not in found.path:
            official = f"{found.registry}/{OFFICIAL_PREFIX}{found.path}"
            parts.append(f"The nginx of Docker Hub is {OFFICIAL_PREFIX}nginx there: {official}")
    else:
        parts.append(f"{found.registry} is run by {kind.operator}.")
    if lab_registry and found.registry != lab_registry:
        parts.append(
            f"In this lab, its own registry answers for {found.registry}. " + LAB_IMAGES_TEXT
        )
    parts.append(f"docker pull {found.familiar} asks for its manifest (the list of its layers):")
    parts.append(VerbatimLines(_format_requests(asked)))
    if _is_like_registry(found):
        parts.append(
            f"If you meant the registry {text}, add a slash and a name: {text}/NAME. Without a "
            "slash, it is read as the name of an image."
        )
    return Page("address", text, tuple(parts), told)


UNKNOWN_ID_TEXT = (
    "This is an image id, not an address. Only its own engine knows an id; registries do not. "
    "No image here has the id"
)
LAB_IMAGES_TEXT = "dockmgr built its first images from Debian packages; they are not Docker's."


def _is_like_registry(found: ImageReference) -> bool:
    """Whether a name without a slash looks as if the registry of that name had been meant."""
    name = found.typed.partition("@")[0]
    host, _, port = name.partition(":")
    known = identify_registry(host).service is not RegistryService.OTHER or bool(
        HOST_LIKE_PATTERN.fullmatch(host)
    )
    return "/" not in name and known and (not port or bool(PORT_LIKE_PATTERN.fullmatch(port)))


def _explain_id(text: str, facts: EngineFacts) -> Page:
    """64 digits: the digest of an image that is here, or the id of one that is not."""
    digest = f"sha256:{text.removeprefix('sha256:')}"
    of_digest = [
        (image.label, known)
        for image in facts.snapshot.images
        for known in image.digests
        if known.endswith(f"@{digest}")
    ]
    if of_digest:
        label, address = of_digest[0]
        what = (
            f"This is a digest; an address needs a name before it. {label} has this digest; write"
        )
        told = {"valid": False, "problem": "this is a digest without a name", "remedy": address}
        told |= {"where": f"before {digest}: add a name and @", "right": address}
        return Page("address", text, (what, VerbatimLines((f"  {address}",))), told)
    parts = (
        UNKNOWN_ID_TEXT,
        VerbatimLines((f"  {text}",)),
        "List the ids here with: dockmgr images",
    )
    told = {
        "valid": False,
        "problem": "this is the id of an image that is not here",
        "remedy": None,
    }
    told |= {"where": "the whole text", "right": "an image address, for example nginx:1.27"}
    return Page("address", text, parts, told)


def manifest_url(url: str, reference: ImageReference) -> str:
    """The URL of the manifest that an address names.

    Source: OCI distribution specification 1.1, "Pulling manifests".
    """
    return f"{url}/v2/{reference.path}/manifests/{reference.digest or reference.tag}"


def _format_parts(found: ImageReference) -> tuple[str, ...]:
    namespace, slash, name = found.path.rpartition("/")
    needed = identify_registry(found.registry).service in NAMESPACED_SERVICES
    none = (
        "none was typed, but all images in this registry have one" if needed else "none is needed"
    )
    rows = (
        ("registry", found.registry, _describe_registry(found)),
        ("namespace", namespace or "none", _describe_namespace(found) if slash else none),
        ("name", name, "typed"),
        ("tag", found.tag or "none", _describe_tag(found)),
        ("digest", found.digest or "none", _describe_digest(found)),
    )
    return tuple(
        line for label, value, why in rows for line in format_row(label, f"{value} ({why})")
    )


def _describe_registry(found: ImageReference) -> str:
    first, slash, _ = found.typed.partition("/")
    if slash and first == LEGACY_REGISTRY and found.registry == DEFAULT_REGISTRY:
        return f"typed as {LEGACY_REGISTRY}, its old name"
    if slash and first == found.registry:
        return "typed"
    return f"filled in: {NO_REGISTRY_TEXT}"


def _describe_namespace(found: ImageReference) -> str:
    if OFFICIAL_PREFIX in found.typed or found.path.partition("/")[0] != OFFICIAL_PREFIX.rstrip(
        "/"
    ):
        return "typed"
    if found.registry != DEFAULT_REGISTRY:
        return "typed"
    return "filled in: Docker Hub keeps its official images there"


def _describe_tag(found: ImageReference) -> str:
    if found.tag is None:
        return "not typed; the digest selects the image"
    if found.typed.partition("@")[0].endswith(f":{found.tag}"):
        # A tag beside a digest is for people to read.
        return "typed; ignored, since there is a digest" if found.digest else "typed"
    return "filled in: the default without a tag or digest"


def _describe_digest(found: ImageReference) -> str:
    if found.digest:
        return "typed: exactly this content"
    return "not typed: the registry decides what the tag means today"


def _format_requests(asked: Sequence[str]) -> tuple[str, ...]:
    lines: tuple[str, ...] = ()
    for number, url in enumerate(asked):
        label = "GET" if not number else "if that fails or does not have it, GET"
        if number and url == asked[number - 1].replace("https:", "http:", 1):
            label = "if https cannot be reached there, GET"
        lines += format_row(label, url)
    return lines


def _address_facts(
    found: ImageReference, asked: Sequence[str], run_by: str, *, own_registry: bool
) -> dict[str, Any]:
    namespace, _, name = found.path.rpartition("/")
    return {
        "valid": True,
        "canonical": found.canonical,
        "familiar": found.familiar,
        "registry": found.registry,
        "run_by": run_by,
        "namespace": namespace or None,
        "name": name,
        "tag": found.tag,
        "digest": found.digest,
        "filled_in": [
            part
            for part, why in (
                ("registry", _describe_registry(found)),
                ("namespace", _describe_namespace(found)),
                ("tag", _describe_tag(found)),
            )
            if why.startswith("filled in")
        ],
        "asks": list(asked),
        "lab_registry": own_registry,
    }
