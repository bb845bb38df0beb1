"""Names of files."""

import os
from typing import Union

from . import _constants as const
from ._errors import ConceptDecError

Path = Union[str, bytes, "os.PathLike[str]"]


def path_bytes(path: Path) -> bytes:
    raw = os.fsencode(path)
    if b"\0" in raw:
        raise ConceptDecError("path: contains a NUL character", const.EIO)
    return raw
