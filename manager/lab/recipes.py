"""The images of a lab's registry: what each is made of. To add one, add an `ImageRecipe`."""

from dataclasses import dataclass, field
from typing import Any

RECIPES_VERSION = 2
"""Counted up when images are to be built anew though no recipe changed."""
DEBIAN_SUITE = "bookworm"
BASE_PACKAGES: tuple[str, ...] = (
    "base-files",
    "base-passwd",
    "libc-bin",
    "dash",
    "bash",
    "coreutils",
    "grep",
    "sed",
)
"""The packages of the layer that all images but the small ones stand on."""


@dataclass(frozen=True, slots=True)
class ImageRecipe:
    """One image."""

    repository: str
    tags: tuple[str, ...]
    title: str
    description: str
    config: dict[str, Any]
    """As in the image's configuration: Cmd, Entrypoint, ExposedPorts and the like."""
    packages: tuple[str, ...] = ()
    """Debian packages beside those of the base; the first gives the image its version."""
    version_tags: bool = False
    """Whether it gets 1.22.1, 1.22 and 1 as tags too, if that is the first package's version."""
    only: tuple[str, ...] = ()
    """The only files that are taken from the packages; the image stands on no base then."""
    files: dict[str, str] = field(default_factory=dict)
    """Further files: path and content."""
    links: dict[str, str] = field(default_factory=dict)
    """Further symbolic links: path and target."""
    folders: tuple[str, ...] = ()
    """Further folders."""


NGINX_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>nginx in a dockmgr lab</title>
<h1>nginx is running</h1>
<p>This page comes from a container of your dockmgr lab. The image is the lab's own: a real nginx
from Debian's packages, not the one that Docker Hub has.</p>
<p>This is the edition called {edition}.</p>
</html>
"""
NGINX_SITE = "server {\n\tlisten 80 default_server;\n\troot /var/www/html;\n}\n"
REGISTRY_CONFIG = """version: 0.1
storage:
  filesystem: {rootdirectory: /var/lib/registry}
  delete: {enabled: true}
http: {addr: ':5000'}
"""
HELLO_TEXT = """Hello from a dockmgr lab!

This text was printed by a container: one process, started from an image,
with a file system of its own. It is ended now, and still there: docker ps -a
"""
BUSYBOX_APPLETS = """
ash awk base64 basename cat chgrp chmod chown cp cut date dd df diff dirname du echo egrep env
expr false fgrep find free grep groups gunzip gzip head hexdump hostname httpd id ifconfig ip kill
killall less ln logger ls md5sum mkdir mkfifo mktemp more mount mv nc netstat nproc nslookup od
paste ping printf ps pwd readlink realpath rev rm rmdir route sed seq sh sha256sum shuf sleep sort
stat strings stty sync tac tail tar tee telnet test time timeout top touch tr traceroute true
truncate tty umount uname uniq unzip uptime vi watch wc wget which whoami xargs xxd yes zcat
"""


def _nginx_recipe(edition: str, *, newest: bool) -> ImageRecipe:
    """Two editions: two images that share all layers but the last."""
    return ImageRecipe(
        "library/nginx",
        (edition,),
        f"nginx ({edition})",
        "a web server; it answers at / with a page of its own",
        {
            "Cmd": ["nginx", "-g", "daemon off;"],
            "ExposedPorts": {"80/tcp": {}},
            "StopSignal": "SIGQUIT",
        },
        ("nginx-light",),
        version_tags=newest,
        files={
            "etc/nginx/sites-enabled/default": NGINX_SITE,
            "var/www/html/index.html": NGINX_PAGE.format(edition=edition),
        },
        links={
            "var/log/nginx/access.log": "/dev/stdout",
            "var/log/nginx/error.log": "/dev/stderr",
        },
    )


RECIPES = (
    ImageRecipe(
        "library/debian",
        ("latest", DEBIAN_SUITE, f"{DEBIAN_SUITE}-slim"),
        "Debian",
        "a small part of Debian: bash and the usual commands",
        {"Cmd": ["bash"]},
    ),
    _nginx_recipe("latest", newest=True),
    _nginx_recipe("stable", newest=False),
    ImageRecipe(
        "library/redis",
        ("latest",),
        "Redis",
        "a data store in memory",
        {
            "Cmd": ["redis-server", "--protected-mode", "no", "--dir", "/data"],
            "ExposedPorts": {"6379/tcp": {}},
            "Volumes": {"/data": {}},
            "WorkingDir": "/data",
        },
        ("redis-server", "redis-tools"),
        version_tags=True,
        folders=("data",),
    ),
    ImageRecipe(
        "library/registry",
        ("latest",),
        "Distribution",
        "a registry for images",
        {
            "Entrypoint": ["docker-registry"],
            "Cmd": ["serve", "/etc/docker/registry/config.yml"],
            "ExposedPorts": {"5000/tcp": {}},
            "Volumes": {"/var/lib/registry": {}},
        },
        ("docker-registry",),
        version_tags=True,
        files={"etc/docker/registry/config.yml": REGISTRY_CONFIG},
        folders=("var/lib/registry",),
    ),
    ImageRecipe(
        "library/busybox",
        ("latest",),
        "BusyBox",
        "many small programs in one file",
        {"Cmd": ["sh"]},
        ("busybox-static",),
        version_tags=True,
        only=("bin/busybox",),
        files={
            "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
            "etc/group": "root:x:0:\n",
        },
        links={f"bin/{applet}": "busybox" for applet in BUSYBOX_APPLETS.split()},
        folders=("tmp", "root", "var/www"),
    ),
    ImageRecipe(
        "library/hello-world",
        ("latest",),
        "Hello world",
        "prints a few lines and ends",
        {"Cmd": ["/bin/busybox", "cat", "/hello.txt"]},
        ("busybox-static",),
        only=("bin/busybox",),
        files={"hello.txt": HELLO_TEXT},
    ),
)
