"""Find out which images have newer versions in their registries: one question a tag."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.registry.core.freshness import CheckedTag, RemoteTag, assess_tag, is_origin_doubtful
from manager.registry.core.manifests import RegistryManifest, parse_manifest
from manager.registry.protocol.client import Registry
from manager.registry.protocol.errors import NotInRegistryError, RegistryRefusedError
from manager.system.concurrency import map_in_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from manager.references.reference import ImageReference
    from manager.registry.core.freshness import LocalTag
    from manager.registry.protocol.registries import RegistryPool

PARALLEL_QUESTIONS = 16
RegistryAnswer = str | tuple[str, ...] | ManagerError


@dataclass(frozen=True, slots=True)
class RegistryQuestion:
    """Something to ask a registry."""

    registry: str
    path: str
    tag: str = ""
    """Empty: all tags of the repository are asked for."""


def check_freshness(
    registries: RegistryPool,
    tags: Sequence[LocalTag],
    report: Callable[[int, int], None],
    *,
    versions: bool,
    parallel: int = PARALLEL_QUESTIONS,
) -> tuple[CheckedTag, ...]:
    """Ask for all of them.

    Nothing that is asked counts as a pull at Docker Hub; but see `_check_origin`.

    Args:
        registries: whom.
        tags: what is here.
        report: told how many answers there are, of how many.
        versions: whether to ask for newer versions too: one list of tags for each repository.
        parallel: how many questions are asked in parallel.

    Raises:
        KeyboardInterrupt: immediately, without waiting for answers.
    """
    asked = [one for one in tags if not one.has_no_registry]
    wanted = dict.fromkeys(_tag_question(one.reference) for one in asked)
    lists = dict.fromkeys(
        replace(_tag_question(one.reference), tag="")
        for one in asked
        if versions and one.has_version
    )
    answers = map_in_threads(
        (*wanted, *lists), lambda it: _ask_registry(registries, it), parallel, report
    )
    told = {it: _merge_answers(answers[it], answers.get(replace(it, tag=""), ())) for it in wanted}
    doubtful = {
        one.reference: one
        for one in asked
        if is_origin_doubtful(one, told[_tag_question(one.reference)])
    }
    settled = map_in_threads(
        tuple(doubtful),
        lambda it: _check_origin(registries, doubtful[it], told[_tag_question(it)]),
        parallel,
    )
    return tuple(
        assess_tag(one, settled.get(one.reference) or told.get(_tag_question(one.reference)))
        for one in tags
    )


def _tag_question(reference: ImageReference) -> RegistryQuestion:
    return RegistryQuestion(reference.registry, reference.path, reference.tag or "")


def _ask_registry(registries: RegistryPool, it: RegistryQuestion) -> RegistryAnswer:
    """A digest, or tags, or why there are none."""
    try:
        if it.tag:
            return registries.ask_first_available(
                it.registry, lambda one: one.fetch_head(it.path, it.tag).digest
            )
        return registries.ask_first_available(
            it.registry, lambda one: tuple(tag for page in one.list_tags(it.path) for tag in page)
        )
    except ManagerError as error:
        return error


def _merge_answers(digest: RegistryAnswer, tags: RegistryAnswer) -> RemoteTag:
    """What a registry said, of both answers."""
    found = RemoteTag(tags=tags if isinstance(tags, tuple) else ())
    if isinstance(digest, str):
        found = replace(found, digest=digest)
    elif isinstance(digest, ManagerError) and not isinstance(digest, NotInRegistryError):
        return replace(found, why=digest.message, was_unanswered=_is_unanswered(digest))
    if isinstance(tags, ManagerError) and found.digest:
        words = f"newer versions are unknown: {tags.message}"
        found = replace(found, why_no_tags=words, was_unanswered=_is_unanswered(tags))
    return found


def _is_unanswered(error: ManagerError) -> bool:
    """Whether a registry was not asked at all; what it refuses to show is an answer."""
    return not isinstance(error, (NotInRegistryError, RegistryRefusedError))


def _check_origin(registries: RegistryPool, one: LocalTag, told: RemoteTag) -> RemoteTag:
    """The same, and whether its registry knows the image that is here, under whatever name."""
    registry, path = one.reference.registry, one.reference.path
    try:
        for digest in one.digests:
            if registries.ask_first_available(
                registry, partial(Registry.has_manifest, path=path, digest=digest)
            ):
                return told
        if one.repacks_on_push:
            # This counts as a pull; it is asked only of what was built or pushed from here.
            document = registries.ask_first_available(
                registry, lambda it: it.fetch_manifest(path, told.digest)
            )
            found = parse_manifest(document.raw, document.media_type)
            if isinstance(found, RegistryManifest) and found.config.digest == one.image.id:
                return replace(told, is_repacked_local_image=True)
    except ManagerError:
        return told  # it has answered before: nothing says that it does not know it
    return replace(told, has_local_image=False)
