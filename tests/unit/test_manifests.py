"""Manifests, indexes and configurations as registries give them, and platforms."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.registry.core.manifests import (
    DOCKER_MANIFEST,
    DOCKER_MANIFEST_LIST,
    OCI_INDEX,
    OCI_MANIFEST,
    Blob,
    ImageIndex,
    IndexEntry,
    MalformedDocumentError,
    RegistryManifest,
    parse_image_config,
    parse_manifest,
)
from manager.registry.core.platforms import choose_entry, engine_platform, normalise_platform

D = "sha256:" + "d" * 64
E = "sha256:" + "e" * 64
CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": D, "size": 7}
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": E, "size": 9}
MANIFEST = {"schemaVersion": 2, "config": CONFIG, "layers": [LAYER, LAYER]}


def raw(row: object) -> bytes:
    return json.dumps(row).encode()


def entry(platform: str, **more: Any) -> dict[str, Any]:
    system, _, rest = platform.partition("/")
    machine, _, variant = rest.partition("/")
    told = {"os": system, "architecture": machine, **({"variant": variant} if variant else {})}
    return {"mediaType": OCI_MANIFEST, "digest": D, "size": 5, "platform": told, **more}


@pytest.mark.parametrize("kind", [OCI_MANIFEST, DOCKER_MANIFEST, f"{OCI_MANIFEST}; charset=utf-8"])
def test_a_manifest(kind: str) -> None:
    found = parse_manifest(raw(MANIFEST), kind)
    assert isinstance(found, RegistryManifest)
    assert [it.digest for it in found.layers] == [E, E]
    assert found.download == 16  # the same layer comes once


@pytest.mark.parametrize("kind", [OCI_INDEX, DOCKER_MANIFEST_LIST, ""])
def test_an_index_without_its_attestations(kind: str) -> None:
    rows = [
        entry("linux/amd64"),
        entry("linux/arm64/v8"),
        entry("unknown/unknown"),
        entry("linux/amd64", annotations={"vnd.docker.reference.type": "attestation-manifest"}),
        entry("linux/amd64", artifactType="application/x"),
        entry("linux/s390x", mediaType="application/vnd.other"),
    ]
    found = parse_manifest(raw({"schemaVersion": 2, "manifests": rows}), kind)
    assert isinstance(found, ImageIndex)
    assert [it.platform for it in found.entries] == ["linux/amd64", "linux/arm64/v8"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "is not valid JSON"),
        (b"[1]", "malformed"),
        (b"[" * 100_000, "is not valid JSON"),
        (raw({"schemaVersion": 1, "fsLayers": []}), "schema 1"),
        (raw({"schemaVersion": 2}), "not an image"),
        (raw({**MANIFEST, "layers": [{**LAYER, "digest": "sha256:x"}]}), "malformed"),
        (raw({**MANIFEST, "layers": [{**LAYER, "size": -1}]}), "malformed"),
        (raw({**MANIFEST, "layers": None}), "malformed"),
        (
            raw({**MANIFEST, "config": {**CONFIG, "mediaType": "a/chart"}}),
            "not an image but a/chart",
        ),
        (raw({"schemaVersion": 2, "manifests": [1]}), "malformed"),
    ],
)
def test_what_is_none(body: bytes, said: str) -> None:
    with pytest.raises(MalformedDocumentError, match=said) as caught:
        parse_manifest(body)
    assert caught.value.exit_code == 4
    assert caught.value.hint


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["manifests", "config", "layers", "digest", "size", "rootfs", "os"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_nothing_is_too_odd_to_be_refused(row: object) -> None:
    for read in (parse_manifest, parse_image_config):
        try:
            read(raw(row))
        except MalformedDocumentError:
            continue


def test_a_configuration() -> None:
    row = {
        "os": "linux",
        "architecture": "arm",
        "variant": "v7",
        "created": "2026-01-02T03:04:05.123456789Z",
        "rootfs": {"type": "layers", "diff_ids": [D, E]},
        "config": {"Cmd": ["sh"], "Labels": {"a": "b"}},
    }
    found = parse_image_config(raw(row))
    assert (found.platform, found.diff_ids, found.labels) == ("linux/arm/v7", (D, E), {"a": "b"})
    assert found.created == datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)
    assert parse_image_config(b"{}").created is None
    assert parse_image_config(raw({"created": "yesterday", "config": None})).created is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", "linux/amd64"),
        ("Linux/x86_64", "linux/amd64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/armv7l", "linux/arm/v7"),
        ("linux/arm", "linux/arm/v7"),
        ("arm64", "linux/arm64"),
        ("linux/i686", "linux/386"),
        ("windows", "windows"),
    ],
)
def test_platforms_are_named_in_one_way(text: str, expected: str) -> None:
    assert normalise_platform(text) == expected


def test_the_platform_of_an_engine() -> None:
    assert engine_platform({"OSType": "linux", "Architecture": "x86_64"}) == "linux/amd64"
    assert engine_platform({"Architecture": "aarch64"}) == "linux/arm64"
    assert engine_platform({}) == "linux/amd64"


@pytest.mark.parametrize(
    ("there", "wanted", "taken"),
    [
        (["linux/amd64", "linux/arm64"], "linux/arm64", "linux/arm64"),
        (["linux/arm64/v8"], "linux/arm64", "linux/arm64/v8"),
        (["linux/386", "linux/arm64"], "linux/amd64", "linux/386"),
        (["linux/arm/v5", "linux/arm/v6"], "linux/arm/v7", "linux/arm/v6"),
        (["linux/arm/v7", "linux/s390x"], "linux/arm64", "linux/arm/v7"),
        (["linux/amd64"], "linux/amd64/v3", "linux/amd64"),
        (["linux/amd64"], "linux/amd64/v99999999999", "linux/amd64"),
        (["linux/amd64"], "linux/amd64/v²", "linux/amd64"),
        (["linux/amd64"], "windows/amd64", None),
        (["linux/arm/v7"], "linux/arm/v6", None),
        ([], "linux/amd64", None),
    ],
)
def test_the_entry_that_an_engine_takes(there: list[str], wanted: str, taken: str | None) -> None:
    found = choose_entry([IndexEntry(Blob(D, 1), it) for it in there], wanted)
    assert (found.platform if found else None) == taken
