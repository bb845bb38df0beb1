"""Calls of the library that end in a result."""

import re
from typing import Any, Dict, Optional, Tuple

import numpy as np

from . import _constants as const
from . import _structs
from ._context import run
from ._errors import ConceptDecError
from ._library import Handle
from ._result import Result

_ABOUT_CLASSES = (const.ECLASSMISSING, const.EFOLDS, const.ESINGLECLASS, const.ETOOFEW)


def run_named(name: str, classes: Optional[np.ndarray], *arguments: Any, **how: Any) -> None:
    """run(), where an error that names a class by its number also says which of the caller's it is."""
    try:
        run(name, *arguments, **how)
    except ConceptDecError as problem:
        found = re.search(r"\bclass (\d+)\b", problem.args[0])
        known = 0 if classes is None else len(classes)
        if problem.status not in _ABOUT_CLASSES or not found or int(found[1]) >= known:
            raise
        label = classes[int(found[1])].item()  # type: ignore[index]
        raise ConceptDecError(f"{problem.args[0]}; class {found[1]} is {label!r}", problem.status) from None


def result_of(
    name: str,
    *arguments: Any,
    classes: Optional[np.ndarray] = None,
    shapes: Optional[Dict[str, Tuple[int, ...]]] = None,
    **how: Any,
) -> Result:
    """The result of a function whose last argument is where to write it. `shapes`: of arrays that have other axes here."""
    handle = Handle(_structs.Result, "conceptdec_result_free")
    run_named(name, classes, *arguments, handle.place(), **how)
    return Result._from_handle(handle, classes, shapes)
