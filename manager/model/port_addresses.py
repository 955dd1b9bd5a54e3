"""Where a published port can be reached."""

from manager.model.containers import Port

WILDCARD_ADDRESSES = ("", "0.0.0.0", "::")  # noqa: S104 - recognised here, bound to by the engine

# Ports whose services speak HTTP by convention, so that a link to them can be followed.
WEB_PORTS = frozenset({80, 3000, 5000, 8000, 8008, 8080, 8081, 8888, 9000})
TLS_WEB_PORTS = frozenset({443, 8443})


def published_address(port: Port, engine_address: str) -> str:
    """Where a published port can be reached: ``HOST:PORT``.

    Args:
        port: a published port.
        engine_address: the engine's machine as seen from here; used where the port is
            published on all its addresses.
    """
    host = engine_address if port.host_ip in WILDCARD_ADDRESSES else port.host_ip
    return f"[{host}]:{port.host_port}" if ":" in host else f"{host}:{port.host_port}"


def published_url(port: Port, engine_address: str) -> str:
    """A published port as a URL; the scheme is a guess from the container's port."""
    scheme = port.protocol
    if port.protocol == "tcp" and port.container_port in WEB_PORTS:
        scheme = "http"
    elif port.protocol == "tcp" and port.container_port in TLS_WEB_PORTS:
        scheme = "https"
    return f"{scheme}://{published_address(port, engine_address)}"
