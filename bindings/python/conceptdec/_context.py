"""Runs library calls so that Ctrl-C and progress work.

Every call has a context of its own and runs in a thread of its own. The caller's thread waits: there Python sees
Ctrl-C, there functions for progress run, and any exception there sets the cancel flag.
"""

import threading
from ctypes import byref
from typing import Any, Iterable, Optional, Sequence, Tuple

from . import _constants as const
from ._errors import error
from ._library import Handle, library
from ._names import named_here
from ._progress import ProgressOption, listener
from ._readers import is_interrupt, sources
from ._structs import Ctx, CtxOptions, Matrix, ProgressFunction

_POLL = 0.05


class _Reports:
    """The latest report of progress; the library calls note() in the thread of the call."""

    latest: Optional[Tuple[str, int, int]] = None

    def note(self, _user: Any, progress: Any) -> int:
        report = progress.contents
        self.latest = (report.stage.decode(), report.done, report.total)
        return 1


class Context:
    """A conceptdec_ctx; freed with its last reference."""

    def __init__(
        self, threads: Optional[int] = None, with_progress: bool = False, screening: Optional[int] = None
    ) -> None:
        self.reports = _Reports()
        self._callback = ProgressFunction(self.reports.note) if with_progress else None
        options = CtxOptions(threads=threads, progress=self._callback, screening=screening)
        self.handle = Handle(Ctx, "conceptdec_ctx_free")
        status = library().conceptdec_ctx_new(byref(options), self.handle.place())
        if status == const.EINVAL:
            raise error(status, f"threads: {threads} is outside 0..1024")
        if status != const.OK:
            raise error(status, "the context could not be made")

    def check(self, status: int, call: str = "", arguments: Sequence[Any] = ()) -> None:
        """Raises what a status other than OK means, with the text that the context holds."""
        if status != const.OK:
            text = library().conceptdec_ctx_error(self.handle).decode(errors="replace")
            raise error(status, named_here(text, call, arguments))

    def cancel(self) -> None:
        library().conceptdec_ctx_cancel(self.handle)


class _Call:
    """One call in a thread of its own; keeps its context and its arguments for as long as it runs, whoever waits.

    It has a thread and is none: Thread has attributes of its own, in Python 3.14 `_context`, that ours could hide.
    """

    def __init__(self, context: Context, name: str, arguments: Tuple[Any, ...]) -> None:
        self._context, self._function, self._arguments = context, getattr(library(), name), arguments
        self._thread = threading.Thread(target=self._run, name=name)
        self.finished = threading.Event()
        self.status: int = const.ECANCELLED
        self.problem: Optional[BaseException] = None

    def start(self) -> None:
        self._thread.start()

    def has_started(self) -> bool:
        return self._thread.ident is not None

    def _run(self) -> None:
        try:
            self.status = self._function(self._context.handle, *self._arguments)
        except BaseException as problem:  # ctypes: an argument of a wrong type
            self.problem = problem
        finally:
            self.finished.set()


def _wait(call: _Call, reports: _Reports, heard_by: Any) -> None:
    """Waits for the end of a call and hands each new report on, the last one for certain."""
    shown, finished = None, False
    while not finished:
        finished = call.finished.wait(_POLL if heard_by else None)
        report = reports.latest
        if report is not shown:
            heard_by.report(*report)
            shown = report


def run(
    name: str,
    *arguments: Any,
    threads: Optional[int] = None,
    progress: ProgressOption = None,
    screening: Optional[int] = None,
    matrices: Iterable[Optional[Matrix]] = (),
) -> None:
    """Calls a library function whose first argument is a context, and raises what its status means.

    An exception here, KeyboardInterrupt or one of the caller's progress function, stops the call, which takes the
    library 50 ms or less, and is then raised. So is an exception in read_rows() of one of `matrices`.
    """
    heard_by = listener(progress)
    context = Context(threads, heard_by is not None, screening)
    readers = sources(matrices)
    for reader in readers:
        reader.problem, reader.cancel = None, context.cancel
    call = _Call(context, name, arguments)
    try:
        call.start()
        _wait(call, context.reports, heard_by)
    except BaseException:
        context.cancel()
        if call.has_started():
            call.finished.wait()
        raise
    finally:
        if heard_by:
            heard_by.close()
    if call.problem is not None:
        raise call.problem
    for reader in readers:
        if reader.problem is not None and (call.status == const.EREAD or is_interrupt(reader.problem)):
            raise reader.problem
    context.check(call.status, name, arguments)
