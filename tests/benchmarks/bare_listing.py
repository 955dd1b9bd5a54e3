"""The listing of ``dockmgr ls --json`` with nothing but the SDK: what it is measured by."""

import json
import sys

import docker

client = docker.from_env()
json.dump(client.api.containers(all=True), sys.stdout)
