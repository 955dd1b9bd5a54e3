"""The events that engines tell of, for lessons that wait for one: what is none can never happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from manager.learn.core.checks import EventCheck

ACTIONS = {
    "container": (
        *("attach", "commit", "copy", "create", "destroy", "detach", "die", "exec_create"),
        *("exec_detach", "exec_die", "exec_start", "export", "health_status", "kill", "oom"),
        *("pause", "prune", "rename", "resize", "restart", "start", "stop", "top", "unpause"),
        "update",
    ),
    "image": (
        *("create", "delete", "import", "load", "prune", "pull", "push", "save", "tag", "untag"),
    ),
    "volume": ("create", "destroy", "mount", "prune", "unmount"),
    "network": ("connect", "create", "destroy", "disconnect", "prune", "update"),
    "builder": ("prune",),
    "daemon": ("reload",),
}
"""By type. Source: Docker Engine API, ``GET /events``; Podman's are told in the same words."""
OTHER_WORDS = {
    "container": {"died": "die", "exec_died": "exec_die", "remove": "destroy", "rm": "destroy"},
    "image": {"remove": "delete", "rmi": "untag", "build": "tag"},
    "volume": {"remove": "destroy", "rm": "destroy"},
    "network": {"rm": "destroy", "remove": "destroy"},
}
"""What somebody may write instead, Podman's own words among them."""
NAMED = ("container", "volume", "network")
"""What has names that begin with learn- where it is a lesson's."""
ANY = "*"
ENDINGS = ("die", "exec_die")
"""Actions of a container that tell an exit code."""


def faults_of_event(event: EventCheck) -> Iterator[tuple[str, str]]:
    """Why an event can never happen; that it has no type or no action is said elsewhere.

    Yields:
        A sentence, and what to do about it.
    """
    known = ACTIONS.get(event.kind)
    if known is None:
        if event.kind:
            problem = f"type {event.kind!r} is none that engines tell of"
            yield _unknown(problem, event.kind, ACTIONS)
        known = tuple(dict.fromkeys(it for actions in ACTIONS.values() for it in actions))
    if not event.action:
        return
    if event.action not in known:
        other = OTHER_WORDS.get(event.kind, {}).get(event.action, event.action)
        what = (
            f"{'an' if event.kind == 'image' else 'a'} {event.kind}"
            if event.kind in ACTIONS
            else "anything"
        )
        problem = f"action {event.action!r} is none that happens to {what}"
        yield _unknown(problem, other, known)
    elif event.kind in NAMED and event.name == ANY and event.action != "prune":
        yield (
            f"it holds for every {event.kind}, also one that is not the lesson's",
            'say whose event it is, for example: name = "learn-web*"',
        )
    elif event.exit_code is not None and event.action not in ENDINGS:
        yield (
            f"exit_code is told with no {event.action}",
            f"only with: {' and '.join(ENDINGS)} of a container",
        )


def _unknown(problem: str, word: str, known: Iterable[str]) -> tuple[str, str]:
    """With the word that was meant, if there is one that is like it."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(word.lower(), names, n=1)
    suggested = f"; did you mean {near[0]}?" if near else ""
    return problem + suggested, f"there are: {', '.join(names)}"
