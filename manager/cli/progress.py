"""Progress of long operations: bars on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from manager.model.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress, TaskID

    from manager.cli.output import Output
    from manager.registry.core.transfer_progress import TransferProgress
    from manager.registry.transfer import TransferEvent

LINE_INTERVAL = 5.0
"""Seconds between two plain lines about one image, or about one phase."""
FIRST_LINE_DELAY = 1.5
"""Seconds until the first line."""
SPARE_ROWS = 6
"""Rows of the terminal that the bars of layers leave free."""


@contextmanager
def show_phases(out: Output) -> Iterator[Callable[[str], None]]:
    """Say what is being done: a line for each phase; on a terminal, a spinner."""
    if not sys.stderr.isatty():
        yield out.note
        return
    console = out.console(stderr=True)
    with console.status("starting") as status:

        def report(text: str) -> None:
            status.update(text)

        yield report


@contextmanager
def show_reminders(out: Output, still: Callable[[], str]) -> Iterator[None]:
    """Say now and then what is still going on; nothing if it ends in a moment.

    Plain lines, on a terminal too: what is done is printed between them.

    Args:
        out: where.
        still: returns what is still going on; empty if nothing is.
    """
    over = threading.Event()

    def remind() -> None:
        wait = FIRST_LINE_DELAY
        while not over.wait(wait):
            if text := still():
                out.note(text)
            wait = LINE_INTERVAL

    thread = threading.Thread(target=remind, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def show_count(out: Output, text: str, many: int = 2) -> Iterator[Callable[[int, int], None]]:
    """Count what is done, such as ``3 of 20``: only on a terminal, and only for many things.

    Args:
        out: where.
        text: what is being done.
        many: the number of things from which the count is shown.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with ExitStack() as stack:
        shown: list[Callable[[str], None]] = []

        def report(done: int, total: int) -> None:
            if total < many:
                return
            if not shown:
                shown.append(stack.enter_context(show_phases(out)))
            shown[0](f"{text}: {done} of {total}")

        yield report


@contextmanager
def show_counted_phases(out: Output) -> Iterator[Callable[[str, int, int], None]]:
    """A line for each phase, with how much of it is done; without a terminal, only now and then.

    Nothing is drawn before the first report: a pull inside draws its own bars.
    """
    lock = threading.Lock()
    if not sys.stderr.isatty():
        last = time.monotonic()

        def tell(what: str, done: int, total: int) -> None:
            nonlocal last
            with lock:
                if time.monotonic() - last >= LINE_INTERVAL:
                    last = time.monotonic()
                    out.note(f"{what}: {done} of {total}")

        yield tell
        return
    with ExitStack() as stack:
        shown: list[Callable[[str], None]] = []

        def report(what: str, done: int, total: int) -> None:
            with lock:
                if not shown:
                    shown.append(stack.enter_context(show_phases(out)))
                shown[0](f"{what}: {done} of {total}")

        yield report


@contextmanager
def show_transfers(
    out: Output, what: str = "pulling", *, quiet: bool = False
) -> Iterator[Callable[[TransferEvent], None]]:
    """Show pulls or pushes: a bar for each layer and a total for each image, or plain lines.

    Args:
        out: where.
        what: what is done, for plain lines.
        quiet: whether nothing is shown at all.
    """
    if quiet:
        yield lambda _event: None
        return
    if not sys.stderr.isatty():
        yield _TransferLines(out, what)
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[amount]}"),
    )
    with Progress(*columns, console=out.console(stderr=True), transient=False) as shown:
        yield _TransferBars(shown)


class _TransferLines:
    """Plain lines: the start, and the progress now and then."""

    def __init__(self, out: Output, what: str) -> None:
        self._out = out
        self._what = what
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, event: TransferEvent) -> None:
        with self._lock:
            name = event.reference.familiar
            now = time.monotonic()
            if event.notice:
                self._out.note(event.notice)
            elif name not in self._said:
                self._out.note(f"{name}: {self._what}")
                self._said[name] = now
            elif now - self._said[name] >= LINE_INTERVAL and not event.finished:
                self._out.note(
                    f"{name}: {format_progress(event.progress) or f'still {self._what}'}"
                )
                self._said[name] = now


class _TransferBars:
    """Bars: for each image a total, and below it the layers being transferred."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._totals: dict[str, TaskID] = {}
        self._begun: dict[str, float] = {}
        self._layers: dict[tuple[str, str], TaskID] = {}
        self._lock = threading.Lock()

    def __call__(self, event: TransferEvent) -> None:
        with self._lock:
            if event.notice:
                self._shown.console.print(event.notice)
                return
            name = event.reference.familiar
            self._total(name, event)
            for identity, layer in list(event.progress.layers.items()):
                gone = layer.finished or event.finished
                self._layer(name, identity, layer.status, layer.done, layer.total, gone=gone)

    def _total(self, name: str, event: TransferEvent) -> None:
        if name not in self._totals:
            self._begun[name] = time.monotonic()
            self._totals[name] = self._shown.add_task(name, total=None, amount="")
        done, total = event.progress.done, event.progress.total
        text = format_progress(event.progress)
        if event.finished:
            text = "done" if not event.progress.error else "failed"
            done = total = max(total, 1)
        elif event.progress.all_sizes_known and done:
            elapsed = time.monotonic() - self._begun[name]
            text += f", {round(elapsed * (total - done) / done)} s left"
        self._shown.update(self._totals[name], completed=done, total=total or None, amount=text)

    def _layer(
        self, name: str, identity: str, status: str, done: int, total: int | None, *, gone: bool
    ) -> None:
        key = (name, identity)
        if gone:
            if key in self._layers:
                self._shown.remove_task(self._layers.pop(key))
            return
        if key not in self._layers:
            room = self._shown.console.height - SPARE_ROWS - len(self._totals)
            if len(self._layers) >= room:
                return
            self._layers[key] = self._shown.add_task("", total=None, amount="")
        values: dict[str, Any] = {"completed": done, "total": total or None}
        words = f"{format_size(done)} of {format_size(total)}" if total else ""
        self._shown.update(
            self._layers[key], description=f"  {identity} {status}", amount=words, **values
        )


def format_progress(progress: TransferProgress) -> str:
    """How much has arrived, and of how much: ``at least`` until all sizes are known.

    Empty if the engine reports nothing, as Podman does for a push.
    """
    if not progress.layers:
        return ""
    least = "" if progress.all_sizes_known else "at least "
    return f"{format_size(progress.done)} of {least}{format_size(progress.total)}"
