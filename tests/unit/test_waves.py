"""Which steps may go side by side."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from manager.model.images import Image
from manager.model.plan import PlanStep, Verb
from manager.prune.core.waves import split_into_waves

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def image(name: str, parent: str = "") -> Image:
    return Image(name, (f"{name}:1",), NOW, 1, parent=parent)


def delete(name: str) -> PlanStep:
    return PlanStep(Verb.DELETE, f"{name}:1", object_id=name)


def test_images_that_have_nothing_to_do_with_each_other_go_together() -> None:
    steps = [delete("a"), delete("b"), delete("c")]
    assert split_into_waves(steps, [image("a"), image("b"), image("c")]) == (((0,), (1,), (2,)),)


def test_the_names_of_one_image_go_one_after_the_other() -> None:
    steps = [PlanStep(Verb.UNTAG, "a:2", object_id="a"), delete("b"), delete("a")]
    assert split_into_waves(steps, [image("a"), image("b")]) == (((0, 2), (1,)),)


def test_what_was_built_on_an_image_goes_in_an_earlier_wave() -> None:
    images = [image("a"), image("hidden", "a"), image("b", "hidden"), image("c", "b"), image("d")]
    steps = [delete("c"), delete("d"), delete("b"), delete("a")]
    assert split_into_waves(steps, images) == (((0,), (1,)), ((2,),), ((3,),))


def test_other_things_keep_their_order_around_the_images() -> None:
    steps = [
        PlanStep(Verb.REMOVE, "c1", object_id="c1"),
        PlanStep(Verb.REMOVE, "c2", object_id="c2"),
        delete("a"),
        PlanStep(Verb.REMOVE_VOLUME, "v"),
        PlanStep(Verb.REMOVE_NETWORK, "n", object_id="n"),
    ]
    assert split_into_waves(steps, [image("a")]) == (((0,),), ((1,),), ((2,),), ((3,),), ((4,),))


def test_parents_that_go_in_a_circle_do_not_hang_it() -> None:
    assert (
        len(split_into_waves([delete("a"), delete("b")], [image("a", "b"), image("b", "a")])) >= 1
    )


@given(st.lists(st.integers(-1, 6), max_size=8), st.permutations(range(8)))
def test_every_step_is_in_exactly_one_wave_and_children_are_earlier(
    parents: list[int], order: list[int]
) -> None:
    images = [
        image(str(n), str(parent) if parent < n and parent >= 0 else "")
        for n, parent in enumerate(parents)
    ]
    steps = [delete(str(n)) for n in order if n < len(images)]
    found = split_into_waves(steps, images)
    places = [place for wave in found for chain in wave for place in chain]
    assert sorted(places) == list(range(len(steps)))
    wave_of = {
        steps[place].object_id: number
        for number, wave in enumerate(found)
        for chain in wave
        for place in chain
    }
    for one in images:
        if one.parent in wave_of and one.id in wave_of:
            assert wave_of[one.id] < wave_of[one.parent]
