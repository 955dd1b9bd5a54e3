"""An image address taken apart: what was typed, what was filled in, and what a pull asks."""

import re
from collections.abc import Sequence
from typing import Any

from manager.explain.core.pages import Facts, Page, Part, Picture, row
from manager.references.diagnosis import Fault, fault, obstacle
from manager.references.redaction import quoted, shown_as, without_login
from manager.references.reference import (
    DEFAULT_REGISTRY,
    FORM,
    ID_DIGITS,
    LEGACY_REGISTRY,
    OFFICIAL,
    ImageReference,
    is_bare_id,
    read,
)
from manager.references.registry_hosts import Kind, of

NO_FACTS = Facts()
WITH_NAMESPACES = {Kind.GITHUB, Kind.QUAY, Kind.ECR_PUBLIC, Kind.GOOGLE, Kind.GCR}
"""Registries without an image that has no namespace."""
UNNAMED = "not named, and then Docker Hub is meant"
RESERVED = "scratch"
"""Source: moby, ``distribution/registry_unix.go`` and ``api.NoBaseImageSpecifier``."""
PORT_LIKE = re.compile(r"\d{4,5}")
HOST_LIKE = re.compile(r"localhost|(?:[\w-]+\.)+[a-z]{2,}")


def page(text: str, urls: Sequence[str], lab_registry: str = "", facts: Facts = NO_FACTS) -> Page:
    """Explain an address, or why something is none.

    Args:
        text: as it was typed.
        urls: where the engine asks that registry, the first place first, without a path.
        lab_registry: ``HOST:PORT`` of a lab's own registry, where that one answers; else empty.
        facts: of the engine.
    """
    number = text.removeprefix("sha256:")
    if len(number) == ID_DIGITS and is_bare_id(number):
        return _id(text, facts)
    found = read(text)
    wrong = fault(text) if found is None else obstacle(found)
    if found is None or wrong is not None:
        return _wrong(text, wrong or fault(text))
    asked = tuple(manifest_url(url, found) for url in urls)
    kind = of(found.registry)
    told = _facts(found, asked, kind.run_by, own_registry=bool(lab_registry))
    parts: list[Part] = [f"{text} means {found.canonical}", Picture(_picture(found))]
    if found.familiar_name == RESERVED:
        parts.append(
            f"Docker keeps the name {RESERVED} for the empty image that a Dockerfile can begin "
            f"with: FROM {RESERVED}. No registry is ever asked for it; pull and tag refuse it."
        )
        return Page("address", text, tuple(parts), told | {"asks": [], "reserved": True})
    if lab_registry and found.registry == lab_registry:
        parts.append(f"{found.registry} is the registry of this lab. {STARTS_WITH}")
        if "/" not in found.path:
            official = f"{found.registry}/{OFFICIAL}{found.path}"
            parts.append(f"What is nginx at Docker Hub is {OFFICIAL}nginx there: {official}")
    else:
        parts.append(f"{found.registry} is run by: {kind.run_by}.")
    if lab_registry and found.registry != lab_registry:
        parts.append(
            f"In this lab a registry of the lab's own answers in place of {found.registry}. "
            + STARTS_WITH
        )
    parts.append(f"docker pull {found.familiar} asks for its manifest, the list of its layers:")
    parts.append(Picture(_asking(asked)))
    if _is_like_registry(found):
        parts.append(
            f"If {text} was meant as a registry: a registry has a slash and a name behind it, as "
            f"in {text}/NAME. Without a slash it is read as a name."
        )
    return Page("address", text, tuple(parts), told)


NO_ADDRESS = (
    "An id of an image, not an address. An id names an image on its own engine only; no registry "
    "knows it. Here no image has the id"
)
STARTS_WITH = "What it starts with was made by dockmgr of Debian's packages; it is not Docker's."


def _is_like_registry(found: ImageReference) -> bool:
    """Whether a name without a slash looks as if the registry of that name had been meant."""
    name = found.typed.partition("@")[0]
    host, _, port = name.partition(":")
    known = of(host).kind is not Kind.OTHER or bool(HOST_LIKE.fullmatch(host))
    return "/" not in name and known and (not port or bool(PORT_LIKE.fullmatch(port)))


def _id(text: str, facts: Facts) -> Page:
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
        what = f"A digest, and no address without a name before it. {label} here has it; write"
        told = {"valid": False, "problem": "it is a digest without a name", "remedy": address}
        told |= {"where": f"before {digest}, a name and @ are missing", "right": address}
        return Page("address", text, (what, Picture((f"  {address}",))), told)
    parts = (
        NO_ADDRESS,
        Picture((f"  {text}",)),
        "To see the ids that are here: dockmgr images",
    )
    told = {"valid": False, "problem": "it is an id, and no image here has it", "remedy": None}
    told |= {"where": "all of it", "right": "the address of an image, as in nginx:1.27"}
    return Page("address", text, parts, told)


