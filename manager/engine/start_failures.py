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
                f"{program!r} was taken for the name of one program: write its words apart, as in "
                f"-- {join(words)}"
            )
        return (
            f"there is no program {program} in the container's PATH; {_listing_hint(image, '/bin')}"
        )
    if wrong.startswith("stat "):
        return _path_hint(dirname(program) or "/", program, wrong, image)
    if "is a directory" in wrong:
        return f"{program} is a folder, and no program"
    if "permission denied" in wrong:
        return (
            f"{program} is there, but is no program or may not be executed: for a script, name "
            f"what reads it, as in -- sh {quote(program)}"
        )
    return _kernel_hint(wrong)


def _path_hint(folder: str, program: str, wrong: str, image: str) -> str:
    if "permission denied" in wrong:
        return f"the container's user may not look into {folder}"
    if "no such file or directory" in wrong:
        return f"there is no {program} in the container; {_listing_hint(image, folder)}"
    return ""


def _listing_hint(image: str, folder: str) -> str:
    return (
        "if the image has ls, see what there is with: "
        f"docker run --rm --entrypoint ls {image} {quote(folder)}"
    )


def _kernel_hint(line: str) -> str:
    """A hint for what the kernel had against a program; empty for anything else."""
    if "exec format error" in line:
        return (
            "the program is for another kind of processor, or is a script whose first line does "
            "not say what reads it (#!/bin/sh)"
        )
    if re.match(r"exec \S+: no such file|.*exec user process caused.*no such file", line):
        return (
            "the program is there, but what it needs is not: the interpreter in its first line, "
            "or the libraries it was built for"
        )
    return ""


def end_hint(code: int, wrote: Sequence[str], command: str = "") -> str:
    """A hint for a container that ended right after its start.

    Args:
        code: its exit code.
        wrote: its last lines.
        command: what it ran, as the engine shows it; empty where that is not known.
    """
    told = next(filter(None, map(_kernel_hint, wrote)), "")
    if told:
        return told
    if code == 0:
        return (
            "a container runs only as long as its command, and this one was done; give it one "
            "that goes on"
        )
    if code == NOT_FOUND_EXIT_CODE:
        what = "exit code 127 mostly means that a command was not found"
    elif code == NOT_EXECUTABLE_EXIT_CODE:
        what = "exit code 126 mostly means that a command may not be executed, or is no program"
    else:
        what = ""
    if wrote:
        return f"{what}: its last lines say which" if what else "its last lines say why"
    ran = f"it wrote nothing; it ran: {command}" if command else "it wrote nothing"
    return f"{what}; {ran}" if what else ran
