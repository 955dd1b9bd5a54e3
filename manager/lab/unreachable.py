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
            f"the lab {name!r} is down", f"start it again with: dockmgr lab up --name {name}"
        )
    return EngineUnreachableError(
        f"the lab {name!r} is up, but its engine does not answer",
        f"reset it with: dockmgr lab reset --name {name}",
    )
