"""The tags of a repository with nothing but requests: what ``dockmgr tags`` is measured by."""

import sys
from urllib.parse import urljoin

import requests

url = f"http://{sys.argv[1]}/v2/{sys.argv[2]}/tags/list?n=1000"
tags: list[str] = []
with requests.Session() as session:
    session.trust_env = False
    while url:
        answer = session.get(url, timeout=10)
        tags += answer.json()["tags"]
        following = answer.links.get("next")
        url = urljoin(url, following["url"]) if following else ""
print("\n".join(tags))
