"""Which steps of a plan may be done at the same time: never those that wait for each other."""

from collections.abc import Iterable, Sequence

from manager.model.images import Image
from manager.model.plan import PlanStep, Verb

StepChain = tuple[int, ...]
"""Places of steps in the plan that are done one after the other."""
IMAGE_VERBS = frozenset({Verb.UNTAG, Verb.DELETE})


def split_into_waves(
    steps: Sequence[PlanStep], images: Iterable[Image]
) -> tuple[tuple[StepChain, ...], ...]:
    """The steps in waves: each waits for the one before, and its chains for nothing in it.

    The steps of one image are a chain. Images that were built on another go in an earlier wave
    than that one. What is no image's is a wave of its own, in the order of the plan.

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
    """For each image, over how many others in the plan the longest way to it leads."""
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
