"""What helps where the program of a container could not be started, or has ended at once."""

import re
from collections.abc import Sequence
from posixpath import dirname
from shlex import join, quote

NOT_EXECUTABLE_EXIT_CODE = 126
"""With this a shell ends whose command is there and may not be executed."""
NOT_FOUND_EXIT_CODE = 127
"""With this a shell ends whose command is not there."""
IMAGE_PLACEHOLDER = "IMAGE"
"""Stands for an image whose name is not known."""


def start_hint(said: str, image: str = IMAGE_PLACEHOLDER) -> str:
    """A hint for an engine's words on a program that it could not start; empty for other words.

    Args:
        said: the engine's words.
        image: the container's image.

    Source: runc and crun, in the form of Go's ``exec.Error``: ``exec: "PROGRAM": what is wrong``.
    """
    found = re.search(r'exec: "((?:[^"\\]|\\.)*)": (.*)', said)
    if found is None:
        return ""
    return _program_hint(re.sub(r"\\(.)", r"\1", found[1]), found[2], image)


def _program_hint(program: str, wrong: str, image: str) -> str:
    if "executable file not found" in wrong:
        words = program.split()
        if len(words) > 1:
            return (
                f"{program!r} was read as the name of one program: write its words separately, "
                f"as in -- {join(words)}"
            )
        return f"the container's PATH has no program {program}; {_listing_hint(image, '/bin')}"
    if wrong.startswith("stat "):
        return _path_hint(dirname(program) or "/", program, wrong, image)
    if "is a directory" in wrong:
        return f"{program} is a folder, not a program"
    if "permission denied" in wrong:
        return (
            f"{program} exists but is not executable: for a script, name its "
            f"interpreter, as in -- sh {quote(program)}"
        )
    return _kernel_hint(wrong)


def _path_hint(folder: str, program: str, wrong: str, image: str) -> str:
    if "permission denied" in wrong:
        return f"the container's user has no access to {folder}"
    if "no such file or directory" in wrong:
        return f"{program} does not exist in the container; {_listing_hint(image, folder)}"
    return ""


def _listing_hint(image: str, folder: str) -> str:
    return (
        "if the image has ls, see what exists with: "
        f"docker run --rm --entrypoint ls {image} {quote(folder)}"
    )


def _kernel_hint(line: str) -> str:
    """A hint for what the kernel had against a program; empty for anything else."""
    if "exec format error" in line:
        return (
            "the program is built for another processor architecture, or is a script whose first "
            "line does not name its interpreter (#!/bin/sh)"
        )
    if re.match(r"exec \S+: no such file|.*exec user process caused.*no such file", line):
        return "the program exists, but its interpreter (first line) or a library it needs does not"
    return ""


def end_hint(code: int, last_lines: Sequence[str], command: str = "") -> str:
    """A hint for a container that ended right after its start.

    Args:
        code: its exit code.
        last_lines: its last lines.
        command: what it ran, as the engine shows it; empty where that is not known.
    """
    told = next(filter(None, map(_kernel_hint, last_lines)), "")
    if told:
        return told
    if code == 0:
        return (
            "a container runs only as long as its command, and this command has finished; give "
            "it one that keeps running"
        )
    if code == NOT_FOUND_EXIT_CODE:
        what = "exit code 127 usually means that a command was not found"
    elif code == NOT_EXECUTABLE_EXIT_CODE:
        what = "exit code 126 usually means that a command is not executable"
    else:
        what = ""
    if last_lines:
        return f"{what}: its last lines say which" if what else "its last lines say why"
    ran = f"it wrote nothing; it ran: {command}" if command else "it wrote nothing"
    return f"{what}; {ran}" if what else ran
