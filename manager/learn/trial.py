"""Try lessons in a lab of their own: type each line as a learner would, and see what it does."""

from __future__ import annotations

import os
import re
import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from manager.engine.client import Engine
from manager.engine.contexts import Endpoint
from manager.errors import ExitCode, ManagerError
from manager.lab import inside, labs, state
from manager.lab.flavours import FLAVOURS, get_flavour
from manager.lab.program_copy import copy_program
from manager.learn.core.trial import StepTrial, TypedLine, list_foreign_changes
from manager.learn.leftovers import list_resources, remove_resources
from manager.learn.watch import LessonWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manager.lab.state import Lab
    from manager.learn.core.lessons import Lesson, LessonStep

LAB_NAME_PATTERN = re.compile(r"check-(\d+)")
"""The name of a lab for trials has the process that started it."""
PROGRAM_FOLDER = "dockmgr"
"""The copy of this program in the lab's folder, which other labs do not have."""
LINE_TIMEOUT_SECONDS = 60
CHECK_TIMEOUT_SECONDS = 5
"""How long the checks of a step may take to hold after its lines."""
FOLDER_FILE = "/run/dockmgr-lesson-folder"
TYPE_SCRIPT = f'cd "$(cat {FOLDER_FILE})" && eval "$1"; code=$?; pwd >{FOLDER_FILE}; exit $code'
"""Lines that follow each other are typed in one terminal: the folder stays."""
INSTALL_SCRIPT = 'printf "%s" "$1" >/usr/local/bin/dockmgr && chmod +x /usr/local/bin/dockmgr'
PROGRAMS = ("docker", "dockmgr")


def check_flavour(name: str) -> None:
    """Refuse an engine whose lab has no docker command.

    Raises:
        ManagerError: (usage) there is no such engine, or it is Podman.
    """
    if get_flavour(name).podman:
        names = ", ".join(it.name for it in FLAVOURS.values() if not it.podman)
        raise ManagerError(
            "a lab with Podman has no docker command to type lines with",
            f"choose one of: {names}",
            ExitCode.USAGE,
        )


def list_programs(lesson: Lesson) -> tuple[str, ...]:
    """The programs to try a lesson with: dockmgr only where its lines differ from docker's."""
    differs = any(step.dockmgr != step.docker for step in lesson.steps)
    return PROGRAMS if differs else PROGRAMS[:1]


def list_lines(step: LessonStep, program: str) -> tuple[str, ...]:
    """The lines of a step for a program; those of the other one where it has none."""
    return (step.dockmgr if program == "dockmgr" else step.docker) or step.docker or step.dockmgr


@contextmanager
def start_trial_lab(flavour: str, mirror: str, report: Callable[[str], None]) -> Iterator[Lab]:
    """Bring up a fresh lab with a copy of this program, and end it however the trial ends.

    Args:
        flavour: the lab's engine.
        mirror: Debian mirror; empty for the machine's own.
        report: called with what takes long.

    Raises:
        ManagerError: this machine cannot have a lab, it did not start, or its name is taken.
    """
    _end_abandoned_labs()
    name = f"check-{os.getpid()}"
    if state.find_running_lab(name) is not None:
        raise ManagerError(
            f"lab {name!r} is already up", f"stop it with: dockmgr lab down --name {name}"
        )
    try:
        lab = labs.bring_up_lab(labs.LabRequest(name, flavour, mirror=mirror), report)
        report("copying dockmgr into the lab")
        command = shlex.join(copy_program(lab.folder / PROGRAM_FOLDER))
        script = f'#!/bin/sh\nexec {command} "$@"\n'
        _run_script(lab, INSTALL_SCRIPT, script)
        yield lab
    finally:
        labs.take_down_lab(name)


def _end_abandoned_labs() -> None:
    """End the labs of trials that were killed, and none that only has such a name."""
    for lab in state.list_running_labs():
        found = LAB_NAME_PATTERN.fullmatch(lab.name)
        if found and (lab.folder / PROGRAM_FOLDER).exists() and not _is_other_process(found[1]):
            labs.take_down_lab(lab.name)


def _is_other_process(number: str) -> bool:
    return int(number) != os.getpid() and Path(f"/proc/{number}").exists()


def _run_script(lab: Lab, script: str, *arguments: str) -> None:
    result = inside.run_inside_lab(lab, ["sh", "-c", script, "sh", *arguments], 10)
    if result.exit_code != 0:
        raise ManagerError("the lab could not be prepared", "try again", details=result.output)


def try_lesson(
    lab: Lab, lesson: Lesson, program: str, seconds: float = LINE_TIMEOUT_SECONDS
) -> Iterator[StepTrial]:
    """Take a lesson in a lab, after removing everything that its engine has.

    Args:
        lab: the lab, from `start_trial_lab`.
        lesson: the lesson.
        program: docker or dockmgr.
        seconds: how long each line may take.

    Yields:
        Each step, once its lines were typed.

    Raises:
        ManagerError: the engine could not be asked, or was lost.
    """
    with Engine(Endpoint(host=lab.host, source=f"lab {lab.name}")) as engine:
        for error in remove_resources(engine, list_resources(engine), lambda _: None).values():
            raise error
        _run_script(lab, f"mktemp --directory >{FOLDER_FILE}")
        watch = LessonWatch(engine)
        try:
            for number, step in enumerate(lesson.steps, 1):
                yield _try_step(
                    lab, engine, watch, (number, step, list_lines(step, program)), seconds
                )
        finally:
            watch.close()


def _try_step(
    lab: Lab,
    engine: Engine,
    watch: LessonWatch,
    numbered: tuple[int, LessonStep, tuple[str, ...]],
    seconds: float,
) -> StepTrial:
    number, step, lines = numbered
    before = list_resources(engine)
    watch.begin_step(step)
    held = bool(step.checks) and watch.is_step_done()
    typed = tuple(_type_line(lab, line, seconds) for line in lines)
    unmet = watch.wait_for_checks(CHECK_TIMEOUT_SECONDS)
    foreign = list_foreign_changes(before, list_resources(engine), watch.events)
    return StepTrial(step, number, typed, held, unmet, foreign)


def _type_line(lab: Lab, line: str, seconds: float) -> TypedLine:
    result = inside.run_inside_lab(lab, ["bash", "-c", TYPE_SCRIPT, "bash", line], seconds)
    return TypedLine(line, result.exit_code, result.output)
