"""Names of images as Docker shows them: Podman writes out what Docker leaves out."""

HUB_PREFIX = "docker.io/"
OFFICIAL_PREFIX = "library/"


def familiar_name(name: str) -> str:
    """The short form of a name that an engine gave, if it means the same.

    ``docker.io/library/nginx:latest`` becomes ``nginx:latest``; ``docker.io/a.b/c`` stays, since
    ``a.b/c`` would be a repository of the registry ``a.b``.
    """
    if not name.startswith(HUB_PREFIX):
        return name
    rest = name.removeprefix(HUB_PREFIX)
    short = rest.removeprefix(OFFICIAL_PREFIX)
    if short != rest:
        return rest if "/" in short else short
    first, slash, _ = rest.partition("/")
    return rest if slash and first != "localhost" and not set(first) & set(".:") else name
