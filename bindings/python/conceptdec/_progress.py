"""What a long call shows: a bar of tqdm where it is installed, else one of our own."""

import sys
import time
from typing import Any, Callable, Optional, Union

ProgressOption = Union[None, bool, Callable[[str, int, int], Any]]

_DELAY = 1.0
_WIDTH = 30


class _PlainBar:
    def __init__(self, stage: str, total: int) -> None:
        self._stage, self._total, self._start = stage, total, time.monotonic()

    def show(self, done: int) -> None:
        share = min(1.0, done / self._total) if self._total > 0 else 0.0
        full = int(share * _WIDTH)
        left = (time.monotonic() - self._start) * (1 / share - 1) if share > 0 else 0.0
        bar = "#" * full + "." * (_WIDTH - full)
        sys.stderr.write(f"\r{self._stage}: [{bar}] {share:4.0%}, {left:.0f} s left \x1b[K")
        sys.stderr.flush()

    def close(self) -> None:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


class _TqdmBar:
    def __init__(self, tqdm: Any, stage: str, total: int) -> None:
        self._bar = tqdm(total=total, desc=stage, file=sys.stderr, leave=False)

    def show(self, done: int) -> None:
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        self._bar.close()


def _new_bar(stage: str, total: int) -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        return _PlainBar(stage, total)
    return _TqdmBar(tqdm, stage, total)


class Display:
    """Takes reports of progress and shows them, one bar for each stage, once the call has run for `delay` seconds."""

    def __init__(self, delay: float) -> None:
        self._due = time.monotonic() + delay
        self._stage: Optional[str] = None
        self._bar: Any = None

    def report(self, stage: str, done: int, total: int) -> None:
        if time.monotonic() < self._due:
            return
        if stage != self._stage:
            self.close()
            self._stage, self._bar = stage, _new_bar(stage, total)
        self._bar.show(done)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._stage = self._bar = None


class Caller:
    """Hands reports on to a function of the caller."""

    def __init__(self, function: Callable[[str, int, int], Any]) -> None:
        self.report = function

    def close(self) -> None:
        pass


def listener(progress: ProgressOption) -> Union[None, Display, Caller]:
    """Who hears of progress: None asks for a bar on long calls where stderr is a terminal."""
    if callable(progress):
        return Caller(progress)
    if progress:
        return Display(0.0)
    if progress is None and sys.stderr is not None and sys.stderr.isatty():
        return Display(_DELAY)
    return None