def manifest_url(url: str, reference: ImageReference) -> str:
    """The URL of the manifest that an address names.

    Source: OCI distribution specification 1.1, "Pulling manifests".
    """
    return f"{url}/v2/{reference.path}/manifests/{reference.digest or reference.tag}"


def _picture(found: ImageReference) -> tuple[str, ...]:
    namespace, slash, name = found.path.rpartition("/")
    needed = of(found.registry).kind in WITH_NAMESPACES
    none = "none was typed; all images of this registry have one" if needed else "none is needed"
    rows = (
        ("registry", found.registry, _of_registry(found)),
        ("namespace", namespace or "none", _of_namespace(found) if slash else none),
        ("name", name, "typed"),
        ("tag", found.tag or "none", _of_tag(found)),
        ("digest", found.digest or "none", _of_digest(found)),
    )
    return tuple(line for label, value, why in rows for line in row(label, f"{value} ({why})"))


def _of_registry(found: ImageReference) -> str:
    first, slash, _ = found.typed.partition("/")
    if slash and first == LEGACY_REGISTRY and found.registry == DEFAULT_REGISTRY:
        return f"typed as {LEGACY_REGISTRY}, its old name"
    if slash and first == found.registry:
        return "typed"
    return f"filled in: {UNNAMED}"


def _of_namespace(found: ImageReference) -> str:
    if OFFICIAL in found.typed or found.path.partition("/")[0] != OFFICIAL.rstrip("/"):
        return "typed"
    if found.registry != DEFAULT_REGISTRY:
        return "typed"
    return "filled in: where Docker Hub keeps its official images"


def _of_tag(found: ImageReference) -> str:
    if found.tag is None:
        return "not typed; the digest says which image"
    if found.typed.partition("@")[0].endswith(f":{found.tag}"):
        # A tag beside a digest is for people to read.
        return "typed; not looked at, since there is a digest" if found.digest else "typed"
    return "filled in: what is meant where neither tag nor digest is typed"


def _of_digest(found: ImageReference) -> str:
    if found.digest:
        return "typed: this very content, or none"
    return "not typed: the registry decides which image the tag means today"


def _asking(asked: Sequence[str]) -> tuple[str, ...]:
    lines: tuple[str, ...] = ()
    for number, url in enumerate(asked):
        label = "GET" if not number else "then, if that has it not or fails, GET"
        if number and url == asked[number - 1].replace("https:", "http:", 1):
            label = "or, where that cannot be reached with https, GET"
        lines += row(label, url)
    return lines


def _facts(
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
                ("registry", _of_registry(found)),
                ("namespace", _of_namespace(found)),
                ("tag", _of_tag(found)),
            )
            if why.startswith("filled in")
        ],
        "asks": list(asked),
        "lab_registry": own_registry,
    }


def _wrong(text: str, wrong: Fault) -> Page:
    where = _where(text, wrong)
    safe = shown_as(text)
    if without_login(text) not in {text, wrong.remedy} and "***@" in safe:
        where = f"at letter 1 of it, {quoted(safe.rpartition('@')[0] + '@')} is too much"
    lines = (
        *row("what is wrong", wrong.problem),
        *row("where", where),
        *row("what would be right", wrong.right),
    )
    shown = safe if safe.strip() else "What is empty"
    parts: tuple[Part, ...] = (f"{shown} is no image address.", Picture(lines))
    if wrong.right != FORM:
        parts += (f"In general, {FORM}.",)
    facts = {"valid": False, "problem": wrong.problem, "remedy": wrong.remedy or None}
    facts |= {"where": where, "right": wrong.right}
    return Page("address", safe, parts, facts)


def _where(text: str, wrong: Fault) -> str:
    """Which part of an address is wrong; in what it differs from what would be right."""
    if wrong.part and wrong.part in text:
        at = text.index(wrong.part) if len(wrong.part) == 1 else text.rindex(wrong.part)
        return f"at letter {at + 1} of it, {quoted(wrong.part)}"
    if not wrong.remedy:
        return "all of it" if text.strip() else "there is nothing"
    remedy = wrong.remedy
    shorter = min(len(text), len(remedy))
    start = next((n for n in range(shorter) if text[n] != remedy[n]), shorter)
    end = next(
        (n for n in range(shorter - start) if text[-1 - n] != remedy[-1 - n]), shorter - start
    )
    old, new = text[start : len(text) - end], remedy[start : len(remedy) - end]
    there = f"at letter {start + 1} of it"
    if not old:
        return f"{there}, {quoted(new)} is missing"
    return f"{there}, {quoted(old)} " + (f"should be {quoted(new)}" if new else "is too much")
