"""What helps where a container's program does not start: the words are those of real engines."""

import pytest

from manager.engine.start_failures import end_hint, start_hint

NOT_IN_PATH = 'exec: "nope": executable file not found in $PATH'


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (
            NOT_IN_PATH,
            (
                "there is no program nope in the container's PATH; if the image has ls, "
                "see what there is with: docker run --rm --entrypoint ls busybox /bin"
            ),
        ),
        (f"{NOT_IN_PATH}: unknown", "there is no program nope in the container's PATH; "),
        (
            f"{NOT_IN_PATH}: OCI runtime attempted to invoke a command that was not found",
            "there is no program nope in the container's PATH; ",
        ),
        (
            'exec: "echo \\"a b\\"": executable file not found in $PATH',
            "was taken for the name of one program: write its words apart, as in -- echo ",
        ),
        (
            'exec: "/no/such": stat /no/such: no such file or directory',
            (
                "there is no /no/such in the container; if the image has ls, see what there "
                "is with: docker run --rm --entrypoint ls busybox /no"
            ),
        ),
        (
            'exec: "/root/x": stat /root/x: permission denied',
            "the container's user may not look into /root",
        ),
        (
            'exec: "/etc/passwd": permission denied: OCI permission denied',
            (
                "/etc/passwd is there, but is no program or may not be executed: for a script, "
                "name what reads it, as in -- sh /etc/passwd"
            ),
        ),
        ('exec: "/etc": is a directory: permission denied', "/etc is a folder, and no program"),
        ('exec: "/x": exec format error', "the program is for another kind of processor"),
    ],
)
def test_a_program_that_cannot_be_started(said: str, hint: str) -> None:
    assert hint in start_hint(said, "busybox")


@pytest.mark.parametrize(
    "said",
    [
        "network nope not found",
        "permission denied",
        'exec: "x": something else',
        "unable to find x",
    ],
)
def test_other_words_of_an_engine_are_left_to_others(said: str) -> None:
    assert start_hint(said, "busybox") == ""


@pytest.mark.parametrize(
    ("code", "wrote", "command", "hint"),
    [
        (1, ("no luck",), "sh -c x", "its last lines say why"),
        (1, (), "false", "it wrote nothing; it ran: false"),
        (1, (), "", "it wrote nothing"),
        (0, (), "true", "a container runs only as long as its command"),
        (127, ("sh: x: not found",), "", "that a command was not found: its last lines say which"),
        (126, (), "sh -c x", "may not be executed, or is no program; it wrote nothing; it ran: "),
        (255, ("exec /x: exec format error",), "", "another kind of processor"),
        (255, ("exec /x: no such file or directory",), "", "the interpreter in its first line"),
        (
            1,
            ("standard_init_linux.go:228: exec user process caused: no such file or directory",),
            "",
            "the interpreter in its first line",
        ),
    ],
)
def test_a_container_that_ended_at_once(
    code: int, wrote: tuple[str, ...], command: str, hint: str
) -> None:
    assert hint in end_hint(code, wrote, command)
