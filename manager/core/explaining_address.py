"""An image address taken apart: what was typed, what was filled in, and what a pull asks."""

import re
from collections.abc import Sequence
from typing import Any

from manager.core.explaining import Page, Part, Picture, row
from manager.core.misspelt import explain
from manager.core.reference import (
    DEFAULT_REGISTRY,
    FORM,
    LEGACY_REGISTRY,
    OFFICIAL,
    ImageReference,
    read,
)
from manager.core.registry_kinds import of

UNNAMED = "not named, and then Docker Hub is meant"
LOGIN = re.compile(r"(^[a-z]+://|^).*@(?!sha[0-9]+:)", re.DOTALL)
"""All before the last ``@`` that has no digest after it."""


def page(text: str, urls: Sequence[str], *, own_registry: bool) -> Page:
    """Explain an address, or why something is none.

    Args:
        text: as it was typed.
        urls: where the engine asks that registry, the first place first, without a path.
        own_registry: whether a lab's registry answers in that one's place.
    """
    found = read(text)
    if found is None:
        return _wrong(text)
    asked = tuple(manifest_url(url, found) for url in urls)
    parts: list[Part] = [f"{text} means {found.canonical}", Picture(_picture(found))]
    kind = of(found.registry)
    parts.append(f"{found.registry} is run by: {kind.run_by}.")
    if own_registry:
        parts.append(
            f"In this lab a registry of the lab's own answers in place of {found.registry}. What "
            "it starts with was made by dockmgr of Debian's packages; it is not Docker's."
        )
    parts.append(f"docker pull {found.familiar} asks for its manifest, the list of its layers:")
    parts.append(Picture(_asking(asked)))
    return Page(
        "address", text, tuple(parts), _facts(found, asked, kind.run_by, own_registry=own_registry)
    )


def manifest_url(url: str, reference: ImageReference) -> str:
    """The URL of the manifest that an address names.

    Source: OCI distribution specification 1.1, "Pulling manifests".
    """
    return f"{url}/v2/{reference.path}/manifests/{reference.digest or reference.tag}"


def _picture(found: ImageReference) -> tuple[str, ...]:
    namespace, slash, name = found.path.rpartition("/")
    rows = (
        ("registry", found.registry, _of_registry(found)),
        ("namespace", namespace or "none", _of_namespace(found) if slash else "none is needed"),
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
        return "typed: this very content, for ever"
    return "not typed: the registry decides which image the tag means today"


def _asking(asked: Sequence[str]) -> tuple[str, ...]:
    rows = [
        row("then, if that has it not, GET" if n else "GET", url) for n, url in enumerate(asked)
    ]
    return tuple(line for lines in rows for line in lines)


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


def without_login(text: str) -> str:
    """What was typed, but for a user and password before the registry: these are not shown."""
    return text if read(text) is not None else LOGIN.sub(r"\1***@", text, count=1)


def _wrong(text: str) -> Page:
    problem, tried, remedy = explain(text).partition(": try ")
    text = without_login(text)
    lines = [*row("what is wrong", problem)]
    if tried:
        lines += [*row("where", _where(text, remedy)), *row("what would be right", remedy)]
    shown = text if text.strip() else "What is empty"
    parts = (f"{shown} is no image address.", Picture(tuple(lines)), f"In general, {FORM}.")
    facts = {"valid": False, "problem": problem, "remedy": remedy or None}
    return Page("address", text, parts, facts)


def _where(text: str, remedy: str) -> str:
    """In what an address differs from what would be right."""
    shorter = min(len(text), len(remedy))
    start = next((n for n in range(shorter) if text[n] != remedy[n]), shorter)
    end = next(
        (n for n in range(shorter - start) if text[-1 - n] != remedy[-1 - n]), shorter - start
    )
    old, new = text[start : len(text) - end], remedy[start : len(remedy) - end]
    at = f"at letter {start + 1} of it"
    if not old:
        return f"{at}, {new!r} is missing"
    return f"{at}, {old!r} " + (f"should be {new!r}" if new else "is too much")
