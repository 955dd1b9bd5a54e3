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
    is_bare_id,
    read,
    split_registry,
)

LONGEST_SHOWN = 60
LONGEST_REMEDY = 500
HUB_PAGES = re.compile(r"hub\.docker\.com/(?:_|r)/([^?#]+)")
"""Docker Hub's web pages: ``/_/NAME`` for official images, ``/r/USER/NAME`` for all others."""


def explain(text: str) -> str:
    """A sentence on what is wrong; ends in ``try …`` where something like it would be right."""
    problem, remedy = next(_problems(text))
    if remedy and remedy != text and len(remedy) <= LONGEST_REMEDY and read(remedy):
        return f"{problem}: try {remedy}"
    return problem


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
        plain = text.partition("://")[2].rstrip("/")
        page = HUB_PAGES.fullmatch(plain)
        yield "image address is not a URL and has no scheme", page[1] if page else plain
    if is_bare_id(text):
        yield "image address cannot be 64 hexadecimal digits: that is an id", ""
    name, at, digest = text.partition("@")
    if at:
        yield from _of_digest(name, digest)
    registry, rest = split_registry(name)
    typed = rest if name.endswith(rest) else rest.removeprefix(OFFICIAL)
    # A remedy changes the part that is wrong and keeps all others: another registry, another
    # tag or no digest would be another image.
    before = name[: len(name) - len(typed)]
    path, colon, tag = typed.partition(":")
    if before:
        yield from _of_registry(registry, rest + at + digest)
    yield from _of_path(before, path, colon + tag + at + digest)
    if colon:
        yield from _of_tag(before + path, tag, at + digest)
    length = len(rest.partition(":")[0])
    if length > LONGEST_PATH:
        filled_in = f" with {OFFICIAL}" if typed != rest else ""
        yield f"repository name has {length} characters{filled_in}, and may have {LONGEST_PATH}", ""
    yield f"{_quoted(text)} is no image address", ""


def _of_digest(name: str, digest: str) -> Iterator[tuple[str, str]]:
    algorithm, _, digits = digest.partition(":")
    known = DIGEST_DIGITS.get(algorithm.lower())
    host, slash, _ = digest.partition("/")
    if slash and not known and (set(host) & set(".:") or host == "localhost"):
        yield "image address has no user in it (log in to the registry instead)", digest
    elif is_bare_id(digest):
        yield "digest has no algorithm before it", f"{name}@sha256:{digest}"
    elif known is None:
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
    elif not re.fullmatch(TAG, tag):
        one = tag.strip(":")
        better = "" if ":" in one else re.sub(r"[^A-Za-z0-9_.-]+", "-", one).strip(".-")
        yield (
            f"tag {_quoted(tag)} may have only letters, digits, _ . - and begin with no . or -",
            f"{name}:{better}{digest}",
        )


def _of_registry(registry: str, rest: str) -> Iterator[tuple[str, str]]:
    # One that is no host name is read as part of the path where that is possible.
    if re.fullmatch(rf"{REGISTRY}|{COMPONENT}", registry):
        return
    if set(registry) <= set("0123456789abcdefABCDEF:") and registry.count(":") > 1:
        yield f"registry {_quoted(registry)} needs brackets", f"[{registry}]/{rest}"
    if registry.startswith("[") and not re.match(r"\[[0-9a-fA-F:]+\](?::|$)", registry):
        yield f"registry {_quoted(registry)} is no IPv6 address in brackets, as in [::1]:5000", ""
    host, colon, port = registry.rpartition(":")
    if colon and not (port.isascii() and port.isdigit()):
        # Where there can hardly be a registry, a branch's name was meant as the tag.
        is_name = re.fullmatch(COMPONENT, host) and "." not in host and host != "localhost"
        better = f"{registry}-{rest}" if is_name else ""
        yield f"registry port {_quoted(port)} is no number", better
    shown = _quoted(host or registry)
    yield f"registry {shown} is no host name: use letters, digits, - and .", ""


def _of_path(before: str, path: str, after: str) -> Iterator[tuple[str, str]]:
    """The path as it was typed, and what stands before and after it."""
    if path == "<none>":
        yield "<none> is no name: an image without one goes by its id", ""
    if not path:
        yield "repository name is missing", ""
    foreign = sorted(set(re.sub(r"[A-Za-z0-9._/-]", "", path)))
    if foreign:
        yield f"repository name may not have {_quoted(''.join(foreign))}", ""
    if path != path.lower():
        yield "repository name must be lowercase", before + path.lower() + after
    if path.startswith("/") or path.endswith("/") or "//" in path:
        better = re.sub("/+", "/", path).strip("/")
        yield "repository name has an empty part between its slashes", before + better + after
    parts = path.split("/")
    wrong = next((part for part in parts if not re.fullmatch(COMPONENT, part)), None)
    if wrong is not None:
        better = "/".join(map(_mended, parts))
        rule = "must begin and end with a letter or digit, with one . or _ or __ or dashes between"
        yield f"repository name part {_quoted(wrong)} {rule}", before + better + after


def _mended(part: str) -> str:
    if re.fullmatch(COMPONENT, part):
        return part
    return re.sub(r"([._-])[._-]*", r"\1", part).strip("._-")
