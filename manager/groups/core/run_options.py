"""The options of ``docker run``, with its names and meanings, and the create call they make."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from manager.groups.core import option_values as read
from manager.groups.core.mounts import Mount
from manager.groups.core.option_values import option_error
from manager.model.naming import fill_placeholders

BUILT_IN_NETWORKS = ("bridge", "default", "host", "none", "nat")
"""Networks that every engine has, and on which names of containers mean nothing."""
ApiBody = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What containers are made with, as it was typed: every text may hold ``{n}``.

    Source: the ``docker run`` reference. The fields have the names of its options.
    """

    env: tuple[str, ...] = ()
    """``KEY=VALUE`` each."""
    label: tuple[str, ...] = ()
    volume: tuple[str, ...] = ()
    mount: tuple[str, ...] = ()
    tmpfs: tuple[str, ...] = ()
    publish: tuple[str, ...] = ()
    publish_all: bool = False
    network: str = ""
    network_alias: tuple[str, ...] = ()
    hostname: str = ""
    add_host: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    user: str = ""
    workdir: str = ""
    entrypoint: str | None = None
    """Empty takes the image's own away."""
    init: bool = False
    restart: str = ""
    rm: bool = False
    stop_signal: str = ""
    stop_timeout: int | None = None
    """Seconds."""
    memory: str = ""
    cpus: str = ""
    gpus: str = ""
    shm_size: str = ""
    ulimit: tuple[str, ...] = ()
    read_only: bool = False
    privileged: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    health_cmd: str = ""
    health_interval: str = ""
    health_timeout: str = ""
    health_start_period: str = ""
    health_retries: int | None = None
    no_healthcheck: bool = False
    log_driver: str = ""
    log_opt: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    """What stands after the image."""

    def for_member(self, number: int) -> "RunOptions":
        """The options with a member's number in its places; the ports are chosen elsewhere.

        Raises:
            ManagerError: (usage) the number is asked for in a form that there is not.
        """
        changed: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name == "publish" or not value:
                continue
            if isinstance(value, str):
                changed[one.name] = fill_placeholders(value, number)
            elif isinstance(value, tuple):
                changed[one.name] = tuple(fill_placeholders(text, number) for text in value)
        return replace(self, **changed)

    def given(self) -> dict[str, Any]:
        """What differs from the defaults, by name."""
        return {
            one.name: value
            for one in fields(self)
            if (value := getattr(self, one.name)) != one.default
        }


def create_body(options: RunOptions) -> ApiBody:
    """The body of the engine's create call, but for image, ports and the labels of a group.

    Source: Docker Engine API 1.41, ``POST /containers/create``; what the client of Docker 28 sends.

    Args:
        options: of one member, without ``{n}``.

    Raises:
        ManagerError: (usage) an option is not in its syntax, or two do not go together.
    """
    _refuse_contradictions(options)
    mounts = [Mount.parse(text) for text in options.mount]
    binds, anonymous = _parse_volumes(options.volume)
    anonymous |= {mount.target: {} for mount in mounts if mount.anonymous_volume}
    config: ApiBody = {
        "Env": [read.parse_variable(text) for text in options.env],
        "Labels": dict(read.parse_pair("--label", text) for text in options.label),
        "Volumes": anonymous,
        "Hostname": options.hostname,
        "User": options.user,
        "WorkingDir": read.parse_absolute_path("--workdir", options.workdir)
        if options.workdir
        else "",
        "StopSignal": options.stop_signal,
        "StopTimeout": read.check_minimum("--stop-timeout", options.stop_timeout, -1),
        "Healthcheck": _healthcheck(options),
        "Cmd": list(options.command),
        "HostConfig": _drop_unset(_host_config(options, binds, mounts)),
        "NetworkingConfig": _networking_config(options),
    }
    if options.entrypoint is not None:
        config["Entrypoint"] = [options.entrypoint]
    return _drop_unset(config)


def _drop_unset(body: ApiBody) -> ApiBody:
    """Without what was not asked for: the engine then takes the image's, or its own."""
    return {
        key: value
        for key, value in body.items()
        if value is not None and value is not False and value not in ("", [], {})
    }


