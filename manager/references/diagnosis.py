"""Diagnose a text that is not a valid image address: which part is wrong, what would be right."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from manager.references.grammar import (
    LONGEST_PATH,
    OFFICIAL_PREFIX,
    REFERENCE_SYNTAX,
    TAG_PATTERN,
    is_bare_id,
    split_address,
    split_registry,
)
from manager.references.part_faults import (
    ALLOWED_CHARACTERS,
    VERSION_PATTERN,
    ReferenceFault,
    find_digest_faults,
    find_path_faults,
    find_registry_faults,
    find_tag_faults,
)
from manager.references.pasted_commands import find_command_start
from manager.references.redaction import quote_text, redact_login
from manager.references.web_pages import parse_web_page_url

LONGEST_REMEDY = 500
TAG_VARIANTS = ("alpine", "slim")
"""Words that many tags end in."""
QUOTES = "'\"`\u2018\u2019\u201c\u201d"
WEB_PAGE_PROBLEM = "this is the address of a web page, not of an image"


def describe_fault(text: str) -> str:
    """Say in a sentence what is wrong; it ends in ``try …`` where a similar address is valid."""
    found = find_fault(text)
    return f"{found.problem}: try {found.remedy}" if found.remedy else found.problem


def find_fault(text: str) -> ReferenceFault:
    """Find the plainest fault of a text that is not an address; a remedy is always a valid one."""
    found = next(_find_faults(text))
    usable = (
        found.remedy != text
        and len(found.remedy) <= LONGEST_REMEDY
        and split_address(found.remedy) is not None
    )
    remedy = found.remedy if usable else ""
    correction = found.correction or remedy or REFERENCE_SYNTAX
    return replace(found, remedy=remedy, correction=correction)


def _find_faults(text: str) -> Iterator[ReferenceFault]:
    yield from _find_whole_text_faults(text)
    yield from _find_white_space_faults(text)
    if is_bare_id(text):
        what = "64 hexadecimal digits are an image id, not an address"
        better = "the id of an image that is here: see dockmgr images"
        yield ReferenceFault(what, correction=better)
    yield from _find_foreign_letters(text)
    name, at, digest = text.partition("@")
    if at:
        yield from find_digest_faults(name, digest)
    yield from _find_name_faults(name, at + digest)
    yield ReferenceFault(f"{quote_text(text)} is not a valid image address")


def _find_name_faults(name: str, digest: str) -> Iterator[ReferenceFault]:
    """Find the faults of registry, path and tag.

    A remedy changes the part that is wrong and keeps all others: another registry, another tag
    or no digest would be another image.
    """
    registry, rest = split_registry(name)
    typed = rest if name.endswith(rest) else rest.removeprefix(OFFICIAL_PREFIX)
    before = name[: len(name) - len(typed)]
    path, colon, tag = typed.partition(":")
    if before:
        yield from find_registry_faults(registry, rest + digest)
    yield from find_path_faults(before, path, colon + tag + digest)
    if colon:
        yield from find_tag_faults(before + path, tag, digest)
    length = len(rest.partition(":")[0])
    if length > LONGEST_PATH:
        filled_in = f" with {OFFICIAL_PREFIX}" if typed != rest else ""
        what = f"repository name is {length} characters long{filled_in}; "
        what += f"the limit is {LONGEST_PATH}"
        yield ReferenceFault(what, "", path, f"a name of at most {LONGEST_PATH} characters")


def _find_whole_text_faults(text: str) -> Iterator[ReferenceFault]:
    """Recognise nothing at all, a whole command, a login, what stands around it, a URL."""
    stripped = text.strip()
    if not stripped:
        yield ReferenceFault("image address is empty")
    start = find_command_start(text)
    if start is not None:
        what = "this is a whole command: type only the image address, for example nginx:1.27"
        yield ReferenceFault(what, "", start, "only the address, for example nginx:1.27")
    if redact_login(text) != text:
        yield _login_fault(text)
    if stripped != text:
        yield ReferenceFault("image address has white space around it", stripped)
    bare = text.strip(QUOTES)
    if bare not in {"", text}:
        mark = next(it for it in text if it in QUOTES)
        what = "image address cannot contain quotation marks"
        yield ReferenceFault(what, _correct_address(bare), mark)
    if re.fullmatch(r"<[a-zA-Z _-]+>", text) and text != "<none>":
        what = f"{quote_text(text)} is a placeholder: replace it with an image address"
        yield ReferenceFault(what, "", text, "an image address, for example nginx:1.27")
    page = parse_web_page_url(text)
    if page:
        yield ReferenceFault(WEB_PAGE_PROBLEM, page, text)
    if "://" in text:
        yield _url_fault(text)


def _login_fault(text: str) -> ReferenceFault:
    what = "image address cannot contain a login (use dockmgr login instead)"
    rest = redact_login(text).partition("***@")[2]
    # One word alone is hardly a registry: what stood before it may have been the name.
    remedy = _correct_address(rest) if set(rest) & set("/.:") else ""
    return ReferenceFault(what, remedy, "", remedy or "the address without the part before the @")


def _url_fault(text: str) -> ReferenceFault:
    scheme = re.sub(r".*?([a-zA-Z0-9+.-]*)$", r"\1", text.partition("://")[0], flags=re.DOTALL)
    what = f"image address cannot contain {quote_text(f'{scheme}://')}"
    plain = text.partition("://")[2].rstrip("/")
    host, colon, port = plain.partition(":")
    if "/" not in plain and ("." in host or (colon and port.isdigit())):
        return ReferenceFault(what, correction=f"{plain}/NAME: the registry, then an image in it")
    return ReferenceFault(what, plain)


def _correct_address(text: str) -> str:
    """The address, or the remedy of one that is not valid."""
    return text if split_address(text) else find_fault(text).remedy


def _find_foreign_letters(text: str) -> Iterator[ReferenceFault]:
    """Find accents, letters that only look like plain ones, and characters that are invisible."""
    apart = unicodedata.normalize("NFKD", text)
    plain = "".join(it for it in apart if unicodedata.category(it) not in {"Mn", "Cf"})
    if plain != text and (split_address(plain) or "@" not in text):
        odd = next(it for it in text if not it.isascii())
        better = _correct_address(plain)
        what = f"image address cannot contain {quote_text(odd)}"
        yield ReferenceFault(what, better, odd, better or ALLOWED_CHARACTERS)


def _find_white_space_faults(text: str) -> Iterator[ReferenceFault]:
    """Find one space between two words that can be parts of one address."""
    name, *others = text.split()
    first = split_address(name)
    if len(others) != 1 or not first or first.digest or not re.fullmatch(TAG_PATTERN, others[0]):
        return
    (second,) = others
    what = "image address cannot contain spaces"
    if ":" not in name.rpartition("/")[2]:
        is_tag = VERSION_PATTERN.fullmatch(second) or second in {"latest", "stable"}
        tagged = f"{name}:{second}"
        either = f"{name}-{second}, or {tagged} if {second} is the tag"
        yield ReferenceFault(what, tagged if is_tag else "", " ", "" if is_tag else either)
    elif not VERSION_PATTERN.fullmatch(second) and second not in TAG_VARIANTS:
        either = f"only one address; or {name}-{second} if {second} belongs to the tag"
        yield ReferenceFault(what, "", " ", either)
