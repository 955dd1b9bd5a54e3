"""The options of docker run: their syntax, and the create call they make."""

import json
from dataclasses import replace
from typing import Any

import pytest

from manager.errors import ExitCode, ManagerError
from manager.groups.core.create_request import create_body
from manager.groups.core.mounts import Mount
from manager.groups.core.run_options import RUN_OPTIONS, RunOptions, parse_run_options
from manager.groups.local_values import LocalSources, resolve_options, resolve_variables


def body(**options: Any) -> dict[str, Any]:
    return create_body(RunOptions(**options))


def host(**options: Any) -> dict[str, Any]:
    found: dict[str, Any] = body(**options).get("HostConfig", {})
    return found


def test_what_was_not_asked_for_is_left_to_the_image_and_the_engine() -> None:
    assert body() == {}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"memory": "512m"}, {"Memory": 512 * 1024**2}),
        ({"memory": "1.5g"}, {"Memory": 1536 * 1024**2}),
        ({"memory": "100"}, {"Memory": 100}),
        ({"memory": "64KiB"}, {"Memory": 65536}),
        ({"cpus": "1.5"}, {"NanoCpus": 1_500_000_000}),
        (
            {"restart": "on-failure:3"},
            {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}},
        ),
        ({"restart": "always"}, {"RestartPolicy": {"Name": "always"}}),
        ({"tmpfs": ("/run:size=1m", "/cache")}, {"Tmpfs": {"/run": "size=1m", "/cache": ""}}),
        ({"add_host": ("db:192.0.2.1",)}, {"ExtraHosts": ["db:192.0.2.1"]}),
        ({"add_host": ("gw=host-gateway",)}, {"ExtraHosts": ["gw:host-gateway"]}),
        ({"add_host": ("six:[::1]",)}, {"ExtraHosts": ["six:::1"]}),
        ({"dns": ("192.0.2.53",)}, {"Dns": ["192.0.2.53"]}),
        ({"ulimit": ("nofile=10:20",)}, {"Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 20}]}),
        ({"rm": True, "init": True}, {"AutoRemove": True, "Init": True}),
        ({"cap_add": ("net_admin", "ALL")}, {"CapAdd": ["CAP_NET_ADMIN", "ALL"]}),
        ({"cap_drop": ("CAP_MKNOD",)}, {"CapDrop": ["CAP_MKNOD"]}),
        ({"log_driver": "none"}, {"LogConfig": {"Type": "none"}}),
        ({"log_opt": ("max-size=1m",)}, {"LogConfig": {"Config": {"max-size": "1m"}}}),
        (
            {"security_opt": ("systempaths=unconfined", "no-new-privileges")},
            {"MaskedPaths": (), "ReadonlyPaths": (), "SecurityOpt": ["no-new-privileges"]},
        ),
    ],
)
def test_of_the_host(options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert host(**options) == expected


@pytest.mark.parametrize(
    ("text", "count", "devices", "capabilities"),
    [
        ("all", -1, None, ["gpu"]),
        ("2", 2, None, ["gpu"]),
        ('"device=0,1"', 0, ["0", "1"], ["gpu"]),
        ("driver=nvidia,capabilities=compute", 1, None, ["compute", "gpu"]),
    ],
)
def test_gpus(text: str, count: int, devices: list[str] | None, capabilities: list[str]) -> None:
    (request,) = host(gpus=text)["DeviceRequests"]
    assert (request["Count"], request["DeviceIDs"]) == (count, devices)
    assert request["Capabilities"] == [capabilities]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"entrypoint": ""}, {"Entrypoint": [""]}),
        ({"stop_timeout": 0}, {"StopTimeout": 0}),
        ({"no_healthcheck": True}, {"Healthcheck": {"Test": ["NONE"]}}),
        ({"health_interval": "4"}, {"Healthcheck": {"Interval": 4_000_000_000}}),
        ({"health_start_period": "500ms"}, {"Healthcheck": {"StartPeriod": 500_000_000}}),
        (
            {"health_cmd": "true", "health_interval": "1m30s", "health_retries": 2},
            {
                "Healthcheck": {
                    "Test": ["CMD-SHELL", "true"],
                    "Interval": 90_000_000_000,
                    "Retries": 2,
                }
            },
        ),
        (
            {"network": "lan", "network_alias": ("web",)},
            {
                "HostConfig": {"NetworkMode": "lan"},
                "NetworkingConfig": {"EndpointsConfig": {"lan": {"Aliases": ["web"]}}},
            },
        ),
    ],
)
def test_of_the_container(options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert body(**options) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "type=bind,src=/a,dst=/b,ro",
            {"Type": "bind", "Source": "/a", "Target": "/b", "ReadOnly": True},
        ),
        ("source=data,target=/b", {"Type": "volume", "Source": "data", "Target": "/b"}),
        (
            "type=tmpfs,destination=/b,tmpfs-size=1m,tmpfs-mode=1770",
            {
                "Type": "tmpfs",
                "Target": "/b",
                "TmpfsOptions": {"SizeBytes": 1048576, "Mode": 0o1770},
            },
        ),
        (
            'type=volume,source=d,target=/b,volume-driver=local,"volume-opt=o=size=1m,uid=1"',
            {
                "Type": "volume",
                "Source": "d",
                "Target": "/b",
                "VolumeOptions": {
                    "DriverConfig": {"Name": "local", "Options": {"o": "size=1m,uid=1"}}
                },
            },
        ),
        ("source=d,target=/b,readonly=false", {"Type": "volume", "Source": "d", "Target": "/b"}),
    ],
)
def test_mounts(text: str, expected: dict[str, Any]) -> None:
    assert Mount.parse(text).to_api_body() == expected


