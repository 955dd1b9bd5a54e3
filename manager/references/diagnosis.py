"""Why something is no image address: which part is wrong, and what would be right."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from manager.references.pasted_commands import command_start
from manager.references.redaction import quote_text, redact_login
from manager.references.reference import (
    COMPONENT_PATTERN,
    DIGEST_DIGITS,
    HIGHEST_PORT,
    LONGEST_PATH,
    LONGEST_TAG,
    OFFICIAL_PREFIX,
    REFERENCE_SYNTAX,
    REGISTRY_PATTERN,
    TAG_PATTERN,
    ImageReference,
    is_bare_id,
    is_digest,
    parse_reference,
    split_registry,
)
from manager.references.web_pages import parse_web_page_url

LONGEST_REMEDY = 500
PAIR = 2
TAG_VARIANTS = ("alpine", "slim")
"""Words that many tags end in."""
ALLOWED_CHARACTERS = "only a to z, 0 to 9, and between them . _ - /"
QUOTES = "'\"`\u2018\u2019\u201c\u201d"
VERSION_PATTERN = re.compile(r"v?\d[\w.-]*")


@dataclass(frozen=True, slots=True)
class ReferenceFault:
    """What is wrong with something that was to be an address."""

    problem: str
    remedy: str = ""
    """An address that would be right, if one can be told."""
    part: str = ""
    """What of it is wrong, as it was typed; empty for all that the remedy changes."""
    right: str = ""
    """In words, what would be right."""


def describe_fault(text: str) -> str:
    """A sentence on what is wrong; ends in ``try …`` where something like it would be right."""
    found = find_fault(text)
    return f"{found.problem}: try {found.remedy}" if found.remedy else found.problem


def find_fault(text: str) -> ReferenceFault:
    """What is wrong with something that is no address; a remedy is always one."""
    found = next(_find_faults(text))
    usable = (
        found.remedy != text
        and len(found.remedy) <= LONGEST_REMEDY
        and parse_reference(found.remedy)
    )
    remedy = found.remedy if usable else ""
    return ReferenceFault(
        found.problem, remedy, found.part, found.right or remedy or REFERENCE_SYNTAX
    )


def find_pull_obstacle(reference: ImageReference) -> ReferenceFault | None:
    """Why no registry can ever be asked for what is an address by the grammar."""
    page = parse_web_page_url(reference.typed)
    if page:
        what = "it is the address of a web page, not of an image"
        return ReferenceFault(what, page, reference.typed, page)
    host, colon, port = reference.registry.rpartition(":")
    if colon and port.isdigit() and not 0 < int(port) <= HIGHEST_PORT:
        limits = f"a port from 1 to {HIGHEST_PORT}, as in {host}:5000/{reference.path}"
        return ReferenceFault(f"no port has the number {port}", part=port, right=limits)
    return None


def _find_faults(text: str) -> Iterator[ReferenceFault]:
    """What is wrong, the plainest first."""
    yield from _find_whole_text_faults(text)
    yield from _find_white_space_faults(text)
    if is_bare_id(text):
        what = "image address cannot be 64 hexadecimal digits: that is an id"
        yield ReferenceFault(
            what, right="an image by its id only where it is here: see dockmgr images"
        )
    plain = _strip_accents(text)
    if plain != text and (parse_reference(plain) or "@" not in text):
        odd = next(it for it in text if not it.isascii())
        better = _correct_address(plain)
        yield ReferenceFault(
            f"image address may not have {quote_text(odd)}",
            better,
            odd,
            better or ALLOWED_CHARACTERS,
        )
    name, at, digest = text.partition("@")
    if at:
        yield from _find_digest_faults(name, digest)
    registry, rest = split_registry(name)
    typed = rest if name.endswith(rest) else rest.removeprefix(OFFICIAL_PREFIX)
    # A remedy changes the part that is wrong and keeps all others: another registry, another
    # tag or no digest would be another image.
    before = name[: len(name) - len(typed)]
    path, colon, tag = typed.partition(":")
    if before:
        yield from _find_registry_faults(registry, rest + at + digest)
    yield from _find_path_faults(before, path, colon + tag + at + digest)
    if colon:
        yield from _find_tag_faults(before + path, tag, at + digest)
    length = len(rest.partition(":")[0])
    if length > LONGEST_PATH:
        filled_in = f" with {OFFICIAL_PREFIX}" if typed != rest else ""
        what = f"repository name has {length} characters{filled_in}, and may have {LONGEST_PATH}"
        yield ReferenceFault(what, part=path, right=f"a name of at most {LONGEST_PATH} characters")
    yield ReferenceFault(f"{quote_text(text)} is no image address")


def _find_whole_text_faults(text: str) -> Iterator[ReferenceFault]:
    """Nothing in it, a whole command, a login, what stands around it, a URL."""
    stripped = text.strip()
    if not stripped:
        yield ReferenceFault("image address is empty")
    start = command_start(text)
    if start is not None:
        what = "this is a whole command; write only the image address, for example nginx:1.27"
        yield ReferenceFault(what, part=start, right="an address alone, for example nginx:1.27")
    if redact_login(text) != text:
        what = "image address has no user in it (log in to the registry instead)"
        rest = redact_login(text).partition("***@")[2]
        # One word alone is hardly a registry: what stood before it may have been the name.
        remedy = _correct_address(rest) if set(rest) & set("/.:") else ""
        yield ReferenceFault(
            what, remedy, right=remedy or "the address without what is before the @"
        )
    if stripped != text:
        yield ReferenceFault("image address has white space around it", stripped)
    if text.strip(QUOTES) != text and text.strip(QUOTES):
        bare = text.strip(QUOTES)
        mark = next(it for it in text if it in QUOTES)
        yield ReferenceFault(
            "image address may have no quotation marks", _correct_address(bare), mark
        )
    if re.fullmatch(r"<[a-zA-Z _-]+>", text) and text != "<none>":
        what = f"{quote_text(text)} only stands for an address: write one in its place"
        yield ReferenceFault(what, part=text, right="the address of an image, as in nginx:1.27")
    page = parse_web_page_url(text)
    if page:
        what = "it is the address of a web page, not of an image"
        yield ReferenceFault(what, page, text)
    if "://" in text:
        yield _url_fault(text.partition("://")[2].rstrip("/"))


def _url_fault(plain: str) -> ReferenceFault:
    what = "image address is not a URL and has no scheme"
    host, colon, port = plain.partition(":")
    if "/" not in plain and ("." in host or (colon and port.isdigit())):
        return ReferenceFault(what, right=f"{plain}/NAME: the registry, and which image of it")
    return ReferenceFault(what, plain)


def _correct_address(text: str) -> str:
    """An address, or the remedy of what is none."""
    return text if parse_reference(text) else find_fault(text).remedy


def _strip_accents(text: str) -> str:
    """Letters without their accents and without what cannot be seen."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(it for it in apart if unicodedata.category(it) not in {"Mn", "Cf"})


