"""What the engine is asked for one container: the body of its create call."""

from manager.groups.core.option_errors import option_error
from manager.groups.core.run_option import ApiBody
from manager.groups.core.run_options import RUN_OPTIONS, RunOptions

BUILT_IN_NETWORKS = ("bridge", "default", "host", "none", "nat")
"""Networks that every engine has, and on which names of containers mean nothing."""


def create_body(options: RunOptions) -> ApiBody:
    """The body of the engine's create call, without image, ports and the labels of a group.

    What is not asked for is left out: the engine then takes the image's value, or its own.

    Args:
        options: of one member, without ``{n}``.

    Raises:
        ManagerError: (usage) an option is not in its syntax, or two cannot be combined.
    """
    _refuse_contradictions(options)
    body: ApiBody = {}
    for name, value in options.to_data().items():
        if name in RUN_OPTIONS:
            RUN_OPTIONS[name].add_to(body, value)
    if options.command:
        body["Cmd"] = list(options.command)
    return body


def _refuse_contradictions(options: RunOptions) -> None:
    if options.rm and options.restart not in {"", "no"}:
        raise option_error("--rm", "", "cannot be combined with --restart", "--rm")
    if options.network_alias and (
        not options.network
        or options.network in BUILT_IN_NETWORKS
        or options.network.startswith("container:")
    ):
        raise option_error(
            "--network-alias",
            options.network_alias[0],
            "needs a network of your own",
            "--network lan --network-alias web, after: docker network create lan",
        )
    if options.no_healthcheck and any(it.startswith("health_") for it in options.to_data()):
        raise option_error(
            "--no-healthcheck", "", "cannot be combined with --health-*", "--no-healthcheck"
        )
    if options.log_opt and options.log_driver == "none":
        raise option_error(
            "--log-opt",
            options.log_opt[0].partition("=")[0],
            "has no effect on the log driver none",
            "--log-driver json-file --log-opt max-size=1m",
        )
