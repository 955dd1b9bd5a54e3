"""The command explain: what a word, an address, a container or two images are, on this engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from manager.cli import complete, options
from manager.cli.options import format_examples
from manager.cli.session import Session, get_session
from manager.errors import ExitCode, ManagerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manager.explain.core.engine_facts import EngineFacts
    from manager.explain.core.pages import Page
    from manager.model.images import Image

MOST_IMAGES = 2
"""Images that are compared, at most."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=format_examples(
            "dockmgr explain                    all words that can be explained",
            "dockmgr explain image              what an image is, shown on one of yours",
            "dockmgr explain nginx:1.27         the address taken apart",
            "dockmgr explain nginx2             a container: its layers, changes and life",
            "dockmgr explain nginx:1.27 redis   what two images share, and what each adds",
            "dockmgr explain container:image    a container named image",
        )
    )(explain)


def explain(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WHAT]...",
            help="A word (image, layer, tag...), an address, a container, a group, or two images. "
            "Without it, the words are listed.",
            autocompletion=complete.complete_explain_targets,
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Explain a word, an address, a container or group of yours, or what two images share.

    A wrong address is explained too, with exit code 0. Nothing is changed or pulled.
    """
    work = get_session(ctx)
    if not what:
        _list_words(work, json=json)
        return
    if len(what) > MOST_IMAGES:
        raise ManagerError(
            f"cannot explain {len(what)} things together",
            "give one word, or two images to compare",
            ExitCode.USAGE,
        )
    page, also = (
        _compare_named_images(work, what)
        if len(what) == MOST_IMAGES
        else _explain_word(work, what[0])
    )
    if json:
        data = {"kind": page.kind, "name": page.name, "facts": dict(page.facts)}
        work.out.json("explain", {**data, "also": list(also)})
        return
    from manager.cli.explain.render_page import render_page

    for line in render_page(page, also, work.engine_address if page.facts else ""):
        work.out.line(line)


def _list_words(work: Session, *, json: bool) -> None:
    from manager.explain.core.concepts import CONCEPTS

    if json:
        words = {word: concept.summary for word, concept in CONCEPTS.items()}
        work.out.json("explain", {"kind": "words", "name": "", "facts": words, "also": []})
        return
    widest = max(map(len, CONCEPTS))
    for word, concept in CONCEPTS.items():
        work.out.line(f"{word:{widest}}  {concept.summary}")


def _explain_word(work: Session, text: str) -> tuple[Page, tuple[str, ...]]:
    from manager.explain.core.concepts import CONCEPTS, find_concept
    from manager.explain.core.pages import PAGE_KINDS
    from manager.explain.facts import find_meanings
    from manager.references.redaction import redact_secrets

    kind, colon, bare = text.partition(":")
    said = kind if colon and kind in PAGE_KINDS and bare else ""
    word = bare if said else text
    concept = find_concept(word)
    engine_required = said in {"container", "group"}
    facts, info = _gather_facts(
        work, concept if said in {"", "concept"} else "", engine_required=engine_required
    )
    if said == "image" and facts.image(bare) is None and facts.image(text) is not None:
        said, word, concept = "", text, ""  # an image that is named image
    found = find_meanings(facts.snapshot, word, concept)
    chosen = said or found[0]
    if chosen not in found and chosen not in {"image", "address"}:
        # An address that only begins like this is meant by address:image:1.
        hint = "list them with: dockmgr ls"
        if chosen == "concept":
            hint = f"choose one of: {', '.join(CONCEPTS)}"
        raise ManagerError(f"there is no {chosen} named {redact_secrets(word)}", hint)
    return _build_page(work, facts, info, chosen, word), () if said else found[1:]


def _build_page(
    work: Session, facts: EngineFacts, info: Mapping[str, Any], kind: str, word: str
) -> Page:
    from manager.explain.core import address, concepts, containers, images
    from manager.explain.core.missing_image import explain_missing_image

    if kind == "concept":
        return concepts.explain_concept(concepts.find_concept(word), facts)
    if kind == "group":
        return containers.explain_group(facts, word)
    if kind == "container":
        from manager.explain.facts import inspect_container

        found = next(it for it in facts.snapshot.containers if word in _container_names(it))
        return containers.explain_container(
            facts, found, inspect_container(work.engine, found, info)
        )
    from manager.explain.facts import find_registry_urls, is_answered_by_lab
    from manager.references.grammar import is_bare_id
    from manager.references.reference import parse_reference

    image = facts.image(word)
    reference = parse_reference(word)
    registry = work.lab.registry if work.lab is not None else ""
    own = reference is not None and is_answered_by_lab(reference, registry)
    asked = find_registry_urls(reference, info, registry)
    addressed = address.explain_address(word, asked, registry if own else "", facts)
    if image is None:
        if facts.engine and reference is not None and addressed.facts["valid"]:
            parts = (
                *addressed.parts,
                *explain_missing_image(facts, reference, tuple(concepts.CONCEPTS)),
            )
            return replace(addressed, parts=parts, facts={**addressed.facts, "here": False})
        return addressed
    by_name = not is_bare_id(word) and bool(image.tags or image.digests)
    named = by_name and not image.id.startswith((word, f"sha256:{word}"))
    return images.explain_image(facts, image, addressed if named else None)


def _container_names(container: Any) -> set[str]:  # noqa: ANN401
    return {container.name, container.id, container.short_id}


def _compare_named_images(work: Session, texts: list[str]) -> tuple[Page, tuple[str, ...]]:
    from manager.explain.core.images import compare_images

    facts, _ = _gather_facts(work, "", engine_required=True)
    found = [_find_image(facts, text) for text in texts]
    there = [(text, image) for text, image in found if image is not None]
    if len(there) < len(found):
        raise _cannot_compare_error([text for text, image in found if image is None], facts)
    return compare_images(facts, *there), ()


def _find_image(facts: EngineFacts, text: str) -> tuple[str, Image | None]:
    """The image that is meant, with or without a prefix, and the address without it."""
    for prefix in ("", "image:", "address:"):
        image = facts.image(text.removeprefix(prefix)) if text.startswith(prefix) else None
        if image is not None:
            return text.removeprefix(prefix), image
    return text.removeprefix("image:").removeprefix("address:"), None


def _cannot_compare_error(missing: list[str], facts: EngineFacts) -> ManagerError:
    """Why things cannot be compared: they are not images that are here."""
    from manager.cli.explain.render_page import KIND_DESCRIPTIONS
    from manager.explain.core.concepts import find_concept
    from manager.explain.facts import find_meanings
    from manager.references.diagnosis import describe_fault
    from manager.references.grammar import REFERENCE_SYNTAX
    from manager.references.redaction import redact_secrets
    from manager.references.reference import parse_reference

    text = missing[0]
    prefix, _, rest = text.partition(":")
    if prefix in {"container", "group", "concept"} and rest:
        return ManagerError(
            f"{text} is not an image, and only two images can be compared",
            f"explain it alone: dockmgr explain {text}",
        )
    shown = redact_secrets(text)
    kind = find_meanings(facts.snapshot, text, find_concept(text))[0]
    if kind == "container":
        made_from = {
            it.name: it.image for it in facts.snapshot.containers if text in _container_names(it)
        }
        name, image = next(iter(made_from.items()))
        return ManagerError(
            f"{name} is a container, and only two images can be compared",
            f"name its image, {image}; or explain it alone: dockmgr explain {name}",
        )
    if kind in {"concept", "group"}:
        return ManagerError(
            f"{text} is {KIND_DESCRIPTIONS[kind]}, and only two images can be compared",
            f"explain it alone: dockmgr explain {text}",
        )
    if parse_reference(text) is None:
        problem = describe_fault(text)
        return ManagerError(
            f"{shown} is not a valid image address: {problem}", REFERENCE_SYNTAX, ExitCode.USAGE
        )
    return ManagerError(
        f"there is no image {shown} here",
        "list the images with: dockmgr images",
    )


def _gather_facts(
    work: Session, concept: str, *, engine_required: bool = False
) -> tuple[EngineFacts, Mapping[str, Any]]:
    """What is on the engine; nothing where none answers, unless there must be one."""
    from manager.cli.images.observing import load_engine_view
    from manager.engine import contexts
    from manager.engine.disk_usage import BUILD_CACHE, IMAGES, VOLUMES
    from manager.engine.errors import EngineUnreachableError
    from manager.engine.resources import list_networks
    from manager.explain.core.engine_facts import EngineFacts
    from manager.lab import state

    names = tuple(sorted(name for name, _ in contexts.list_contexts(work.env)))
    labs = tuple(lab.name for lab in state.list_running_labs())
    where = work.endpoint
    told: dict[str, Any] = {"host": where.host, "source": where.source, "labs": labs}
    told |= {"context": where.context or "", "contexts": names}
    try:
        engine = work.engine
    except EngineUnreachableError as error:
        if engine_required:
            raise
        work.out.note(f"{error.message}: explained without it")
        return EngineFacts(**told), {}
    view = load_engine_view(work, IMAGES, BUILD_CACHE, *([VOLUMES] if concept == "volume" else ()))
    kind = "Podman" if engine.is_podman else "Docker"
    facts = EngineFacts(
        view.snapshot,
        view.now,
        f"{kind} {view.info.get('ServerVersion') or ''}".strip(),
        lab=work.lab.name if work.lab is not None else "",
        lab_registry=work.lab.registry if work.lab is not None else "",
        volumes=view.usage.volumes or (),
        networks=list_networks(engine) if concept == "network" else (),
        **told,
    )
    return facts, view.info
