"""Does a published port really answer, and does it speak HTTP?"""

import http
import http.client
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from manager.model.ports import WEB_PORTS, WILDCARD_ADDRESSES, Port

TRY_TIMEOUT_SECONDS = 1.0
"""Seconds for one try."""
UNQUOTED_CHARACTERS = "/?&=%#:@!$'()*+,;~-._"
"""What stays in a path as it is typed."""
RETRY_PAUSE_SECONDS = 0.05
"""Seconds between two tries."""


def probe_ports(ports: list[Port], engine_address: str, seconds: float) -> dict[Port, bool]:
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
        answers = pool.map(lambda port: _wait_for_port(port, engine_address, end), tcp)
        return dict(zip(tcp, answers, strict=True))


def _wait_for_port(port: Port, engine_address: str, end: float) -> bool:
    host = engine_address if port.host_ip in WILDCARD_ADDRESSES else port.host_ip
    check = _speaks_http if port.container_port in WEB_PORTS else can_connect
    while True:
        if check(host, port.host_port or 0):
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(RETRY_PAUSE_SECONDS)


def find_http_problem(host: str, port: int, path: str) -> str:
    """What is wrong with the answer to a GET; empty if it is no error.

    Args:
        host: name or address.
        port: where HTTP is expected.
        path: what to ask for.
    """
    connection = http.client.HTTPConnection(host, port, timeout=TRY_TIMEOUT_SECONDS)
    try:
        connection.request("GET", quote(path, safe=UNQUOTED_CHARACTERS))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer to GET {path}: {str(error) or type(error).__name__}"
    finally:
        connection.close()
    return f"GET {path} answered {status}" if status >= http.HTTPStatus.BAD_REQUEST else ""


def can_connect(host: str, port: int) -> bool:
    """Whether a TCP connection can be made."""
    try:
        socket.create_connection((host, port), timeout=TRY_TIMEOUT_SECONDS).close()
    except OSError:
        return False
    return True


def _speaks_http(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=TRY_TIMEOUT_SECONDS)
    try:
        connection.request("HEAD", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
