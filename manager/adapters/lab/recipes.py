"""The images of a lab's registry: what each is made of. To add one, add a `Recipe`."""

from dataclasses import dataclass, field
from typing import Any

VERSION = 1
"""Counted up when images are to be built anew though no recipe changed."""
SUITE = "bookworm"
BASE = ("base-files", "base-passwd", "libc-bin", "dash", "coreutils", "grep", "sed")
"""The packages of the layer that all images but busybox stand on."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>nginx in a dockmgr lab</title>
<h1>nginx is running</h1>
<p>This page comes from a container of your dockmgr lab. The image is the lab's own: a real nginx
from Debian's packages, not the one that Docker Hub has.</p>
<p>{edition}</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image."""

    repository: str
    packages: tuple[str, ...]
    title: str
    config: dict[str, Any]
    """As in the image's configuration: Cmd, Entrypoint, ExposedPorts and the like."""
    tags: tuple[str, ...] = ("latest",)
    version_command: tuple[str, ...] = ()
    """Run in the image's root: it prints the version, which becomes a tag too."""
    based: bool = True
    """Whether it stands on the base layer."""
    files: dict[str, str] = field(default_factory=dict)
    """Further files: path and content."""
    links: dict[str, str] = field(default_factory=dict)
    """Further symbolic links: path and target."""
    folders: tuple[str, ...] = ()
    """Further empty folders."""


SITE = "server {\n\tlisten 80 default_server;\n\troot /var/www/html;\n}\n"
NGINX_LOGS = {
    "var/log/nginx/access.log": "/dev/stdout",
    "var/log/nginx/error.log": "/dev/stderr",
}
NGINX_CONFIG = {
    "Cmd": ["nginx", "-g", "daemon off;"],
    "ExposedPorts": {"80/tcp": {}},
    "StopSignal": "SIGQUIT",
}
APPLETS = (
    *("sh", "ash", "cat", "cp", "cut", "date", "df", "du", "echo", "env", "false", "find"),
    *("grep", "head", "hostname", "httpd", "id", "ip", "kill", "ln", "ls", "mkdir", "mv", "nc"),
    *("nslookup", "ping", "printf", "ps", "pwd", "rm", "rmdir", "sed", "seq", "sleep", "sort"),
    *("stat", "sync", "tail", "tar", "tee", "test", "top", "touch", "tr", "true", "uname", "wc"),
    *("wget", "which", "yes"),
)
HELLO = (
    "Hello from a dockmgr lab!\n\nThis text was printed by a container: one process, started from "
    "an image,\nwith a file system of its own. It is ended now, and still there: docker ps -a\n"
)


def _nginx(edition: str, *tags: str) -> Recipe:
    return Recipe(
        "library/nginx",
        ("nginx-light",),
        "nginx, a web server",
        NGINX_CONFIG,
        tags,
        ("/usr/sbin/nginx", "-v") if "latest" in tags else (),
        files={
            "etc/nginx/sites-enabled/default": SITE,
            "var/www/html/index.html": PAGE.format(edition=edition),
        },
        links=NGINX_LOGS,
    )


RECIPES = (
    Recipe("library/debian", (), "Debian, a small part", {"Cmd": ["sh"]}, ("latest", SUITE)),
    _nginx("This is the edition called latest.", "latest"),
    _nginx("This is the edition called stable: another image than latest.", "stable"),
    Recipe(
        "library/redis",
        ("redis-server", "redis-tools"),
        "Redis, a data store in memory",
        {
            "Cmd": ["redis-server", "--protected-mode", "no", "--dir", "/data"],
            "ExposedPorts": {"6379/tcp": {}},
            "Volumes": {"/data": {}},
            "WorkingDir": "/data",
        },
        version_command=("/usr/bin/redis-server", "--version"),
        folders=("data",),
    ),
    Recipe(
        "library/registry",
        ("docker-registry",),
        "a container registry",
        {
            "Entrypoint": ["docker-registry"],
            "Cmd": ["serve", "/etc/docker/registry/config.yml"],
            "ExposedPorts": {"5000/tcp": {}},
            "Volumes": {"/var/lib/registry": {}},
        },
        ("latest", "2"),
        ("/usr/bin/docker-registry", "--version"),
        files={
            "etc/docker/registry/config.yml": (
                "version: 0.1\n"
                "storage:\n  filesystem: {rootdirectory: /var/lib/registry}\n"
                "  delete: {enabled: true}\n"
                "http: {addr: ':5000'}\n"
            )
        },
        folders=("var/lib/registry",),
    ),
    Recipe(
        "library/busybox",
        ("busybox-static",),
        "BusyBox, many small programs in one",
        {"Cmd": ["sh"]},
        version_command=("/bin/busybox",),
        based=False,
        links={f"bin/{applet}": "busybox" for applet in APPLETS},
        folders=("tmp", "root", "etc"),
    ),
    Recipe(
        "library/hello-world",
        ("busybox-static",),
        "says hello and ends",
        {"Cmd": ["/bin/busybox", "cat", "/hello.txt"]},
        based=False,
        files={"hello.txt": HELLO},
    ),
)
