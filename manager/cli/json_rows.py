"""Values as programs read them: the rows of `--json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from manager.model.ports import published_url

if TYPE_CHECKING:
    from manager.engine.run_plan import StepOutcome
    from manager.model.byte_range import ByteRange
    from manager.model.containers import Container
    from manager.model.plan import Plan
    from manager.model.ports import Port


def container_row(container: Container, engine_address: str) -> dict[str, Any]:
    """A container as JSON."""
    return {
        "name": container.name,
        "id": container.id,
        "image": container.image,
        "image_id": container.image_id,
        "group": container.group,
        "index": container.index,
        "state": container.state,
        "status": container.status,
        "created": container.created.isoformat(),
        "command": container.command,
        "ports": [_port_row(port, engine_address) for port in container.ports],
    }


def _port_row(port: Port, engine_address: str) -> dict[str, Any]:
    published = port.host_port is not None
    return {
        "container_port": port.container_port,
        "protocol": port.protocol,
        "host_ip": port.host_ip or None,
        "host_port": port.host_port,
        "url": published_url(port, engine_address) if published else None,
    }


def plan_data(plan: Plan) -> dict[str, Any]:
    """A plan as JSON."""
    return {
        "steps": [
            {
                "verb": step.verb,
                "target": step.target,
                "id": step.object_id,
                "cause": step.cause,
                **({"ports": [str(port) for port in step.ports]} if step.ports else {}),
            }
            for step in plan
        ],
        "notes": list(plan.notes),
        **({"frees": bytes_data(plan.frees)} if plan.frees is not None else {}),
    }


def bytes_data(number: ByteRange) -> dict[str, Any]:
    """A number of bytes as JSON, with how sure it is."""
    return {
        "low": number.low,
        "high": number.high,
        "exact": number.is_exact,
        "why_not_exact": number.doubt or None,
    }


def outcome_row(outcome: StepOutcome) -> dict[str, Any]:
    """What became of a step, as JSON."""
    status = "skipped" if outcome.skipped else "failed" if outcome.error else "done"
    return {
        "verb": outcome.step.verb,
        "target": outcome.step.target,
        "id": outcome.step.object_id,
        "status": status,
        "error": outcome.error.message if outcome.error else None,
    }
