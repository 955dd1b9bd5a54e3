"""Stand-ins for the clouds that run registries: what a machine of theirs asks for logins."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from manager.lab.state import Lab
from tests.confidential import AZURE_TOKEN, GOOGLE_TOKEN
from tests.lab_network import listening_in
from tests.registry_server import Request, served

HERE = "127.0.0.1"
AWS_PORT, GOOGLE_PORT, AZURE_PORT = 5911, 5912, 5913
HOUR = 3600


def google(request: Request) -> None:
    """The metadata server of a machine of Google's that has a service account."""
    more = {"Metadata_Flavor": "Google", "Content_Type": "application/json"}
    if request.path.partition("?")[0].endswith("/token"):
        request.reply(200, {"access_token": GOOGLE_TOKEN, "expires_in": HOUR}, **more)
    elif "service-accounts" in request.path:
        request.reply(200, {"email": "me@p.example", "scopes": [], "aliases": []}, **more)
    else:
        request.reply(200, b"ok", **more)


def azure(request: Request) -> None:
    """The endpoint of a managed identity."""
    end = str(int(time.time()) + HOUR)
    answer = {"access_token": AZURE_TOKEN, "expires_on": end, "token_type": "Bearer"}
    request.reply(200, {**answer, "resource": "x"}, Content_Type="application/json")


@contextmanager
def clouds(lab: Lab) -> Iterator[dict[str, str]]:
    """All of them, on the lab's loopback; the environment of a machine that is all of theirs."""
    with ExitStack() as stack:
        stack.enter_context(_aws(lab))
        stack.enter_context(served(google, listening_in(lab, HERE, GOOGLE_PORT)))
        stack.enter_context(served(azure, listening_in(lab, HERE, AZURE_PORT)))
        yield {
            "AWS_ENDPOINT_URL_ECR": f"http://{HERE}:{AWS_PORT}",
            "AWS_ACCESS_KEY_ID": "AKIA",
            "AWS_SECRET_ACCESS_KEY": "key of tests",
            "NO_GCE_CHECK": "false",
            "GCE_METADATA_HOST": f"{HERE}:{GOOGLE_PORT}",
            "IDENTITY_ENDPOINT": f"http://{HERE}:{AZURE_PORT}/msi/token",
            "IDENTITY_HEADER": "header of tests",
        }


@contextmanager
def _aws(lab: Lab) -> Iterator[None]:
    """AWS's API."""
    listener = listening_in(lab, HERE, AWS_PORT)
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server(HERE, AWS_PORT, app, threaded=True, fd=listener.fileno())
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        listener.close()
