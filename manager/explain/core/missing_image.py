"""An address whose image is not here: what of it is, and what may have been meant."""

from collections.abc import Sequence
from difflib import get_close_matches

from manager.explain.core.address import RESERVED_NAME
from manager.explain.core.engine_facts import EngineFacts
from manager.explain.core.pages import PagePart, VerbatimLines
from manager.explain.core.text_layout import format_names
from manager.model.units import SHORT_ID_DIGITS
from manager.references.grammar import OFFICIAL_PREFIX
from manager.references.reference import ImageReference, parse_reference
from manager.references.registry_hosts import RegistryService, identify_registry

SHORTEST_ID_DIGITS = 3
"""Digits by which somebody can mean an id."""
CLOSE_RATIO, VERY_CLOSE_RATIO = 0.75, 0.95
"""How much alike two words are, from 0 to 1, for one to be taken for the other."""
WELL_KNOWN_REGISTRIES = (
    "docker.io",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "public.ecr.aws",
    "mcr.microsoft.com",
)
NOT_HERE_TEXT = "The image is not here: no image on this engine has this address."


def explain_missing_image(
    facts: EngineFacts, reference: ImageReference, words: Sequence[str] = ()
) -> tuple[PagePart, ...]:
    """Say that an engine has no image of an address, and what may have been meant.

    Args:
        facts: of the engine.
        reference: the address.
        words: what else can be explained.
    """
    if reference.familiar_name == RESERVED_NAME:
        return ()
    tags = [parse_reference(tag) for image in facts.snapshot.images for tag in image.tags]
    others = tuple(
        sorted(it.familiar for it in tags if it and it.repository == reference.repository)
    )
    text = (
        f"The image is not here, but other tags of its repository are: {format_names(others)}."
        if others
        else NOT_HERE_TEXT
    )
    meant = _find_suggestion(facts, reference, words)
    wanted = reference.familiar
    if reference.registry == facts.lab_registry and "/" not in reference.path:
        wanted = f"{reference.registry}/{OFFICIAL_PREFIX}" + wanted.partition("/")[2]
    get = VerbatimLines((f"  dockmgr pull {wanted}",))
    return (
        *((f"Did you mean: dockmgr explain {meant}",) if meant else ()),
        f"{text} Get it with:",
        get,
    )


def _find_suggestion(facts: EngineFacts, reference: ImageReference, words: Sequence[str]) -> str:
    """What is much like an address that is not here: an id, a word, a name here, a registry."""
    typed = reference.typed
    if len(typed) >= SHORTEST_ID_DIGITS and set(typed) <= set("0123456789abcdef"):
        ids = [it.id.removeprefix("sha256:") for it in facts.snapshot.images]
        ids += [it.id for it in facts.snapshot.containers]
        return next((it[:SHORT_ID_DIGITS] for it in ids if it.startswith(typed)), "")
    tags = [
        it for it in (parse_reference(t) for im in facts.snapshot.images for t in im.tags) if it
    ]
    ordered = sorted(tags, key=lambda it: it.familiar, reverse=True)
    here = {it.familiar_name: it.familiar for it in ordered}
    if reference.familiar_name in here:
        return ""
    known = [*words, *here, *(it.name for it in facts.snapshot.containers)]
    near = _find_similar(reference.familiar_name, known)
    if near:
        return here.get(near, near)
    if identify_registry(reference.registry).service is RegistryService.OTHER:
        host = _find_similar(reference.registry, WELL_KNOWN_REGISTRIES)
        return host + typed.removeprefix(reference.registry) if host else ""
    return ""


def _find_similar(typed: str, known: Sequence[str]) -> str:
    """What is most like something typed: of the same length rather, for letters change places."""
    cutoff = VERY_CLOSE_RATIO if "/" in typed else CLOSE_RATIO
    near = get_close_matches(typed, known, n=4, cutoff=cutoff)
    return min(near, key=lambda it: len(it) != len(typed), default="")
