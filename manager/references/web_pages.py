"""Image addresses of the web pages on which registries show their images."""

import re

WEB_PAGE_PATTERNS = (
    (r"hub\.docker\.com/_/([^/]+)(?:/.*)?", r"\1"),
    (r"hub\.docker\.com/(?:r|repository/docker)/([^/]+/[^/]+)(?:/.*)?", r"\1"),
    (r"hub\.docker\.com/layers/library/([^/]+)/([^/]+)(?:/.*)?", r"\1:\2"),
    (r"hub\.docker\.com/layers/([^/]+/[^/]+)/([^/]+)(?:/.*)?", r"\1:\2"),
    (r"github\.com/(?:orgs/)?([^/]+)/(?:[^/]+/)?pkgs/container/([^/]+)(?:/.*)?", r"ghcr.io/\1/\2"),
    (r"github\.com/(?:orgs|users)/([^/]+)/packages/container/([^/]+)(?:/.*)?", r"ghcr.io/\1/\2"),
    (r"quay\.io/repository/([^/]+/[^/]+)(?:/.*)?", r"quay.io/\1"),
    (r"gallery\.ecr\.aws/([^/]+/[^/]+)(?:/.*)?", r"public.ecr.aws/\1"),
    (
        r"mcr\.microsoft\.com/(?:[a-z-]+/)?artifact/mar/(.+?)(?:/(?:about|tags?))?",
        "mcr.microsoft.com/\\1",
    ),
)
"""Forms of a page's URL without its scheme, and the address of the image that it shows."""


def parse_web_page_url(url: str) -> str:
    """The address of the image that a web page shows; empty where it is no such page.

    Args:
        url: of the page, with or without its scheme.
    """
    plain = re.sub(r"^[a-z]+://(?:www\.)?", "", url)
    plain = re.split(r"[?#]", plain, maxsplit=1)[0].rstrip("/")
    for form, address in WEB_PAGE_PATTERNS:
        found = re.fullmatch(form, plain)
        if found:
            return found.expand(address)
    return ""
