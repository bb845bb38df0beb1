"""Pictures with matplotlib, which is imported when one is drawn."""

from typing import Any, Optional

import numpy as np

from . import _constants as const
from . import _labels
from ._errors import ConceptDecError
from ._pictures import Curve, Heat, Picture


def axes_for(ax: Any) -> Any:
    """The caller's axes, or new ones."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as reason:
        text = "matplotlib is needed for plots (pip install matplotlib)"
        raise ImportError(text) from reason
    return pyplot.subplots()[1]


def _curve(curve: Curve, ax: Any, style: Any) -> None:
    places = np.arange(len(curve.places))
    for line in curve.lines:
        (drawn,) = ax.plot(places, line.value, **{"marker": "o", "markersize": 4, "label": line.name, **style})
        if line.low is not None and line.high is not None:
            ax.fill_between(places, line.low, line.high, alpha=0.2, color=drawn.get_color(), linewidth=0)
    if curve.chance is not None:
        ax.fill_between(places, *curve.chance, color="0.5", alpha=0.4, linewidth=1, label="chance")
    every = max(len(places) // 12, 1)
    ax.set_xticks(places[::every], curve.places[::every])
    ax.set(xlabel=curve.x_title, ylabel=curve.y_title, title=curve.title)
    if curve.is_share:
        ax.set_ylim(bottom=0, auto=True)  # the top goes on to follow what is drawn
    if len(curve.lines) > 1 or curve.chance is not None:
        ax.legend()


def _heat(heat: Heat, ax: Any, style: Any) -> None:
    least = -heat.most if (heat.value < 0).any() else 0.0
    colours = {"cmap": "RdBu_r" if least else "viridis", "vmin": least, "vmax": heat.most, "aspect": "auto", **style}
    image = ax.imshow(heat.value, **colours)
    ax.figure.colorbar(image, ax=ax)
    ax.set_xticks(np.arange(len(heat.columns)), heat.columns, rotation=90 if len(heat.columns) > 8 else 0)
    ax.set_yticks(np.arange(len(heat.rows)), heat.rows)
    ax.set(xlabel=heat.column_title, ylabel=heat.row_title, title=heat.title)


def drawn(picture: Picture, ax: Any, **style: Any) -> Any:
    """Draws into `ax`, or new axes, and returns them."""
    ax = axes_for(ax)
    (_curve if isinstance(picture, Curve) else _heat)(picture, ax, style)
    return ax


def scatter(points: np.ndarray, y: Any, ax: Any, names: Any, title: str, **style: Any) -> Any:
    """Points in a plane, those of each label in a colour and with a mark of its own."""
    if points.shape[1] < 2:
        raise ConceptDecError(f"{title}: a picture needs 2 components, there is {points.shape[1]}", const.ESIZE)
    ax, how = axes_for(ax), {"s": 12, "alpha": 0.8, **style}
    codes, classes = (np.zeros(len(points), int), None) if y is None else _labels.encode(y)
    if len(codes) != len(points):
        raise ConceptDecError(f"y: {len(codes)} labels, but {len(points)} points", const.ESIZE)
    marks = "os^vDP*X<>"
    for code in np.unique(codes).tolist():
        rows = points[np.ravel(codes) == code]
        mark = {} if classes is None else {"label": str(classes[code]), "marker": marks[code % len(marks)]}
        ax.scatter(rows[:, 0], rows[:, 1], **{**mark, **how})
    ax.set(xlabel=names[0], ylabel=names[1], title=title)
    if classes is not None:
        ax.legend()
    return ax


def bars(values: np.ndarray, ax: Optional[Any], title: str, **style: Any) -> Any:
    """Heights in their order, from 1."""
    ax = axes_for(ax)
    ax.bar(np.arange(1, len(values) + 1), values, **style)
    ax.set(xlabel="component", ylabel=title, title=title)
    return ax
