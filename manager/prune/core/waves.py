"""Which steps of a plan may run in parallel: never those that depend on each other."""

from collections.abc import Iterable, Sequence

from manager.model.images import Image
from manager.model.plan import IMAGE_VERBS, PlanStep

StepChain = tuple[int, ...]
"""Positions of steps in the plan that run one after the other."""


def split_into_waves(
    steps: Sequence[PlanStep], images: Iterable[Image]
) -> tuple[tuple[StepChain, ...], ...]:
    """Split steps into waves, which run one after the other; the chains in a wave run in parallel.

    The steps of one image are a chain. Images that were built on another are in an earlier wave
    than that image. Each step that is not on an image is a wave, in the order of the plan.

    Args:
        steps: the plan.
        images: all images, hidden parents included.
    """
    chains: dict[str, list[int]] = {}
    before: list[StepChain] = []
    after: list[StepChain] = []
    for place, step in enumerate(steps):
        if step.verb in IMAGE_VERBS:
            chains.setdefault(step.object_id, []).append(place)
        else:
            (after if chains else before).append((place,))
    levels = _dependency_levels(chains, {image.id: image.parent for image in images})
    middle: list[tuple[StepChain, ...]] = [
        tuple(tuple(chains[it]) for it in chains if levels[it] == level)
        for level in range(max(levels.values(), default=-1) + 1)
    ]
    return (*((it,) for it in before), *middle, *((it,) for it in after))


def _dependency_levels(planned: Iterable[str], parents: dict[str, str]) -> dict[str, int]:
    """For each image, the length of the longest chain of children in the plan."""
    levels = dict.fromkeys(planned, 0)
    for start in levels:
        level, at, seen = 0, parents.get(start, ""), {start}
        while at and at not in seen:
            seen.add(at)
            if at in levels:
                level += 1
                levels[at] = max(levels[at], level)
            at = parents.get(at, "")
    return levels
