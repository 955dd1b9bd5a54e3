"""Make and start containers with nothing but the SDK and threads: IMAGE COUNT THREADS."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import docker

image, count, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
own = threading.local()


def make(number: int) -> None:
    if not hasattr(own, "api"):
        own.api = docker.from_env().api
    made = own.api.create_container(image, ["sleep", "600"], name=f"bench{number}", detach=True)
    own.api.start(made["Id"])


with ThreadPoolExecutor(max_workers=threads) as pool:
    list(pool.map(make, range(count)))
