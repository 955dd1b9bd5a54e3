"""Find the faults of each part of an address: registry, path, tag and digest."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from manager.references.grammar import (
    COMPONENT_PATTERN,
    DIGEST_DIGITS,
    HEX_DIGITS,
    LONGEST_TAG,
    REGISTRY_PATTERN,
    TAG_PATTERN,
    is_bare_id,
    is_digest,
    split_address,
)
from manager.references.redaction import quote_text

ALLOWED_CHARACTERS = "only a to z, 0 to 9, and . _ - / between them"
VERSION_PATTERN = re.compile(r"v?\d[\w.-]*")


@dataclass(frozen=True, slots=True)
class ReferenceFault:
    """A fault of a text that was typed as an address."""

    problem: str
    remedy: str = ""
    """A valid address that was probably meant, where one can be found."""
    wrong_part: str = ""
    """The part that is wrong, as it was typed; empty for everything that the remedy changes."""
    correction: str = ""
    """What would be right, in words."""


def find_digest_faults(name: str, digest: str) -> Iterator[ReferenceFault]:
    """Find what is wrong after an ``@``.

    Args:
        name: the address before the ``@``.
        digest: the text after it.
    """
    algorithm, _, digits = digest.partition(":")
    known = DIGEST_DIGITS.get(algorithm.lower())
    if not digest:
        yield ReferenceFault("digest is missing after '@'", name)
    elif is_bare_id(digest):
        yield ReferenceFault("digest has no algorithm", f"{name}@sha256:{digest}")
    elif known is None and re.fullmatch(TAG_PATTERN, digest) and split_address(name):
        yield _tag_after_at_sign_fault(name, digest)
    elif known is None:
        names = ", ".join(DIGEST_DIGITS)
        what = f"digest algorithm {quote_text(algorithm)} is not one of {names}"
        yield ReferenceFault(what, name, digest)
    elif len(digits) != known:
        wanted = f"{known} hexadecimal digits after {algorithm.lower()}:"
        what = f"digest has {len(digits)} digits but needs {known}: write {wanted}"
        yield ReferenceFault(what, "", digits or digest, _describe_whole_digest(name, wanted))
    elif digest != digest.lower():
        yield ReferenceFault("digest must be lowercase", f"{name}@{digest.lower()}")
    elif not set(digits) <= HEX_DIGITS:
        odd = next(it for it in digits if it not in HEX_DIGITS)
        what = "digest contains characters that are not hexadecimal digits"
        yield ReferenceFault(what, "", odd, _describe_whole_digest(name, "only 0 to 9 and a to f"))


def _tag_after_at_sign_fault(name: str, new_tag: str) -> ReferenceFault:
    tag = name.rpartition("/")[2].partition(":")[2]
    what = "tags follow ':', digests follow '@'"
    if not tag or tag == new_tag:
        return ReferenceFault(what, name if tag else f"{name}:{new_tag}", f"@{new_tag}")
    better = f"only one tag: {name}, or {new_tag} in place of {tag}"
    return ReferenceFault(what, "", f"@{new_tag}", better)


def _describe_whole_digest(name: str, wanted: str) -> str:
    return f"{wanted}; to see the digest: dockmgr inspect {name}" if split_address(name) else wanted


def find_tag_faults(name: str, tag: str, digest: str) -> Iterator[ReferenceFault]:
    """Find what is wrong after a colon.

    Args:
        name: the address before the colon.
        tag: the text after it, up to the digest.
        digest: the rest, with its ``@``.
    """
    if not tag:
        yield ReferenceFault("tag is missing after ':'", name + digest)
    elif len(tag) > LONGEST_TAG:
        what = f"tag is {len(tag)} characters long; the limit is {LONGEST_TAG}"
        yield ReferenceFault(what, "", tag, f"a tag of at most {LONGEST_TAG} characters")
    elif is_digest(tag):
        yield ReferenceFault("tags follow ':', digests follow '@'", f"{name}@{tag}", f":{tag}")
    elif tag.partition(":")[0].isdigit() and ":" in tag:
        port, _, rest = tag.partition(":")
        better = f"{name}:{port}/NAME:{rest} if {name}:{port} is a registry; else only one tag"
        what = "image address has two tags, or a port with no name after it"
        yield ReferenceFault(what, "", tag, better)
    elif not re.fullmatch(TAG_PATTERN, tag):
        what = f"tag {quote_text(tag)} may contain only letters, digits, _ . - and must not "
        what += "begin with . or -"
        yield ReferenceFault(what, _suggest_tagged_name(name, tag) + digest)


def _suggest_tagged_name(name: str, tag: str) -> str:
    """A name with a tag as it may have been meant."""
    one = tag.strip(":")
    first, colon, last = one.partition(":")
    if colon and re.fullmatch(COMPONENT_PATTERN, first) and not VERSION_PATTERN.fullmatch(first):
        return f"{name}/{one}"  # a colon that should be a slash: org:app:1
    if colon and re.fullmatch(TAG_PATTERN, first) and re.fullmatch(TAG_PATTERN, last):
        return f"{name}:{first}-{last}"
    return f"{name}:" + re.sub(r"[^A-Za-z0-9_.-]+", "-", one).strip(".-")


def find_registry_faults(registry: str, rest: str) -> Iterator[ReferenceFault]:
    """Find what is wrong before the first slash.

    Args:
        registry: the text before the slash.
        rest: the text after it.
    """
    # One that is not a host name is read as part of the path where that is possible.
    if re.fullmatch(rf"{REGISTRY_PATTERN}|{COMPONENT_PATTERN}", registry):
        return
    shown = quote_text(registry)
    if set(registry.lower()) <= {*HEX_DIGITS, ":"} and registry.count(":") > 1:
        yield ReferenceFault(f"registry {shown} needs brackets", f"[{registry}]/{rest}")
    if registry.startswith("[") and not re.match(r"\[[0-9a-fA-F:]+\](?::|$)", registry):
        what = f"registry {shown} is not a valid IPv6 address in brackets, as in [::1]:5000"
        yield ReferenceFault(what, "", registry, f"[::1]:5000/{rest}, the address in brackets")
    host, colon, port = registry.rpartition(":")
    if colon and not (port.isascii() and port.isdigit()):
        yield _registry_port_fault(host, port, rest)
    host = host or registry
    better = "a host name of letters, digits, - and ."
    what = f"registry {quote_text(host)} is not a valid host name: use letters, digits, - and ."
    yield ReferenceFault(what, "", host, better)


def _registry_port_fault(host: str, port: str, rest: str) -> ReferenceFault:
    # Where there can hardly be a registry, the name of a branch was meant as the tag.
    is_name = re.fullmatch(COMPONENT_PATTERN, host) and "." not in host and host != "localhost"
    tagged = f"{host}:{port}-{rest}" if is_name else ""
    numbered = f"{host}:5000/{rest}, with a number"
    better = f"{tagged} if {port}/{rest} is the tag; {numbered}, if {host} is a registry"
    what = f"registry port {quote_text(port)} is not a number"
    return ReferenceFault(what, tagged, port, better if is_name else numbered)


def find_path_faults(before: str, path: str, after: str) -> Iterator[ReferenceFault]:
    """Find what is wrong with the name.

    Args:
        before: the registry with its slash, as it was typed.
        path: the name, with its namespace.
        after: the tag and the digest.
    """
    if path == "<none>":
        what = "<none> is not a name: use the id of an image that has no name"
        yield ReferenceFault(what, "", path, "its id, which dockmgr images shows")
    if not path:
        example = f"{before}nginx{after}".rstrip(":@")
        yield ReferenceFault("repository name is missing", correction=f"a name, as in {example}")
    foreign = sorted(set(re.sub(r"[A-Za-z0-9._/-]", "", path)))
    if foreign:
        what = f"repository name cannot contain {quote_text(''.join(foreign))}"
        odd = next(it for it in path if it in foreign)
        slashed = before + path.replace("\\", "/") + after if foreign == ["\\"] else ""
        yield ReferenceFault(what, slashed, odd, "" if odd == "\\" else ALLOWED_CHARACTERS)
    if path != path.lower():
        yield ReferenceFault("repository name must be lowercase", before + path.lower() + after)
    if path.startswith("/") or path.endswith("/") or "//" in path:
        better = re.sub("/+", "/", path).strip("/")
        what = "repository name has an empty part beside a slash"
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
