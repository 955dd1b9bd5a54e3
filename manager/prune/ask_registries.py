"""Decide what goes, asking registries for what would: the planner itself asks nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from manager.prune.core.decision import PruneDecision, decide_prune
from manager.registry.core.availability import digest_references

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from manager.prune.core.policy import Policy
    from manager.prune.core.protection import PruneInputs
    from manager.registry.core.availability import ImageAvailability

    CopyLookup = Callable[[Mapping[str, Sequence[str]]], Mapping[str, ImageAvailability]]


def decide_with_registries(
    known: PruneInputs, policy: Policy, ask: CopyLookup
) -> tuple[PruneInputs, PruneDecision]:
    """Decide what goes; registries are asked for the images in the plan, and for no others.

    What a registry no longer has may let others go in its place, so it is decided again with the
    answers, until nothing is left to ask.

    Args:
        known: the engine, and what is known of its images.
        policy: the rules.
        ask: takes digest references by image id, and tells which of them a registry has.

    Returns:
        What is known by then, and the decision.
    """
    while True:
        decision = decide_prune(known, policy)
        if not decision.unasked:
            return known, decision
        images = {image.id: image for image in known.snapshot.images}
        answers = ask(
            {image_id: digest_references(images[image_id]) for image_id in decision.unasked}
        )
        known = replace(known, copies={**(known.copies or {}), **answers})
