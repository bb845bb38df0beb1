"""Pictures as SVG that stands in a page: small, the same bytes for the same numbers, readable on light and on dark.

Text and axes have the colour of the text around them; hues are those that the colour-blind tell apart, and lines differ
by their dashes, too.
"""

from html import escape
from typing import Any, Dict, Iterable, List, Sequence, Tuple

import numpy as np

from ._pictures import Curve, Heat, Line, Picture

_HUES = ("#0a84d6", "#d9641c", "#0d9b76", "#b06fb0", "#a58a00", "#7d8590")
_DASHES = ("", "7 4", "2 4", "9 4 2 4", "12 3", "4 2")
_CHANCE = 'fill="currentColor" fill-opacity="0.25"'
_WIDTH, _LEFT, _TOP, _RIGHT = 460, 56, 30, 14
_MOST_MARKS, _MOST_CELLS = 100, 4096
_LETTER = 6.2  # mean width of a letter of 11 pixels


def _number(value: float) -> str:
    """A coordinate: one decimal at most, and no negative zero."""
    return f"{round(value, 1) + 0.0:g}"


def _text(x: float, y: float, text: str, anchor: str = "middle", turn: int = 0) -> str:
    turned = f' transform="rotate({turn} {_number(x)} {_number(y)})"' if turn else ""
    return f'<text x="{_number(x)}" y="{_number(y)}" text-anchor="{anchor}"{turned}>{escape(text)}</text>'


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _framed(title: str, width: float, height: float, parts: Iterable[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_number(width)} {_number(height)}" '
        f'width="{_number(width)}" style="max-width:100%;height:auto" font-family="sans-serif" font-size="11" '
        f'fill="currentColor"><title>{escape(title)}</title>'
    )
    return "\n".join([head, f"<g font-weight=\"bold\">{_text(width / 2, 16, title)}</g>", *parts, "</svg>"])


def _ticks(low: float, high: float) -> List[float]:
    """Round numbers from `low` to `high`, three to seven of them."""
    step = 10.0 ** np.floor(np.log10((high - low) / 3))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 6)
    return [float(step * i) for i in range(int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9)) + 1)]


class _Plane:
    """Where values of a curve lie in the picture."""

    def __init__(self, curve: Curve, height: float) -> None:
        series = [v for line in curve.lines for v in (line.value, line.low, line.high)] + list(curve.chance or ())
        every = np.concatenate([v[np.isfinite(v)] for v in series if v is not None])
        low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
        room = (high - low) * 0.06 or 0.5 * max(abs(high), 1.0)
        self.low, self.high, self.bottom = 0.0 if curve.is_share else low - room, high + room, height
        self.step = (_WIDTH - _LEFT - _RIGHT) / max(len(curve.places), 1)

    def x(self, place: int) -> float:
        return _LEFT + self.step * (place + 0.5)

    def y(self, value: float) -> float:
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - _TOP)

    def point(self, place: int, value: float) -> str:
        return f"{_number(self.x(place))},{_number(self.y(value))}"


def _runs(is_there: np.ndarray) -> List[List[int]]:
    """Places one after another without a gap."""
    runs: List[List[int]] = []
    for place in np.flatnonzero(is_there).tolist():
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _band(plane: _Plane, low: np.ndarray, high: np.ndarray, style: str) -> List[str]:
    parts = []
    for run in _runs(np.isfinite(low) & np.isfinite(high)):
        there, back = [plane.point(i, high[i]) for i in run], [plane.point(i, low[i]) for i in reversed(run)]
        if len(run) == 1:  # a place of its own: as wide as a mark
            x, most, least = plane.x(run[0]), plane.y(high[run[0]]), plane.y(low[run[0]])
            there = [f"{_number(x + side)},{_number(most)}" for side in (-5, 5)]
            back = [f"{_number(x + side)},{_number(least)}" for side in (5, -5)]
        parts.append(f'<polygon points="{" ".join(there + back)}" {style}/>')
    return parts


def _line(plane: _Plane, line: Line, number: int) -> List[str]:
    hue, dash = _HUES[number % len(_HUES)], _DASHES[number % len(_DASHES)]
    parts = []
    if line.low is not None and line.high is not None:
        parts += _band(plane, line.low, line.high, f'fill="{hue}" fill-opacity="0.2"')
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    for run in _runs(np.isfinite(line.value)):
        points = " ".join(plane.point(i, line.value[i]) for i in run)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{hue}" stroke-width="2"{dashes}/>')
    marked = np.flatnonzero(np.isfinite(line.value)) if len(line.value) <= _MOST_MARKS else np.array([], int)
    for i in marked.tolist():
        x, y = _number(plane.x(i)), _number(plane.y(line.value[i]))
        tip = escape(f"{line.name}: {line.value[i]:.4g}")
        parts.append(f'<circle cx="{x}" cy="{y}" r="2.6" fill="{hue}"><title>{tip}</title></circle>')
    return parts


