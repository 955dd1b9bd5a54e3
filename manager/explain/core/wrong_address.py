"""The page about a wrong address: what is wrong, where, and what would be right."""

from manager.explain.core.pages import Page, PagePart, VerbatimLines
from manager.explain.core.text_layout import format_row
from manager.references.diagnosis import WEB_PAGE_PROBLEM
from manager.references.grammar import HIGHEST_PORT, REFERENCE_SYNTAX
from manager.references.part_faults import ReferenceFault
from manager.references.redaction import quote_text, redact_login, redact_secrets
from manager.references.reference import ImageReference
from manager.references.web_pages import parse_web_page_url


def find_pull_obstacle(reference: ImageReference) -> ReferenceFault | None:
    """Find why no registry can ever be asked for an address that the grammar allows."""
    page = parse_web_page_url(reference.typed)
    if page:
        return ReferenceFault(WEB_PAGE_PROBLEM, page, reference.typed, page)
    host, colon, port = reference.registry.rpartition(":")
    if colon and port.isdigit() and not 0 < int(port) <= HIGHEST_PORT:
        better = f"a port from 1 to {HIGHEST_PORT}, as in {host}:5000/{reference.path}"
        return ReferenceFault(f"{port} is not a valid port", "", port, better)
    return None


def explain_fault(text: str, fault: ReferenceFault) -> Page:
    """Explain a wrong address, without any secret that may be in it."""
    where = _locate_fault(text, fault)
    safe = redact_secrets(text)
    if redact_login(text) not in {text, fault.remedy} and "***@" in safe:
        where = f"at character 1: remove {quote_text(safe.rpartition('@')[0] + '@')}"
    lines = [*format_row("problem", fault.problem), *format_row("where", where)]
    if fault.correction != REFERENCE_SYNTAX:
        lines += format_row("try", fault.correction)
    shown = safe if safe.strip() else "An empty text"
    parts: tuple[PagePart, ...] = (
        f"{shown} is not a valid image address.",
        VerbatimLines(tuple(lines)),
        f"In general, {REFERENCE_SYNTAX}.",
    )
    facts = {"valid": False, "problem": fault.problem, "remedy": fault.remedy or None}
    facts |= {"where": where, "right": fault.correction}
    return Page("address", safe, parts, facts)


def _locate_fault(text: str, fault: ReferenceFault) -> str:
    """Say where an address is wrong: its wrong part, or how it differs from the remedy."""
    wrong, remedy = fault.wrong_part, fault.remedy
    if wrong and wrong in text:
        at = text.index(wrong) if len(wrong) == 1 else text.rindex(wrong)
        return f"at character {at + 1}: {quote_text(wrong)}"
    if not remedy:
        return "the whole text" if text.strip() else "nothing was typed"
    shorter = min(len(text), len(remedy))
    start = next((n for n in range(shorter) if text[n] != remedy[n]), shorter)
    end = next(
        (n for n in range(shorter - start) if text[-1 - n] != remedy[-1 - n]), shorter - start
    )
    old, new = text[start : len(text) - end], remedy[start : len(remedy) - end]
    return f"at character {start + 1}: {_describe_change(old, new)}"


def _describe_change(old: str, new: str) -> str:
    if not old:
        return f"add {quote_text(new)}"
    return f"change {quote_text(old)} to {quote_text(new)}" if new else f"remove {quote_text(old)}"
