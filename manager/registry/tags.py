"""The tags of a repository as its registry has them, and what is here of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manager.errors import ManagerError
from manager.registry.core.tag_list import (
    TagOrder,
    check_dated_tag_count,
    clean_tags,
    filter_tags,
    newest_tags,
    sort_tags,
)
from manager.system.concurrency import map_in_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from manager.references.reference import ImageReference
    from manager.registry.core.freshness import LocalTag
    from manager.registry.lookup import ImageLookup, RemoteImage
    from manager.registry.protocol.registries import RegistryPool

PARALLEL_QUESTIONS = 16


@dataclass(frozen=True, slots=True)
class ListedTag:
    """What is known of one tag."""

    name: str
    held: LocalTag | None = None
    """What the engine has under it; None if it has nothing, or there is no engine."""
    digest: str = ""
    """What it means at the registry; empty where that was not asked or is unknown."""
    remote: RemoteImage | None = None
    """All the registry tells of it; None where that was not asked or is unknown."""
    why: str = ""
    """Why something that was asked for is not known; empty where all is."""

    @property
    def current(self) -> bool | None:
        """Whether what is here is what the registry has; None where that is not known."""
        if self.held is None or not self.digest:
            return None
        if self.remote is not None:
            return self.remote.is_same(self.held.image)
        return self.held.is_at(self.digest)

    @property
    def created(self) -> datetime | None:
        """When it was made, by its own account."""
        return self.remote.config.created if self.remote else None


@dataclass(frozen=True, slots=True)
class TagQuery:
    """Which tags are wanted, and what of them."""

    reference: ImageReference
    """Of the repository."""
    prefix: str = ""
    globs: tuple[str, ...] = ()
    newest: int = 0
    """How many of the newest versions; 0 for all tags, versions or not."""
    limit: int = 0
    """How many are shown; 0 for all."""
    sort: TagOrder = TagOrder.VERSION
    with_details: bool = False
    """Whether sizes and dates are wanted too, which takes some questions for each tag."""


@dataclass(frozen=True, slots=True)
class TagListing:
    """The tags that are to be shown, in order."""

    tags: tuple[ListedTag, ...]
    fitting: int
    """How many there are like them."""
    total: int
    """How many the repository has."""


def list_repository_tags(
    lookup: ImageLookup,
    request: TagQuery,
    held: Mapping[str, LocalTag],
    report: Callable[[int, int], None] = lambda _done, _all: None,
) -> TagListing:
    """Ask for the tags of a repository, and further about those that are shown.

    Args:
        lookup: how.
        request: what is wanted.
        held: what the engine has of the repository, by tag.
        report: told how many answers there are, of how many.

    Raises:
        RegistryError: there is no such repository, or its registry cannot be asked.
        ManagerError: (usage) it would take too many questions.
    """
    total = _list_tag_names(lookup.registries, request.reference)
    fit = filter_tags(total, request.prefix, request.globs)
    if request.newest:
        fit = newest_tags(fit, request.newest)
    most = request.limit or len(fit)
    if request.sort is TagOrder.DATE:
        check_dated_tag_count(len(fit), request.reference.familiar_name)
        found = _fetch_details(lookup, request, fit, held, report)
        shown = sort_tags(fit, TagOrder.DATE, {tag: found[tag].created for tag in fit})[:most]
    else:
        shown = sort_tags(fit, request.sort)[:most]
        found = _fetch_details(lookup, request, shown, held, report)
    return TagListing(tuple(found[tag] for tag in shown), len(fit), len(total))


def _list_tag_names(registries: RegistryPool, reference: ImageReference) -> tuple[str, ...]:
    """All tags of a repository."""
    path = reference.path
    return clean_tags(
        registries.ask_first_available(
            reference.registry, lambda it: [tag for page in it.list_tags(path) for tag in page]
        )
    )


def _fetch_details(
    lookup: ImageLookup,
    request: TagQuery,
    tags: Sequence[str],
    held: Mapping[str, LocalTag],
    report: Callable[[int, int], None],
) -> dict[str, ListedTag]:
    """What else is known of some tags. Only those that are here are asked about in any case."""

    def ask(tag: str) -> ListedTag:
        found = ListedTag(tag, held.get(tag))
        wanted = replace(request.reference, tag=tag)
        try:
            if request.with_details:
                remote = lookup.fetch_image(wanted)
                return replace(found, remote=remote, digest=remote.digest)
            return replace(found, digest=lookup.fetch_digest(wanted))
        except ManagerError as error:
            return replace(found, why=error.message)

    asked = [tag for tag in tags if request.with_details or tag in held]
    answers = map_in_threads(asked, ask, PARALLEL_QUESTIONS, report)
    return {tag: answers.get(tag) or ListedTag(tag) for tag in tags}
