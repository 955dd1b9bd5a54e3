"""An address whose image is not here: what of it is, and what may have been meant."""

from collections.abc import Sequence
from difflib import get_close_matches

from manager.explain.core.address import RESERVED
from manager.explain.core.pages import Facts, Part, Picture, listed
from manager.model.snapshot import SHORT_ID
from manager.references.reference import OFFICIAL, ImageReference, read
from manager.references.registry_hosts import Kind, of

SHORTEST_ID = 3
"""Digits by which somebody can mean an id."""
CLOSE, VERY_CLOSE = 0.75, 0.95
"""How much alike two words are, from 0 to 1, for one to be taken for the other."""
WELL_KNOWN = ("docker.io", "ghcr.io", "quay.io", "gcr.io", "public.ecr.aws", "mcr.microsoft.com")
NOT_HERE = "It is not here: no image of this engine has this address."


def absent(facts: Facts, reference: ImageReference, words: Sequence[str] = ()) -> tuple[Part, ...]:
    """Say that an engine has no image of an address, and what may have been meant.

    Args:
        facts: of the engine.
        reference: the address.
        words: what else can be explained.
    """
    if reference.familiar_name == RESERVED:
        return ()
    tags = [read(tag) for image in facts.snapshot.images for tag in image.tags]
    others = tuple(
        sorted(it.familiar for it in tags if it and it.repository == reference.repository)
    )
    text = f"It is not here; of its tags here are: {listed(others)}." if others else NOT_HERE
    meant = _meant(facts, reference, words)
    wanted = reference.familiar
    if reference.registry == facts.lab_registry and "/" not in reference.path:
        wanted = f"{reference.registry}/{OFFICIAL}" + wanted.partition("/")[2]
    get = Picture((f"  dockmgr pull {wanted}",))
    return (
        *((f"Did you mean: dockmgr explain {meant}",) if meant else ()),
        f"{text} Get it with:",
        get,
    )


def _meant(facts: Facts, reference: ImageReference, words: Sequence[str]) -> str:
    """What is much like an address that is not here: an id, a word, a name here, a registry."""
    typed = reference.typed
    if len(typed) >= SHORTEST_ID and set(typed) <= set("0123456789abcdef"):
        ids = [it.id.removeprefix("sha256:") for it in facts.snapshot.images]
        ids += [it.id for it in facts.snapshot.containers]
        return next((it[:SHORT_ID] for it in ids if it.startswith(typed)), "")
    tags = [it for it in (read(t) for im in facts.snapshot.images for t in im.tags) if it]
    ordered = sorted(tags, key=lambda it: it.familiar, reverse=True)
    here = {it.familiar_name: it.familiar for it in ordered}
    if reference.familiar_name in here:
        return ""
    known = [*words, *here, *(it.name for it in facts.snapshot.containers)]
    near = _like(reference.familiar_name, known)
    if near:
        return here.get(near, near)
    if of(reference.registry).kind is Kind.OTHER:
        host = _like(reference.registry, WELL_KNOWN)
        return host + typed.removeprefix(reference.registry) if host else ""
    return ""


def _like(typed: str, known: Sequence[str]) -> str:
    """What is most like something typed: of the same length rather, for letters change places."""
    cutoff = VERY_CLOSE if "/" in typed else CLOSE
    near = get_close_matches(typed, known, n=4, cutoff=cutoff)
    return min(near, key=lambda it: len(it) != len(typed), default="")
