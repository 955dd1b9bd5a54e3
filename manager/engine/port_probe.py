"""Does a published port really answer, and does it speak HTTP?"""

import http
import http.client
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from manager.model.port_addresses import ANY_ADDRESS, WEB_PORTS
from manager.model.snapshot import Port

PATIENCE = 1.0
"""Seconds for one try."""
READABLE = "/?&=%#:@!$'()*+,;~-._"
"""What stays in a path as it is typed."""
PAUSE = 0.05
"""Seconds between two tries."""


def answering(ports: list[Port], engine_address: str, seconds: float) -> dict[Port, bool]:
    """Try published ports until they answer or the time is over.

    A web port has answered when an HTTP response came; any other TCP port when a connection
    could be made. Ports of other protocols say nothing unless spoken to in their own: they are
    left out of the answer.

    Args:
        ports: published ports.
        engine_address: the engine's machine as seen from here.
        seconds: how long to go on trying.
    """
    tcp = [port for port in ports if port.protocol == "tcp"]
    if not tcp:
        return {}
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(max_workers=min(len(tcp), 16)) as pool:
        answers = pool.map(lambda port: _until(port, engine_address, end), tcp)
        return dict(zip(tcp, answers, strict=True))


def _until(port: Port, engine_address: str, end: float) -> bool:
    host = engine_address if port.host_ip in ANY_ADDRESS else port.host_ip
    check = _speaks_http if port.container_port in WEB_PORTS else connects
    while True:
        if check(host, port.host_port or 0):
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(PAUSE)


def answer_to(host: str, port: int, path: str) -> str:
    """What is wrong with the answer to a GET; empty if it is no error.

    Args:
        host: name or address.
        port: where HTTP is expected.
        path: what to ask for.
    """
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", quote(path, safe=READABLE))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"GET {path} got no answer: {str(error) or type(error).__name__}"
    finally:
        connection.close()
    return f"GET {path} answered {status}" if status >= http.HTTPStatus.BAD_REQUEST else ""


def connects(host: str, port: int) -> bool:
    """Whether a TCP connection can be made."""
    try:
        socket.create_connection((host, port), timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def _speaks_http(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("HEAD", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
