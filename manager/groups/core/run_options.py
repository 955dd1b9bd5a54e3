"""The options of ``docker run``, each declared once."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from manager.groups.core.option_values import (
    parse_absolute_path,
    parse_capability,
    parse_extra_host,
    parse_gpus,
    parse_ip_address,
    parse_memory,
    parse_nano_cpus,
    parse_nanoseconds,
    parse_restart_policy,
    parse_tmpfs,
    parse_ulimit,
    parse_variable,
)
from manager.groups.core.request_writers import (
    minimum,
    write_mounts,
    write_network_aliases,
    write_nothing,
    write_pairs_to,
    write_security_options,
    write_volumes,
)
from manager.groups.core.run_option import OptionPanel, RunOption
from manager.model.naming import fill_placeholders

PORTS = OptionPanel("Ports")
VARIABLES = OptionPanel("Variables and labels")
PROCESS = OptionPanel("Process")
FILES = OptionPanel("Files")
NETWORK = OptionPanel("Network")
LIFE = OptionPanel("Restarting and stopping")
LIMITS = OptionPanel("Limits")
RIGHTS = OptionPanel("Privileges")
HEALTH = OptionPanel("Health checks")
LOGS = OptionPanel("Logs")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What containers are made with, as typed: every text may hold ``{n}``.

    A row declares an option: its flag and its key in a groups file (the field's name), its help,
    and what it puts into the create call. Source: the ``docker run`` reference.
    """

    publish: tuple[str, ...] = PORTS.texts(
        "-p [HOST:]PORT", "8080:80", "Publish a port: 8080:80 gives 8080, 8081…", write_nothing
    )
    publish_all: bool = PORTS.switch(
        "-P", "Publish every port that the image exposes.", "HostConfig.PublishAllPorts"
    )
    env: tuple[str, ...] = VARIABLES.texts(
        "-e KEY[=VALUE]", "KEY=value", "Set a variable, or pass on your own.", "Env", parse_variable
    )
    env_file: tuple[str, ...] = VARIABLES.texts(
        "FILE", "web.env", "Read variables from a file, one per line.", write_nothing
    )
    label: tuple[str, ...] = VARIABLES.texts(
        "-l KEY[=VALUE]", "key=value", "Set a label.", write_pairs_to("Labels")
    )
    label_file: tuple[str, ...] = VARIABLES.texts(
        "FILE", "web.labels", "Read labels from a file, one per line.", write_nothing
    )
    user: str = PROCESS.text("-u USER[:GROUP]", "1000:1000", "Run as this user.", "User")
    workdir: str = PROCESS.text(
        "-w PATH", "/srv", "Run in this folder.", "WorkingDir", parse_absolute_path
    )
    entrypoint: str | None = PROCESS.clearable_text(
        "PROGRAM", "sh", "Replace the image's entrypoint.", "Entrypoint", lambda it: [it]
    )
    init: bool = PROCESS.switch(
        "", "Run an init that forwards signals and reaps processes.", "HostConfig.Init"
    )
    volume: tuple[str, ...] = FILES.texts(
        "-v [SOURCE:]PATH[:ro]", "./site:/srv:ro", "Mount a folder or a volume.", write_volumes
    )
    mount: tuple[str, ...] = FILES.texts(
        "FIELDS", "type=bind,source=/srv/site,target=/site", "Mount anything.", write_mounts
    )
    tmpfs: tuple[str, ...] = FILES.texts(
        "PATH[:OPTIONS]",
        "/cache",
        "Mount a folder in memory.",
        write_pairs_to("HostConfig.Tmpfs", parse_tmpfs),
    )
    network: str = NETWORK.text("NAME", "lan", "Connect to this network.", "HostConfig.NetworkMode")
    network_alias: tuple[str, ...] = NETWORK.texts(
        "NAME", "web", "Add a name on that network.", write_network_aliases
    )
    hostname: str = NETWORK.text("NAME", "web-{n}", "Set the container's hostname.", "Hostname")
    add_host: tuple[str, ...] = NETWORK.texts(
        "NAME:IP",
        "db:192.0.2.1",
        "Add a line to /etc/hosts.",
        "HostConfig.ExtraHosts",
        parse_extra_host,
    )
    dns: tuple[str, ...] = NETWORK.texts(
        "IP", "192.0.2.1", "Use this name server.", "HostConfig.Dns", parse_ip_address
    )
    restart: str = LIFE.text(
        "POLICY",
        "on-failure:3",
        "no, always, unless-stopped or on-failure[:TIMES].",
        "HostConfig.RestartPolicy",
        parse_restart_policy,
    )
    rm: bool = LIFE.switch("", "Remove each container when it ends.", "HostConfig.AutoRemove")
    stop_signal: str = LIFE.text("SIGNAL", "SIGQUIT", "Stop with this signal.", "StopSignal")
    stop_timeout: int | None = LIFE.seconds(
        "10s", "Kill what has not stopped after this time.", "StopTimeout", minimum(-1)
    )
    memory: str = LIMITS.text(
        "-m SIZE", "512m", "Limit the memory.", "HostConfig.Memory", parse_memory
    )
    cpus: str = LIMITS.text(
        "NUMBER", "1.5", "Limit the processors.", "HostConfig.NanoCpus", parse_nano_cpus
    )
    gpus: str = LIMITS.text(
        "WHICH", "all", "Add GPUs: all, 2 or device=0.", "HostConfig.DeviceRequests", parse_gpus
    )
    shm_size: str = LIMITS.text(
        "SIZE", "64m", "Set the size of /dev/shm.", "HostConfig.ShmSize", parse_memory
    )
    ulimit: tuple[str, ...] = LIMITS.texts(
        "NAME=SOFT[:HARD]",
        "nofile=1024:2048",
        "Set a kernel limit.",
        "HostConfig.Ulimits",
        parse_ulimit,
    )
    read_only: bool = RIGHTS.switch(
        "", "Make the root file system read-only.", "HostConfig.ReadonlyRootfs"
    )
    privileged: bool = RIGHTS.switch("", "Full access to the host.", "HostConfig.Privileged")
    cap_add: tuple[str, ...] = RIGHTS.texts(
        "NAME", "NET_ADMIN", "Add a capability.", "HostConfig.CapAdd", parse_capability
    )
    cap_drop: tuple[str, ...] = RIGHTS.texts(
        "NAME", "ALL", "Drop a capability.", "HostConfig.CapDrop", parse_capability
    )
    security_opt: tuple[str, ...] = RIGHTS.texts(
        "OPTION", "no-new-privileges", "Set a security option.", write_security_options
    )
    health_cmd: str = HEALTH.text(
        "COMMAND",
        "curl -f localhost",
        "Check health with this command.",
        "Healthcheck.Test",
        lambda it: ["CMD-SHELL", it],
    )
    health_interval: str = HEALTH.duration(
        "30s", "Time between checks.", "Healthcheck.Interval", parse_nanoseconds
    )
    health_timeout: str = HEALTH.duration(
        "30s", "Time limit for one check.", "Healthcheck.Timeout", parse_nanoseconds
    )
    health_retries: int | None = HEALTH.number(
        "3", "Consecutive failures that mean unhealthy.", "Healthcheck.Retries", minimum(0)
    )
    health_start_period: str = HEALTH.duration(
        "30s", "Start-up grace period.", "Healthcheck.StartPeriod", parse_nanoseconds
    )
    no_healthcheck: bool = HEALTH.switch(
        "", "Switch off the image's health check.", "Healthcheck.Test", lambda _: ["NONE"]
    )
    log_driver: str = LOGS.text(
        "NAME", "json-file", "Choose where the engine keeps logs.", "HostConfig.LogConfig.Type"
    )
    log_opt: tuple[str, ...] = LOGS.texts(
        "KEY=VALUE",
        "max-size=1m",
        "Set an option of the log driver.",
        write_pairs_to("HostConfig.LogConfig.Config"),
    )
    command: tuple[str, ...] = ()
    """What stands after the image."""

    def for_member(self, number: int) -> "RunOptions":
        """The options with a member's number filled in, except ports, which are chosen later.

        Raises:
            ManagerError: (usage) the number is asked for in an unknown form.
        """
        changed: dict[str, Any] = {}
        for name, value in self.to_data().items():
            if name == "publish":
                continue
            if isinstance(value, str):
                changed[name] = fill_placeholders(value, number)
            elif isinstance(value, tuple):
                changed[name] = tuple(fill_placeholders(text, number) for text in value)
        return replace(self, **changed)

    def to_data(self) -> dict[str, Any]:
        """What differs from the defaults, by name."""
        return {
            one.name: value
            for one in fields(self)
            if (value := getattr(self, one.name)) != one.default
        }


RUN_OPTIONS: Mapping[str, RunOption] = {
    one.name: replace(one.metadata["row"], name=one.name)
    for one in fields(RunOptions)
    if "row" in one.metadata
}
"""The declared options, by name."""
_KIND_TYPES = {
    "texts": list,
    "text": str,
    "duration": str,
    "seconds": int,
    "number": int,
    "switch": bool,
}
_JSON_TYPES: Mapping[str, type] = {
    "command": list,
    **{name: _KIND_TYPES[row.kind] for name, row in RUN_OPTIONS.items()},
}


def parse_run_options(data: Mapping[str, Any]) -> RunOptions:
    """Read back what `RunOptions.to_data` gave, with lists in place of tuples.

    Raises:
        ValueError: an option is unknown, or a value is of another kind.
    """
    made: dict[str, Any] = {}
    for name, value in data.items():
        if type(value) is not _JSON_TYPES.get(name):
            raise ValueError(name)
        if isinstance(value, list) and not all(isinstance(text, str) for text in value):
            raise ValueError(name)
        made[name] = tuple(value) if isinstance(value, list) else value
    return RunOptions(**made)
