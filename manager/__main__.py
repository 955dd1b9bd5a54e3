"""Start the program: print the version, or load the command line."""

import atexit
import gc
import sys
from collections.abc import Sequence

from manager import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        argv: the arguments, without the program's name; None for those of the process.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        # Scripts and installers ask for it: it does not wait for the command line to load.
        sys.stdout.write(f"dockmgr {__version__}\n")
        return 0
    # Imported modules live until the end: searching them for garbage only costs time, now and
    # three times over when the interpreter ends.
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)
    _end_in_order()
    from manager.cli.app import main as run

    return run(arguments)


def _end_in_order() -> None:
    """Let `kill`, a closed terminal and a cancelled job do what Ctrl-C does: roll back."""
    import signal

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Signals that are ignored (nohup) stay ignored.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


if __name__ == "__main__":
    sys.exit(main())
