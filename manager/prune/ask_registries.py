"""Decide what to remove, looking candidates up in registries: the planner asks nobody."""

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
    """Decide what to remove; only images in the plan are looked up in registries.

    An image that a registry no longer has may be replaced by others in the plan, so the decision
    is made again with the answers until nothing is left to ask.

    Args:
        known: the engine, and what is known about its images.
        policy: the rules.
        ask: takes digest references by image id, and returns which of them a registry has.

    Returns:
        What is known in the end, and the decision.
    """
    while True:
        decision = decide_prune(known, policy)
        if not decision.images_to_look_up:
            return known, decision
        images = {image.id: image for image in known.snapshot.images}
        answers = ask(
            {
                image_id: digest_references(images[image_id])
                for image_id in decision.images_to_look_up
            }
        )
        known = replace(known, copies={**(known.copies or {}), **answers})