def _find_white_space_faults(text: str) -> Iterator[ReferenceFault]:
    """White space inside it."""
    words = text.split()
    if len(words) == 1:
        return
    first = parse_reference(words[0])
    if len(words) == PAIR and first and not first.digest and re.fullmatch(TAG_PATTERN, words[1]):
        name, second = words
        if ":" not in name.rpartition("/")[2]:
            is_tag = VERSION_PATTERN.fullmatch(second) or second in {"latest", "stable"}
            tagged = f"{name}:{second}"
            right = "" if is_tag else f"{name}-{second}, or {tagged} if {second} is the tag"
            what = "image address may have no white space"
            yield ReferenceFault(what, tagged if is_tag else "", " ", right)
        elif not VERSION_PATTERN.fullmatch(second) and second not in TAG_VARIANTS:
            joined = f"{name}-{second}"
            right = f"one address only; or {joined} if {second} is of the tag"
            yield ReferenceFault("image address may have no white space", part=" ", right=right)


def _find_digest_faults(name: str, digest: str) -> Iterator[ReferenceFault]:
    algorithm, _, digits = digest.partition(":")
    known = DIGEST_DIGITS.get(algorithm.lower())
    tag = name.rpartition("/")[2].partition(":")[2]
    if not digest:
        yield ReferenceFault("digest is empty after the @", name)
    elif is_bare_id(digest):
        yield ReferenceFault("digest has no algorithm before it", f"{name}@sha256:{digest}")
    elif known is None and re.fullmatch(TAG_PATTERN, digest) and parse_reference(name):
        both = "" if tag in {"", digest} else f"one tag only: {name}, or with {digest} for {tag}"
        what = "a tag stands behind a colon; behind an @ a digest does"
        remedy = f"{name}:{digest}" if not tag else name if tag == digest else ""
        yield ReferenceFault(what, remedy, f"@{digest}", both)
    elif known is None:
        names = ", ".join(DIGEST_DIGITS)
        what = f"digest has algorithm {quote_text(algorithm)}, which is none of {names}"
        yield ReferenceFault(what, name, digest)
    elif len(digits) != known:
        wanted = f"{known} hexadecimal digits after {algorithm.lower()}:"
        what = f"digest has {len(digits)} digits, and needs {known}: write {wanted}"
        yield ReferenceFault(
            what, part=digits or digest, right=_describe_whole_digest(name, wanted)
        )
    elif digest != digest.lower():
        yield ReferenceFault("digest must be lowercase", f"{name}@{digest.lower()}")
    elif not set(digits) <= set("0123456789abcdef"):
        odd = next(it for it in digits if it not in "0123456789abcdef")
        what = "digest has characters that are no hexadecimal digits"
        yield ReferenceFault(
            what, part=odd, right=_describe_whole_digest(name, "only 0 to 9 and a to f")
        )


def _describe_whole_digest(name: str, wanted: str) -> str:
    return (
        f"{wanted}; to see the digest: dockmgr inspect {name}" if parse_reference(name) else wanted
    )


