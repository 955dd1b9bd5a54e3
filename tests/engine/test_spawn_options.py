"""The options of docker run mean to spawn what they mean to the docker client itself."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from manager.engine.client import Engine
from tests import docker_client
from tests.command import Command

SETS: dict[str, list[str]] = {
    "variables": ["-e", "A=1", "-e", "B=two words", "-e", "EMPTY="],
    "labels": ["--label", "a=1", "--label", "bare"],
    "place": ["--user", "1000:1000", "--workdir", "/bin", "--hostname", "box"],
    "entrypoint": ["--entrypoint", "sleep"],
    "volumes": ["-v", "/data", "-v", "named:/named:ro", "-v", "./tests:/tests:ro"],
    "mounts": [
        *("--mount", "type=volume,source=named,target=/named,volume-label=a=b"),
        *("--mount", "type=tmpfs,target=/cache,tmpfs-size=1m,tmpfs-mode=1770"),
        *("--mount", f"type=bind,source={Path.cwd()}/tests,target=/here,readonly"),
    ],
    "tmpfs": ["--tmpfs", "/run:size=1m", "--tmpfs", "/scratch"],
    "ports": ["-p", "9000:80", "-p", "127.0.0.1:9001:81/udp", "-p", "9100-9101:90-91"],
    "network": ["--network", "lan", "--network-alias", "web", "--network-alias", "www"],
    "names": ["--add-host", "db:192.0.2.1", "--dns", "192.0.2.53"],
    "restart": ["--restart", "on-failure:3"],
    "ending": ["--stop-signal", "SIGUSR1", "--stop-timeout", "3", "--init"],
    "memory": ["--memory", "64m", "--shm-size", "1m"],
    "cpus": ["--cpus", "0.5"],
    "limits": ["--ulimit", "nofile=512:1024"],
    "rights": ["--read-only", "--cap-add", "NET_ADMIN", "--cap-drop", "MKNOD"],
    "security": ["--security-opt", "no-new-privileges"],
    "health": [
        *("--health-cmd", "true", "--health-interval", "30s", "--health-timeout", "1m30s"),
        *("--health-retries", "2", "--health-start-period", "500ms"),
    ],
    "no health": ["--no-healthcheck"],
    "logs": ["--log-driver", "json-file", "--log-opt", "max-size=1m"],
    "files": ["--env-file", "{folder}/vars", "--label-file", "{folder}/labels"],
}
OURS = "dockmgr."
NOT_COMPARED = frozenset({"AttachStdout", "AttachStderr", "Image", "ConsoleSize", "PidsLimit"})
"""What the client asks for because it may attach, and the image, which it names as it was typed.
A limit of 0 processes, which it always sends, is the engine's own to Docker, and none to Podman."""


@pytest.fixture
def surroundings(
    run: Command, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A network, and files of variables and labels."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "vars").write_text('# a comment\n\nA=1\nB= kept as it is "\n', encoding="utf-8")
    (folder / "labels").write_text("stage=test\nbare\n", encoding="utf-8")
    run.ok("pull", "busybox")
    network = engine.api.create_network("lan")["Id"]
    yield folder
    for container in engine.containers.list():
        engine.containers.remove(container.id, force=True, volumes=True)
    engine.api.remove_network(network)
    engine.api.remove_volume("named", force=True)


def test_they_make_the_container_that_the_docker_client_makes(
    run: Command, engine: Engine, program_env: dict[str, str], surroundings: Path
) -> None:
    docker = docker_client.docker()
    for name, flags in SETS.items():
        flags = [flag.format(folder=surroundings) for flag in flags]  # noqa: PLW2901
        if engine.is_podman:
            # A lab has no program that Podman could run as an init.
            flags = [flag for flag in flags if flag != "--init"]  # noqa: PLW2901
        command = ["600"] if name == "entrypoint" else ["sleep", "600"]
        made = subprocess.run(
            [docker, "run", "--detach", "--name", "theirs", *flags, "busybox", *command],
            env=program_env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, (name, made.stderr)
        theirs = looked_at(engine, "theirs")
        engine.containers.remove("theirs", force=True, volumes=True)
        run.ok("spawn", "busybox", "--name", "ours", *flags, "--", *command)
        ours = looked_at(engine, "ours1")
        engine.containers.remove("ours1", force=True, volumes=True)
        unlike = different(ours, theirs)
        assert not unlike, f"{name}: {unlike}"


def different(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """What is not the same, by its path."""
    found = {}
    for key in ours.keys() | theirs.keys():
        one, other = ours.get(key), theirs.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found.update({f"{key}.{k}": v for k, v in different(one, other).items()})
        elif one != other:
            found[key] = {"ours": one, "theirs": other}
    return found


def looked_at(engine: Engine, name: str) -> dict[str, Any]:
    """What a container was made with, as the engine tells it, without what is its own."""
    told = engine.containers.inspect(name)
    config, host = told["Config"], told["HostConfig"]
    config["Labels"] = {k: v for k, v in config["Labels"].items() if not k.startswith(OURS)}
    config["Env"] = sorted(
        it for it in config["Env"] if not it.startswith(("DOCKMGR_", "HOSTNAME="))
    )
    if told["Id"].startswith(config["Hostname"]) or config["Hostname"] == name:
        del config["Hostname"]
    if host.get("NetworkMode") == "default":
        host["NetworkMode"] = "bridge"
    binds = host.get("Binds") or []
    host["Binds"] = sorted(re.sub("^[0-9a-f]{64}:", "anonymous:", bind) for bind in binds)
    host.get("Annotations", {}).pop("io.podman.annotations.pids-limit", None)
    # Older clients and engines write `no`, where others write nothing.
    if (host.get("RestartPolicy") or {}).get("Name") == "no":
        del host["RestartPolicy"]
    aliases = {
        network: sorted({*(row.get("Aliases") or ())} & {"web", "www"})
        for network, row in told["NetworkSettings"]["Networks"].items()
    }
    mounts = [
        (row["Type"], row["Destination"], row.get("RW"), row["Type"] == "bind" and row["Source"])
        for row in told["Mounts"]
    ]
    return {
        "config": said(config),
        "host": said(host),
        "aliases": aliases,
        "mounts": sorted(mounts),
    }


def said(row: Any) -> Any:
    """A row without what says nothing: older engines leave such fields out."""
    if isinstance(row, dict):
        found = {key: said(value) for key, value in row.items() if key not in NOT_COMPARED}
        return {key: value for key, value in found.items() if value}
    return [said(one) for one in row] if isinstance(row, list) else row