def _host_config(options: RunOptions, binds: list[str], mounts: list[Mount]) -> ApiBody:
    paths: ApiBody = {}
    if "systempaths=unconfined" in options.security_opt:
        paths = {"MaskedPaths": (), "ReadonlyPaths": ()}  # empty, and yet to be sent
    return {
        **paths,
        "Binds": binds,
        "Mounts": [mount.body() for mount in mounts if not mount.anonymous_volume],
        "Tmpfs": dict(read.parse_tmpfs(text) for text in options.tmpfs),
        "PublishAllPorts": options.publish_all,
        "NetworkMode": options.network,
        "ExtraHosts": [read.parse_extra_host(text) for text in options.add_host],
        "Dns": [read.parse_ip_address("--dns", text) for text in options.dns],
        "Init": options.init,
        "RestartPolicy": read.parse_restart_policy(options.restart),
        "AutoRemove": options.rm,
        "Memory": read.parse_memory("--memory", options.memory) or None,
        "NanoCpus": read.parse_nano_cpus(options.cpus) or None,
        "DeviceRequests": read.parse_gpus(options.gpus),
        "ShmSize": read.parse_memory("--shm-size", options.shm_size) or None,
        "Ulimits": [read.parse_ulimit(text) for text in options.ulimit],
        "ReadonlyRootfs": options.read_only,
        "Privileged": options.privileged,
        "CapAdd": [read.parse_capability(name) for name in options.cap_add],
        "CapDrop": [read.parse_capability(name, "--cap-drop") for name in options.cap_drop],
        "SecurityOpt": [text for text in options.security_opt if text != "systempaths=unconfined"],
        "LogConfig": _log_config(options),
    }


def _refuse_contradictions(options: RunOptions) -> None:
    if options.rm and options.restart not in {"", "no"}:
        raise option_error("--rm", "", "and --restart do not go together", "only one of the two")
    if options.network_alias and (
        not options.network
        or options.network in BUILT_IN_NETWORKS
        or options.network.startswith("container:")
    ):
        raise option_error(
            "--network-alias",
            options.network_alias[0],
            "needs a network that somebody made",
            "--network lan --network-alias web, after: docker network create lan",
        )
    if options.no_healthcheck and any(
        (options.health_cmd, options.health_interval, options.health_timeout)
    ):
        raise option_error(
            "--no-healthcheck", "", "and --health-* do not go together", "one of the two"
        )


def _parse_volumes(volumes: tuple[str, ...]) -> tuple[list[str], dict[str, Any]]:
    """Those with a source, and the targets of those without one."""
    binds: list[str] = []
    anonymous: dict[str, Any] = {}
    for text in volumes:
        source, colon, rest = text.partition(":")
        if not text or (colon and not (source and rest)):
            raise option_error("--volume", text, "has an empty part", "--volume ./site:/srv:ro")
        read.parse_absolute_path("--volume", rest.partition(":")[0] if colon else source)
        if colon:
            binds.append(text)
        else:
            anonymous[source] = {}
    return binds, anonymous


def _networking_config(options: RunOptions) -> ApiBody:
    if not options.network_alias:
        return {}
    aliases = {"Aliases": list(options.network_alias)}
    return {"EndpointsConfig": {options.network: aliases}}


def _healthcheck(options: RunOptions) -> ApiBody:
    if options.no_healthcheck:
        return {"Test": ["NONE"]}
    return _drop_unset(
        {
            "Test": ["CMD-SHELL", options.health_cmd] if options.health_cmd else [],
            "Interval": read.parse_nanoseconds("--health-interval", options.health_interval)
            or None,
            "Timeout": read.parse_nanoseconds("--health-timeout", options.health_timeout) or None,
            "StartPeriod": read.parse_nanoseconds(
                "--health-start-period", options.health_start_period
            )
            or None,
            "Retries": read.check_minimum("--health-retries", options.health_retries, 0),
        }
    )


def _log_config(options: RunOptions) -> ApiBody:
    config = dict(read.parse_pair("--log-opt", text) for text in options.log_opt)
    if config and options.log_driver == "none":
        raise option_error(
            "--log-opt", options.log_opt[0], "means nothing to the driver none", "none"
        )
    return _drop_unset({"Type": options.log_driver, "Config": config})


def parse_run_options(data: Mapping[str, Any]) -> RunOptions:
    """Options from what `RunOptions.given` said, lists in place of tuples.

    Raises:
        ValueError: there is no such option, or a value is of another kind.
    """
    defaults = RunOptions()
    values: dict[str, Any] = {}
    for name, value in data.items():
        if name not in RunOptions.__slots__:
            raise ValueError(name)
        default = getattr(defaults, name)
        if isinstance(default, tuple):
            if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
                raise ValueError(name)
            values[name] = tuple(value)
            continue
        expected = {"stop_timeout": int, "health_retries": int, "entrypoint": str}
        if type(value) is not expected.get(name, type(default)):
            raise ValueError(name)
        values[name] = value
    return RunOptions(**values)