def test_a_volume_without_a_name_goes_with_its_container() -> None:
    assert body(mount=("type=volume,target=/data",)) == {"Volumes": {"/data": {}}}


@pytest.mark.parametrize(
    "options",
    [
        {"env": ("=x",)},
        {"env": ("",)},
        {"label": ("=x",)},
        {"volume": (":/x",)},
        {"volume": ("data:relative",)},
        {"volume": ("",)},
        {"mount": ("type=bind,target=/x",)},
        {"mount": ("type=bind,source=/x",)},
        {"mount": ("type=odd,target=/x",)},
        {"mount": ("type=tmpfs,source=/a,target=/x",)},
        {"mount": ("target=/x,colour=red",)},
        {"mount": ("target=/x,tmpfs-size=1m",)},
        {"mount": ("target=/x,readonly=maybe",)},
        {"mount": ("",)},
        {"mount": ("type=tmpfs,target=/x,tmpfs-mode=9",)},
        {"tmpfs": ("cache",)},
        {"workdir": "here"},
        {"memory": "much"},
        {"memory": "-1"},
        {"memory": "9" * 50},
        {"cpus": "many"},
        {"cpus": "0.0000000001"},
        {"cpus": "NaN"},
        {"cpus": "-1"},
        {"gpus": "device="},
        {"gpus": "some"},
        {"gpus": "all\ntwo"},
        {"mount": ("type=bind\n,target=/x",)},
        {"memory": "99999999999g"},
        {"cpus": "1e40"},
        {"ulimit": ("nofile=1:9999999999999999999",)},
        {"restart": "sometimes"},
        {"restart": "always:3"},
        {"restart": "on-failure:x"},
        {"rm": True, "restart": "always"},
        {"add_host": ("db",)},
        {"add_host": ("db:nowhere",)},
        {"dns": ("localhost",)},
        {"ulimit": ("nofile",)},
        {"health_interval": "5y"},
        {"no_healthcheck": True, "health_retries": 2},
        {"health_interval": "1ns"},
        {"health_retries": -1},
        {"no_healthcheck": True, "health_cmd": "true"},
        {"network_alias": ("web",)},
        {"network_alias": ("web",), "network": "host"},
        {"log_driver": "none", "log_opt": ("a=b",)},
        {"stop_timeout": -2},
        {"cap_add": ("net admin",)},
    ],
)
def test_what_is_not_in_dockers_syntax_is_refused_beforehand(options: dict[str, Any]) -> None:
    with pytest.raises(ManagerError) as caught:
        body(**options)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint
    assert len(caught.value.message) < 200


def test_every_text_may_hold_the_number() -> None:
    options = RunOptions(
        env=("ID={n:02}",), hostname="web{n}", command=("sh", "-c", "echo ${n}{n}")
    )
    third = options.for_member(3)
    assert (third.env, third.hostname) == (("ID=03",), "web3")
    assert third.command == ("sh", "-c", "echo ${n}3")


KEPT_VALUES: dict[str, Any] = {
    "texts": ("A=1",),
    "text": "a",
    "duration": "30s",
    "seconds": 0,
    "number": 0,
    "switch": True,
}


@pytest.mark.parametrize("name", RUN_OPTIONS)
def test_each_option_is_kept_as_plain_data_and_read_back(name: str) -> None:
    options = replace(RunOptions(), **{name: KEPT_VALUES[RUN_OPTIONS[name].kind]})
    assert options != RunOptions()
    assert parse_run_options(json.loads(json.dumps(options.to_data()))) == options


def test_options_are_kept_as_plain_data_and_read_back() -> None:
    options = RunOptions(env=("A=1",), entrypoint="", command=("sh", "-c", "x"))
    assert parse_run_options(json.loads(json.dumps(options.to_data()))) == options
    for odd in (
        {"nosuch": 1},
        {"env": "A=1"},
        {"init": "yes"},
        {"env": [1]},
        {"stop_timeout": "1"},
        {"stop_timeout": True},
        {"health_interval": 30},
    ):
        with pytest.raises(ValueError, match=r"\w+"):
            parse_run_options(odd)


def test_a_variable_that_is_passed_on_keeps_its_braces() -> None:
    shell = {"FORM": "a{n}"}
    assert resolve_variables(["FORM", "NOSUCH", "B={n}"], shell) == ("FORM=a{n}", "B={n}")
    typed = resolve_options(RunOptions(env=("FORM", "B={n}")), LocalSources(shell, None))
    assert typed.for_member(2).env == ("FORM=a{n}", "B=2")
