"""Results in a notebook: a picture and a table of single numbers, without anything but themselves."""

from html import escape
from typing import Any, Dict, List

import numpy as np

from . import _pictures, _svg


def _scalars(values: Dict[str, Any]) -> Dict[str, str]:
    single = {name: np.ravel(value)[0] for name, value in values.items() if np.size(value) == 1}
    return {name: f"{value:.6g}" if isinstance(value, float) else str(value) for name, value in single.items()}


def page_of(values: Dict[str, Any], headline: str, notes: List[str]) -> str:
    """HTML of a result."""
    picture = _pictures.picture_of(values)
    cell = '<td style="text-align:left">{}</td>'
    rows = [(cell + cell).format(escape(name), escape(text)) for name, text in _scalars(values).items()]
    table = [f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"] if rows else []
    shown = [_svg.drawn(picture)] if picture is not None and _svg.is_small(picture) else []
    if picture is not None and not shown:
        notes = [*notes, "plot() draws the picture, which is too large for a page"]
    parts = [f"<p>{escape(headline)}</p>", *shown, *(f"<p>{escape(note)}</p>" for note in notes), *table]
    return "<div>\n" + "\n".join(parts) + "\n</div>"
