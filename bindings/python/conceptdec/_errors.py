"""Statuses of the library as exceptions."""

from . import _constants as const


class ConceptDecError(ValueError):
    """A call that the library or this package refused.

    Attributes
    ----------
    status : int
        The conceptdec_status, a negative number.
    status_name : str
        Its name, such as "CONCEPTDEC_EK".
    """

    def __init__(self, message: str, status: int = const.EINVAL) -> None:
        super().__init__(message)
        self.status = status
        self.status_name = const.STATUS_NAMES.get(status, "unknown status")

    def __str__(self) -> str:
        return f"{self.args[0]} ({self.status_name})"

    def __reduce__(self):
        return type(self), (self.args[0], self.status)


class ConceptDecTypeError(ConceptDecError, TypeError):
    """An argument of a type, or an array of a dtype, that cannot be taken; a TypeError, too."""

    def __init__(self, message: str, status: int = const.EDTYPE) -> None:
        super().__init__(message, status)


class ConceptDecFileError(ConceptDecError, OSError):
    """A file that cannot be opened, read or written; an OSError, too."""


_CLASSES = {const.EDTYPE: ConceptDecTypeError, const.EIO: ConceptDecFileError}


def error(status: int, message: str) -> Exception:
    """The exception for a status; its text is that of the library where it has one."""
    message = message or "the library gave no text"
    if status == const.ENOMEM:
        return MemoryError(message)
    return _CLASSES.get(status, ConceptDecError)(message, status)
