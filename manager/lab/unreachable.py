"""Why the engine of a lab does not answer."""

from pathlib import Path

from manager.engine.contexts import Endpoint
from manager.engine.errors import EngineUnreachableError
from manager.lab import state


def explain_unreachable_lab(endpoint: Endpoint) -> EngineUnreachableError | None:
    """The error for a lab that does not answer; None where the address is no lab's."""
    path = Path(endpoint.host.removeprefix("unix://"))
    name = path.parent.name
    if path != state.socket_path(state.folder_for_lab(name)):
        return None
    if state.find_running_lab(name) is None:
        return EngineUnreachableError(
            f"the lab {name!r} is down", f"bring a new one up with: dockmgr lab up --name {name}"
        )
    return EngineUnreachableError(
        f"the engine of the lab {name!r} does not answer, though the lab is up",
        f"give it a new beginning with: dockmgr lab reset --name {name}",
    )
