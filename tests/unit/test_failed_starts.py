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
                "the container's PATH has no program nope; if the image has ls, "
                "see what exists with: docker run --rm --entrypoint ls busybox /bin"
            ),
        ),
        (f"{NOT_IN_PATH}: unknown", "the container's PATH has no program nope; "),
        (
            f"{NOT_IN_PATH}: OCI runtime attempted to invoke a command that was not found",
            "the container's PATH has no program nope; ",
        ),
        (
            'exec: "echo \\"a b\\"": executable file not found in $PATH',
            "was read as the name of one program: write its words separately, as in -- echo ",
        ),
        (
            'exec: "/no/such": stat /no/such: no such file or directory',
            (
                "/no/such does not exist in the container; if the image has ls, see what "
                "exists with: docker run --rm --entrypoint ls busybox /no"
            ),
        ),
        (
            'exec: "/root/x": stat /root/x: permission denied',
            "the container's user has no access to /root",
        ),
        (
            'exec: "/etc/passwd": permission denied: OCI permission denied',
            (
                "/etc/passwd exists but is not executable: for a script, "
                "name its interpreter, as in -- sh /etc/passwd"
            ),
        ),
        ('exec: "/etc": is a directory: permission denied', "/etc is a folder, not a program"),
        (
            'exec: "/x": exec format error',
            "the program is built for another processor architecture",
        ),
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
        (126, (), "sh -c x", "a command is not executable; it wrote nothing; it ran: "),
        (255, ("exec /x: exec format error",), "", "another processor architecture"),
        (255, ("exec /x: no such file or directory",), "", "its interpreter (first line)"),
        (
            1,
            ("standard_init_linux.go:228: exec user process caused: no such file or directory",),
            "",
            "its interpreter (first line)",
        ),
    ],
)
def test_a_container_that_ended_at_once(
    code: int, wrote: tuple[str, ...], command: str, hint: str
) -> None:
    assert hint in end_hint(code, wrote, command)
