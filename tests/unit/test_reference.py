"""Image addresses: the same values as the reference implementation, and errors that help."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from manager.errors import ExitCode
from manager.references.reference import ImageReference, InvalidReferenceError
from tests.unit.data.references import noise

VECTORS = json.loads((Path(__file__).parent / "data/references.json").read_text(encoding="utf-8"))
SHA = "sha256:" + "0123456789abcdef" * 4
addresses = st.sampled_from([row[0] for row in VECTORS if len(row) > 1])
TAG_RULE = "may contain only letters, digits, _ . - and must not begin with . or -"
PART_RULE = "must begin and end with a letter or digit, with one . or _ or __ or dashes between"
near_addresses = st.lists(st.sampled_from(list("aA0.-_/:@[] \né") + ["docker.io", SHA])).map(
    "".join
)


def parsed(text: str) -> list[str]:
    """The row that the Go program writes for an address."""
    try:
        it = ImageReference.parse(text)
    except InvalidReferenceError:
        return [text]
    return [text, it.registry, it.path, it.tag or "", it.digest or "", it.canonical, it.familiar]


def test_every_value_is_that_of_the_reference_implementation() -> None:
    assert len(VECTORS) > 3000
    assert [row for row in VECTORS if parsed(row[0]) != row] == []


@given(addresses)
def test_the_canonical_form_parses_back_to_the_same_value(text: str) -> None:
    first = ImageReference.parse(text)
    again = ImageReference.parse(first.canonical)
    assert again == first
    assert again.canonical == first.canonical
    assert first.typed == text


@given(addresses)
def test_what_an_engine_is_given_means_the_same_repository(text: str) -> None:
    first = ImageReference.parse(text)
    again = ImageReference.parse(first.for_engine)
    assert (again.repository, again.digest) == (first.repository, first.digest)
    assert first.digest or again.tag == first.tag


def test_the_familiar_form_does_not_always_parse_back() -> None:
    first = ImageReference.parse("docker.io/a.b/c")
    assert first.familiar == "a.b/c:latest"
    assert ImageReference.parse(first.familiar) != first
    assert first.for_engine == "docker.io/a.b/c:latest"


@given(st.text() | near_addresses)
@example("nginx\n")
@example("a" * 64)
def test_a_text_is_an_address_or_is_refused_in_one_sentence(text: str) -> None:
    try:
        ImageReference.parse(text)
    except InvalidReferenceError as error:
        assert error.exit_code is ExitCode.USAGE
        assert error.hint
        assert "\n" not in error.message
        suggestion = re.search(r": try (\S+)$", error.message)
        if suggestion:
            ImageReference.parse(suggestion[1])


def test_every_suggestion_for_random_near_addresses_is_an_address() -> None:
    suggested = 0
    for text in noise(3000, 7):
        try:
            ImageReference.parse(text)
        except InvalidReferenceError as error:
            suggestion = re.search(r": try (\S+)$", error.message)
            if suggestion:
                suggested += 1
                ImageReference.parse(suggestion[1])
    assert suggested > 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Nginx", "repository name must be lowercase: try nginx"),
        ("ghcr.io/Org/App:V1", "repository name must be lowercase: try ghcr.io/org/app:V1"),
        ("", "image address is empty"),
        ("nginx\n", "image address has white space around it: try nginx"),
        (
            "https://ghcr.io/a/b",
            "image address cannot contain 'https://': try ghcr.io/a/b",
        ),
        ("a" * 64, "64 hexadecimal digits are an image id, not an address"),
        ("nginx:", "tag is missing after ':': try nginx"),
        ("nginx:" + "x" * 129, "tag is 129 characters long; the limit is 128"),
        (
            "nginx:1 2",
            "tag '1 2' " + TAG_RULE + ": try nginx:1-2",
        ),
        (
            "nginx@md5:" + "a" * 32,
            "digest algorithm 'md5' is not one of sha256, sha384, sha512: try nginx",
        ),
        (
            "nginx@sha256:abc",
            "digest has 3 digits but needs 64: write 64 hexadecimal digits after sha256:",
        ),
        ("nginx@" + SHA.upper(), f"digest must be lowercase: try nginx@{SHA}"),
        ("nginx@sha256:" + "g" * 64, "digest contains characters that are not hexadecimal digits"),
        ("a//b", "repository name has an empty part beside a slash: try a/b"),
        ("localhost:x/a", "registry port 'x' is not a number"),
        (
            "ex_ample:5000/a",
            "registry 'ex_ample' is not a valid host name: use letters, digits, - and .",
        ),
        ("x" * 248, "repository name is 256 characters long with library/; the limit is 255"),
        ("a.b/" + "x" * 256, "repository name is 256 characters long; the limit is 255"),
        ("ghcr.io/", "repository name is missing"),
        (":v1", "repository name is missing"),
        ("ghcr.io/a:fix/x", "tag 'fix/x' " + TAG_RULE + ": try ghcr.io/a:fix-x"),
        ("nginx:fix/x", "registry port 'fix' is not a number: try nginx:fix-x"),
        ("nginx:1:2", "image address has two tags, or a port with no name after it"),
        ("nginx:a:b", "tag 'a:b' " + TAG_RULE + ": try nginx/a:b"),
        ("::1/a", "registry '::1' needs brackets: try [::1]/a"),
        ("[g::1]/a", "registry '[g::1]' is not a valid IPv6 address in brackets, as in [::1]:5000"),
        (
            "me:secret@ghcr.io/a",
            "image address cannot contain a login (use dockmgr login instead): try ghcr.io/a",
        ),
        ("nginx@" + SHA[7:], f"digest has no algorithm: try nginx@{SHA}"),
        (
            "https://hub.docker.com/r/org/app",
            "this is the address of a web page, not of an image: try org/app",
        ),
        ("<none>:<none>", "<none> is not a name: use the id of an image that has no name"),
        ("my image", "image address cannot contain spaces"),
        ("my old image", "repository name cannot contain ' '"),
        (
            "a..b",
            "repository name part 'a..b' " + PART_RULE + ": try a.b",
        ),
    ],
)
def test_a_refusal_says_which_part_is_wrong_and_what_would_be_right(
    text: str, message: str
) -> None:
    with pytest.raises(InvalidReferenceError) as caught:
        ImageReference.parse(text)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("x-b.io/-b", "x-b.io/b"),
        ("a.:1.a.x", "a:1.a.x"),
        ("a-/b-/c_:v1", "a/b/c:v1"),
        ("ghcr.io:443/a//b", "ghcr.io:443/a/b"),
        (f"a..b:v1@{SHA}", f"a.b:v1@{SHA}"),
        (f"a//b@{SHA}", f"a/b@{SHA}"),
        (f"ghcr.io/A:v1@{SHA}", f"ghcr.io/a:v1@{SHA}"),
        ("INDEX.docker.io/A", "INDEX.docker.io/a"),
    ],
)
def test_a_remedy_keeps_what_was_right(text: str, remedy: str) -> None:
    with pytest.raises(InvalidReferenceError) as caught:
        ImageReference.parse(text)
    assert caught.value.message.endswith(f": try {remedy}")


@pytest.mark.parametrize("piece", ["a", "a-", "a.", "A", "/", "a/", "-", "a:", "@", "[", "a_"])
def test_very_long_texts_are_answered_too(piece: str) -> None:
    # Written so that a grammar that backtracks without bound would not come back.
    with pytest.raises(InvalidReferenceError) as caught:
        ImageReference.parse(piece * 50_000 + "!")
    assert len(caught.value.message) < 1000
