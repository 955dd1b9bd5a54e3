"""Servers that are no registries, or behave like none: each answers every request its own way."""

import time

from tests.registry_server import Handler, Request

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
PAGE = b"<!doctype html><title>Sign in</title><h1>Please sign in</h1>"
PIECE = b" " * 65536


def web_site(request: Request) -> None:
    """Has a page at every address."""
    request.reply(200, PAGE, Content_Type="text/html; charset=utf-8")


def noise(request: Request) -> None:
    """Speaks no HTTP."""
    request.wfile.write(b"\x00\x01 220 ready\r\n" * 3)
    request.close_connection = True


def nonsense(request: Request) -> None:
    """Speaks HTTP, and what it says as JSON is none."""
    request.reply(200, b'{"schemaVersion": 2, "layers": [', Content_Type=MANIFEST)


def endless(request: Request) -> None:
    """Begins a body, and goes on for as long as somebody listens."""
    _begin(request)
    while request.command == "GET":
        request.wfile.write(b"%x\r\n%b\r\n" % (len(PIECE), PIECE))


def trickling(seconds: float) -> Handler:
    """Sends a byte, waits, and so on without end."""

    def answer(request: Request) -> None:
        _begin(request)
        while request.command == "GET":
            request.wfile.write(b"1\r\n \r\n")
            time.sleep(seconds)

    return answer


def _begin(request: Request) -> None:
    # Who asks first whether it is there is told to ask for all of it.
    if request.command == "HEAD":
        request.reply(405)
        return
    request.send_response(200)
    request.send_header("Content-Type", MANIFEST)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()


def saying(status: int, code: str, **headers: str) -> Handler:
    """Refuses everything, in the words of a registry."""

    def answer(request: Request) -> None:
        errors = {"errors": [{"code": code, "message": "not now"}]}
        request.reply(status, errors, Content_Type="application/json", **headers)

    return answer


def sending_to(url: str) -> Handler:
    """Has everything elsewhere.

    Args:
        url: without a path.
    """
    return lambda request: request.reply(302, Location=url + request.path)


def round_and_round(request: Request) -> None:
    """Sends to itself."""
    request.reply(302, Location=request.path)
