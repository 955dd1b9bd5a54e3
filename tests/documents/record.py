"""Record the screens in the documents again, in a lab: ``python -m tests.documents.record``.

A screen is a block of text below a comment with the line that prints it.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import docker_client
from tests.documents.pages import PROJECT

SCREEN = re.compile(r"(<!-- screen: ([^\n]*) -->\n+```text\n).*?(?=```\n)", re.DOTALL)
PREPARATION = """
registry=$(dockmgr lab status --json | grep -o '"registry": "[^"]*' | cut -d '"' -f 4)
dockmgr pull redis busybox debian nginx
dockmgr spawn busybox --name job --count 2 -- sleep 1d
dockmgr spawn nginx --count 3 --publish 8080:80
made=$(printf 'FROM debian\\nRUN head -c 31000000 /dev/urandom > /data\\n' | docker build -q -)
docker tag $made myorg/app:dev
made=$(printf 'FROM debian\\nRUN head -c 31000001 /dev/urandom > /data\\n' | docker build -q -)
docker tag $made $registry/myorg/app:1.3
docker push -q $registry/myorg/app:1.3
docker rmi $registry/myorg/app:1.3
docker pull -q myorg/app:1.3
dockmgr images
sleep 61
"""
"""What there is to show: images that share layers, seen a minute ago."""


def main() -> None:
    """Bring up a lab, and write what its screens show into the documents."""
    with tempfile.TemporaryDirectory(prefix="dockmgr-documents-") as folder:
        env = prepare_environment(Path(folder))
        run(env, "dockmgr lab up")
        try:
            env["DOCKER_CONTEXT"] = "dockmgr-lab"
            run(env, PREPARATION)
            for document in (PROJECT / "README.md", *(PROJECT / "docs/guides").glob("*.md")):
                record_screens(document, env)
        finally:
            run(env, "dockmgr lab down")


def prepare_environment(folder: Path) -> dict[str, str]:
    """The environment of the lines: folders of their own, and both programs on the path."""
    program = folder / "dockmgr"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m manager "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (folder / "docker").symlink_to(docker_client.docker())
    return {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "COLUMNS": "80",
        "DOCKER_BUILDKIT": "0",
        "DOCKER_CONFIG": f"{folder}/config",
        "XDG_CONFIG_HOME": f"{folder}/settings",
        "XDG_STATE_HOME": f"{folder}/state",
    }


def record_screens(document: Path, env: dict[str, str]) -> None:
    """Run the line of each screen, and keep what it prints."""
    text = document.read_text(encoding="utf-8")
    state = env["XDG_STATE_HOME"]

    def record(screen: re.Match[str]) -> str:
        lines = run(env, screen[2]).replace(state, "~/.local/state").splitlines()
        return screen[1] + "".join(f"{line.rstrip()}\n" for line in lines)

    document.write_text(SCREEN.sub(record, text), encoding="utf-8")


def run(env: dict[str, str], line: str) -> str:
    """What a line prints."""
    command = ["bash", "-euo", "pipefail", "-c", line]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    main()
