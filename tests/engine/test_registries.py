"""Pulling from registries of every kind, under their real names and with TLS."""

import json

import pytest

from manager.adapters.engine.client import Engine
from tests.command import Command
from tests.engine.forest import archive, local_image, noise, packed_image
from tests.registry_world import World


def test_try(world: World, run: Command, engine: Engine, tmp_path):
    made = packed_image(tmp_path, [archive({"a": noise("world", 30000)})], "amd64")
    world.push(local_image("team/app", "v1", made), local_image("team/private/app", "v1", made))
    for r in (
        "docker.io/team/app:v1",
        "registry.example.com/team/app:v1",
        "registry.example.com:5443/team/app:v1",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1",
        "ghcr.io/team/app:v1",
        "ghcr.io/team/private/app:v1",
        "quay.io/team/app:v1",
    ):
        res = run("pull", r)
        print(r, res)
    print(world.run("images"))
    print(world.run("prune", "--all", "--dry-run", "--why"))
    assert 0