def _find_tag_faults(name: str, tag: str, digest: str) -> Iterator[ReferenceFault]:
    if not tag:
        yield ReferenceFault("tag is empty after the colon", name + digest)
    elif len(tag) > LONGEST_TAG:
        what = f"tag has {len(tag)} characters, and may have {LONGEST_TAG}"
        yield ReferenceFault(what, part=tag, right=f"a tag of at most {LONGEST_TAG} characters")
    elif is_digest(tag):
        yield ReferenceFault("a digest stands behind an @", f"{name}@{tag}", f":{tag}")
    elif tag.partition(":")[0].isdigit() and ":" in tag:
        port, _, rest = tag.partition(":")
        right = f"{name}:{port}/NAME:{rest}, if {name}:{port} is a registry; else one tag only"
        yield ReferenceFault(
            "image address has two tags, or no name behind its port", part=tag, right=right
        )
    elif not re.fullmatch(TAG_PATTERN, tag):
        rule = "may have only letters, digits, _ . - and begin with no . or -"
        yield ReferenceFault(
            f"tag {quote_text(tag)} {rule}", _suggest_tagged_name(name, tag) + digest
        )


def _suggest_tagged_name(name: str, tag: str) -> str:
    """A name with a tag as it could have been meant."""
    one = tag.strip(":")
    first, colon, last = one.partition(":")
    if colon and re.fullmatch(COMPONENT_PATTERN, first) and not VERSION_PATTERN.fullmatch(first):
        return f"{name}/{one}"  # a colon that should be a slash: org:app:1
    if colon and re.fullmatch(TAG_PATTERN, first) and re.fullmatch(TAG_PATTERN, last):
        return f"{name}:{first}-{last}"
    return f"{name}:" + re.sub(r"[^A-Za-z0-9_.-]+", "-", one).strip(".-")


def _find_registry_faults(registry: str, rest: str) -> Iterator[ReferenceFault]:
    # One that is no host name is read as part of the path where that is possible.
    if re.fullmatch(rf"{REGISTRY_PATTERN}|{COMPONENT_PATTERN}", registry):
        return
    if set(registry) <= set("0123456789abcdefABCDEF:") and registry.count(":") > 1:
        yield ReferenceFault(
            f"registry {quote_text(registry)} needs brackets", f"[{registry}]/{rest}"
        )
    if registry.startswith("[") and not re.match(r"\[[0-9a-fA-F:]+\](?::|$)", registry):
        what = f"registry {quote_text(registry)} is no IPv6 address in brackets, as in [::1]:5000"
        yield ReferenceFault(
            what, part=registry, right=f"[::1]:5000/{rest}, with the address in brackets"
        )
    host, colon, port = registry.rpartition(":")
    if colon and not (port.isascii() and port.isdigit()):
        # Where there can hardly be a registry, a branch's name was meant as the tag.
        is_name = re.fullmatch(COMPONENT_PATTERN, host) and "." not in host and host != "localhost"
        better = f"{registry}-{rest}" if is_name else ""
        number = f"{host}:5000/{rest}, with a number,"
        right = f"{better} if {port}/{rest} is the tag; {number} if {host} is a registry"
        right = right if is_name else number.rstrip(",")
        yield ReferenceFault(f"registry port {quote_text(port)} is no number", better, port, right)
    what = f"registry {quote_text(host or registry)} is no host name: use letters, digits, - and ."
    yield ReferenceFault(
        what, part=host or registry, right="a host name of letters, digits, - and ."
    )


def _find_path_faults(before: str, path: str, after: str) -> Iterator[ReferenceFault]:
    """The path as it was typed, and what stands before and after it."""
    if path == "<none>":
        what = "<none> is no name: an image without one goes by its id"
        yield ReferenceFault(what, part=path, right="its id, which dockmgr images shows")
    if not path:
        example = f"{before}nginx{after}".rstrip(":@")
        yield ReferenceFault("repository name is missing", right=f"a name, as in {example}")
    foreign = sorted(set(re.sub(r"[A-Za-z0-9._/-]", "", path)))
    if foreign:
        slashed = before + path.replace("\\", "/") + after
        odd = next(it for it in path if it in foreign)
        what = f"repository name may not have {quote_text(''.join(foreign))}"
        yield ReferenceFault(
            what,
            slashed if foreign == ["\\"] else "",
            odd,
            "" if odd == "\\" else ALLOWED_CHARACTERS,
        )
    if path != path.lower():
        yield ReferenceFault("repository name must be lowercase", before + path.lower() + after)
    if path.startswith("/") or path.endswith("/") or "//" in path:
        better = re.sub("/+", "/", path).strip("/")
        what = "repository name has an empty part between its slashes"
        yield ReferenceFault(what, before + better + after)
    parts = path.split("/")
    wrong = next((part for part in parts if not re.fullmatch(COMPONENT_PATTERN, part)), None)
    if wrong is not None:
        better = "/".join(map(_correct_path_part, parts))
        rule = "must begin and end with a letter or digit, with one . or _ or __ or dashes between"
        what = f"repository name part {quote_text(wrong)} {rule}"
        yield ReferenceFault(what, before + better + after)


def _correct_path_part(part: str) -> str:
    if re.fullmatch(COMPONENT_PATTERN, part):
        return part
    return re.sub(r"([._-])[._-]*", r"\1", part).strip("._-")
