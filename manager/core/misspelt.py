"""Why something is no image address: which part is wrong, and what would be right."""

import re
from collections.abc import Iterator

from manager.core.reference import (
    COMPONENT,
    DIGEST_DIGITS,
    LONGEST_PATH,
    LONGEST_TAG,
    OFFICIAL,
    REGISTRY,
    TAG,
    ImageReference,
    InvalidReferenceError,
    is_bare_id,
    split_registry,
)

LONGEST_SHOWN = 60
LONGEST_REMEDY = 500


def explain(text: str) -> str:
    """A sentence on what is wrong; ends in ``try …`` where something like it would be right."""
    problem, remedy = next(_problems(text))
    if remedy and remedy != text and len(remedy) <= LONGEST_REMEDY and _parses(remedy):
        return f"{problem}: try {remedy}"
    return problem


def _parses(text: str) -> bool:
    try:
        ImageReference.parse(text)
    except InvalidReferenceError:
        return False
    return True


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _quoted(text: str) -> str:
    return repr(_shortened(text))


def _problems(text: str) -> Iterator[tuple[str, str]]:
    """What is wrong, the plainest first, each with an address that would be right."""
    stripped = text.strip()
    if not stripped:
        yield "image address is empty", ""
    if stripped != text:
        yield "image address has white space around it", stripped
    if "://" in text:
        yield "image address is not a URL and has no scheme", text.partition("://")[2].rstrip("/")
    if is_bare_id(text):
        yield "image address cannot be 64 hexadecimal digits: that is an id", ""
    name, at, digest = text.partition("@")
    if at:
        yield from _of_digest(name, digest)
    registry, rest = split_registry(name)
    path, colon, tag = rest.partition(":")
    if path != path.lower():
        typed = name.rpartition(":")[0] if colon else name
        yield "repository name must be lowercase", typed.lower() + colon + tag + at + digest
    if colon:
        yield from _of_tag(name.rpartition(":")[0], tag, at + digest)
    yield from _of_registry(registry)
    yield from _of_path(name, path.removeprefix(OFFICIAL) if OFFICIAL not in name else path, path)
    yield f"{_quoted(text)} is no image address", ""


def _of_digest(name: str, digest: str) -> Iterator[tuple[str, str]]:
    algorithm, _, digits = digest.partition(":")
    known = DIGEST_DIGITS.get(algorithm.lower())
    if known is None:
        names = ", ".join(DIGEST_DIGITS)
        yield f"digest has algorithm {_quoted(algorithm)}, which is none of {names}", name
    elif len(digits) != known:
        wanted = f"{known} hexadecimal digits after {algorithm.lower()}:"
        yield f"digest has {len(digits)} digits, and needs {known}: write {wanted}", ""
    elif digest != digest.lower():
        yield "digest must be lowercase", f"{name}@{digest.lower()}"
    elif not set(digits) <= set("0123456789abcdef"):
        yield "digest has characters that are no hexadecimal digits", ""


def _of_tag(name: str, tag: str, digest: str) -> Iterator[tuple[str, str]]:
    if not tag:
        yield "tag is empty after the colon", name + digest
    elif len(tag) > LONGEST_TAG:
        yield f"tag has {len(tag)} characters, and may have {LONGEST_TAG}", ""
    elif "/" in tag:
        yield f"registry port {_quoted(tag.partition('/')[0])} is no number", ""
    elif not re.fullmatch(TAG, tag):
        better = re.sub(r"[^A-Za-z0-9_.-]+", "-", tag).strip(".-")
        yield (
            f"tag {_quoted(tag)} may have only letters, digits, _ . - and begin with no . or -",
            f"{name}:{better}{digest}",
        )


def _of_registry(registry: str) -> Iterator[tuple[str, str]]:
    if re.fullmatch(REGISTRY, registry):
        return
    if not registry:
        return  # the path begins with a slash: said of the path
    host, colon, port = registry.rpartition(":")
    if colon and not (port.isascii() and port.isdigit()):
        yield f"registry port {_quoted(port)} is no number", ""
    shown = _quoted(host or registry)
    yield f"registry {shown} is no host name: use letters, digits, - and .", ""


def _of_path(name: str, typed: str, path: str) -> Iterator[tuple[str, str]]:
    if name.startswith("/") or name.endswith("/") or "//" in name:
        better = re.sub("/+", "/", name).strip("/")
        yield "repository name has an empty part between its slashes", better
    if len(path) > LONGEST_PATH:
        yield f"repository name has {len(path)} characters, and may have {LONGEST_PATH}", ""
    for part in typed.split("/"):
        if re.fullmatch(COMPONENT, part):
            continue
        foreign = sorted(set(re.sub(r"[a-z0-9._-]", "", part)))
        if foreign:
            yield f"repository name may not have {_quoted(''.join(foreign))}", ""
        better = re.sub(r"([._-])[._-]*", r"\1", part).strip("._-")
        rule = "must begin and end with a letter or digit, with one . or _ or __ or dashes between"
        yield (
            f"repository name part {_quoted(part)} {rule}",
            name.replace(part, better),
        )
