"""Names of arguments in the library's texts, and what the arguments are called here."""

import re
from typing import Any, Dict, Sequence

_HERE = {
    "x": "X",
    "z": "Z",
    "labels": "y",
    "targets": "t",
    "embedding": "E",
    "start": "init",
    "ks": "k",
    "n_ks": "number of k",
    "n_lambdas": "number of lambdas",
    "n_views": "number of views",
    "n_a": "number of A",
    "n_b": "number of B",
}

# Where a function differs; and lists of views that may be one matrix, with the place of their length.
_OF_CALL = {
    "conceptdec_sweep": {"x": "views"},
    "conceptdec_activations_save": {"count": "arrays"},
    "conceptdec_probe_model_new": {"lambdas": "lambda_"},
    "conceptdec_subspaces_overlap": {"b": "other"},
    "conceptdec_umap_transform": {"queries": "X", "x": "the embedded X"},
}
_LISTS = {
    "conceptdec_subspaces_new": [("views", "X", 1)],
    "conceptdec_subspace_overlap": [("views", "X", 1)],
    "conceptdec_similarity": [("a", "A", 1), ("b", "B", 3)],
}

# What a text is about, and what that is compared with: "labels: 9 rows, but x has 40".
_NAME = re.compile(r"(^\w+(?=[\[:])|\b\w+(?=(?:\[\d+\])? (?:has|is)\b))(\[\d+\])?")


def named_here(text: str, call: str = "", arguments: Sequence[Any] = ()) -> str:
    """The text of a failed call of the library with the names that its arguments have here."""
    names: Dict[str, str] = {**_HERE, **_OF_CALL.get(call, {})}
    for theirs, ours, length in _LISTS.get(call, ()):
        names[theirs] = ours
        if arguments[length] == 1:
            names[f"{theirs}[0]"] = ours

    def ours_for(found: "re.Match[str]") -> str:
        whole, word, place = found[0], found[1], found[2] or ""
        return names.get(whole) or names.get(word, word) + place

    text = text[len("options.") :] if text.startswith("options.") else text
    return re.sub(r"\bis NULL$", "is None", _NAME.sub(ours_for, text))