def _axes(curve: Curve, plane: _Plane) -> List[str]:
    parts, right = [], _WIDTH - _RIGHT
    for tick in _ticks(plane.low, plane.high):
        y = _number(plane.y(tick))
        rule = f'<line x1="{_LEFT}" x2="{right}" y1="{y}" y2="{y}" stroke="currentColor" stroke-opacity="0.15"/>'
        parts += [rule, _text(_LEFT - 6, plane.y(tick) + 4, f"{tick:.4g}", "end")]
    longest = max(map(len, curve.places), default=1)
    every = int(np.ceil((min(longest, 12) * _LETTER + 8) / plane.step))
    for i in range(0, len(curve.places), every):
        parts.append(_text(plane.x(i), plane.bottom + 16, _short(curve.places[i], 12)))
    parts.append(_text((_LEFT + right) / 2, plane.bottom + 34, curve.x_title))
    return parts


def _legend(names: Sequence[str], top: float) -> List[str]:
    parts = []
    for number, name in enumerate(names):
        dash = _DASHES[number % len(_DASHES)]
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        y, hue = top + 16 * number, _HUES[number % len(_HUES)]
        line = f'<path d="M{_LEFT} {_number(y)}h26" stroke="{hue}" stroke-width="2"{dashes}/>'
        parts += [line, _text(_LEFT + 32, y + 4, _short(name, 60), "start")]
    return parts


def _curve(curve: Curve) -> str:
    plane = _Plane(curve, 230)
    parts = _axes(curve, plane)
    names = [line.name for line in curve.lines]
    top = plane.bottom + 54
    if curve.chance is not None:
        low, high = curve.chance
        parts += _band(plane, low, high, f'{_CHANCE} stroke="currentColor" stroke-opacity="0.35"')
        mark = f'<rect x="{_LEFT}" y="{_number(top - 4)}" width="26" height="8" {_CHANCE}/>'
        parts += [mark, _text(_LEFT + 32, top + 4, "chance", "start")]
        top += 16
    for number, line in enumerate(curve.lines):
        parts += _line(plane, line, number)
    legend = _legend(names, top) if len(names) > 1 or curve.chance is not None else []
    return _framed(curve.title, _WIDTH, top + 16 * len(names) - 8 if legend else top - 14, parts + legend)


def _cell(x: float, y: float, width: float, height: float, value: float, most: float, tip: str) -> List[str]:
    place = f'<rect x="{_number(x)}" y="{_number(y)}" width="{_number(width - 1)}" height="{_number(height - 1)}"'
    title = f"<title>{escape(tip)}</title></rect>"
    if not np.isfinite(value):
        return [f'{place} fill="none" stroke="currentColor" stroke-opacity="0.4" stroke-dasharray="2 3">{title}']
    hue, share = _HUES[int(value < 0)], min(abs(value) / most, 1.0)
    parts = [f'{place} fill="{hue}" fill-opacity="{0.04 + 0.66 * share:.2f}">{title}']
    if width >= 34 and height >= 15:
        parts.append(_text(x + width / 2, y + height / 2 + 4, f"{value:.3g}" if most > 1 else f"{value:.2f}"))
    return parts


def _column_names(columns: Sequence[str], left: float, bottom: float, width: float) -> Tuple[List[str], float]:
    """Names beneath columns, turned where they are wider than these, and how deep they reach."""
    longest = min(max(map(len, columns), default=1), 16)
    is_turned = longest * _LETTER + 4 > width
    every = int(np.ceil(13 / width)) if is_turned else 1
    how: Dict[str, Any] = dict(anchor="end", turn=-45) if is_turned else {}
    places = ((left + width * (j + 0.5), columns[j]) for j in range(0, len(columns), every))
    names = [_text(x, bottom + 14, _short(name, 16), **how) for x, name in places]
    return names, 14 + 0.72 * _LETTER * longest * is_turned


def _heat(heat: Heat) -> str:
    n_rows, n_columns = max(len(heat.rows), 1), max(len(heat.columns), 1)
    left = 30 + _LETTER * min(max(map(len, heat.rows), default=1), 24)
    width = min((2 * _WIDTH - left if n_columns > 12 else _WIDTH - left) / n_columns, 64)
    height, top = float(np.clip(width, 14 if n_rows <= 40 else 6, 30)), 30
    bottom, right = top + height * n_rows, max(left + width * n_columns + 10, 220)
    parts = []
    for i, row in enumerate(heat.rows):
        if height >= 12 or i % 4 == 0:
            parts.append(_text(left - 6, top + height * (i + 0.5) + 4, _short(row, 24), "end"))
        for j, column in enumerate(heat.columns):
            value = float(heat.value[i, j])
            tip = f"{row}, {column}: " + (f"{value:.4g}" if np.isfinite(value) else "not defined")
            parts += _cell(left + width * j, top + height * i, width, height, value, heat.most, tip)
    names, depth = _column_names(heat.columns, left, bottom, width)
    parts += [*names, _text(left + width * n_columns / 2, bottom + depth + 18, heat.column_title)]
    parts.append(_text(12, top + height * n_rows / 2, heat.row_title, turn=-90))
    return _framed(heat.title, right, bottom + depth + 26, parts)


def is_small(picture: Picture) -> bool:
    """Whether it should be drawn: each cell of a matrix is an element of its own."""
    return isinstance(picture, Curve) or picture.value.size <= _MOST_CELLS


def drawn(picture: Picture) -> str:
    """The picture as an svg element."""
    return _curve(picture) if isinstance(picture, Curve) else _heat(picture)
