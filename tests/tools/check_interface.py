"""Holds the header, the symbol map, both bindings and the built library against bindings/interface.yaml.

    python3 tests/tools/check_interface.py [--root DIRECTORY] [--library libconceptdec.so]

Prints one line for each difference and exits with 1 where there is any. Without --library the symbols of a built
library are not looked at.
"""

import argparse
import ctypes
import importlib
import pathlib
import re
import subprocess
import sys

import yaml

HEADERS = ("version.h", "conceptdec.h")
SIZES = {"int32_t": 4, "uint32_t": 4, "int64_t": 8, "uint64_t": 8, "double": 8}


def plain_type(text):
    """A C type in one spelling: "const char **", "int64_t[8]", "void *(*)(void *, uint64_t)"."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s*([*(),])\s*", r"\1", text)
    text = re.sub(r"(?<=\w)(\*|\(\*\))", r" \1", text)
    return text.replace(",", ", ")


def split_top(text):
    """Pieces of `text` between commas that stand in no bracket."""
    pieces, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            pieces.append(text[start:place])
            start = place + 1
    pieces.append(text[start:])
    return [piece.strip() for piece in pieces if piece.strip()]


def unnamed(text):
    """The type of a declaration such as "const char *name"; that of a pointer to a function without its names."""
    return declaration(text)[1]


def declaration(text):
    """(name, type) of one field or argument."""
    text = re.sub(r"\s+", " ", text).strip()
    function = re.fullmatch(r"(.+?)\(\s*\*\s*(\w+)\s*\)\s*\((.*)\)", text)
    if function:
        returned, name, arguments = function.groups()
        inner = ", ".join(unnamed(piece) for piece in split_top(arguments))
        return name, plain_type(f"{returned}(*)({inner})")
    name, length = re.fullmatch(r".*?(\w+)\s*(\[\d+\])?", text).groups()
    kind = text[: text.rindex(name)]
    return name, plain_type(kind) + (length or "")


def value_of(text):
    """The value of a #define."""
    text = text.strip()
    if text.startswith('"'):
        return text.strip('"')
    return int(text.strip("()").rstrip("uU"))


class Interface:
    """Constants {name: value}, structs {name: [(field, type)]}, functions {name: (returned, [(argument, type)])}."""

    def __init__(self, constants, structs, functions):
        self.constants, self.structs, self.functions = constants, structs, functions


def read_header(folder):
    text = "\n".join((folder / name).read_text() for name in HEADERS)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    constants = {
        name: value_of(value)
        for name, value in re.findall(r"^#define (CONCEPTDEC_\w+)[ \t]+(\S.*)$", text, flags=re.M)
        if name != "CONCEPTDEC_API"
    }
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    structs = {
        name: [declaration(field) for field in body.split(";") if field.strip()]
        for body, name in re.findall(r"typedef struct \w+ \{(.*?)\}\s*(\w+);", text, flags=re.S)
    }
    functions = {}
    for front, arguments in re.findall(r"CONCEPTDEC_API\s+([^;{]*?)\(([^;]*)\);", text):
        name, returned = declaration(front)
        pieces = [] if arguments.strip() == "void" else split_top(arguments)
        functions[name] = (returned, [declaration(piece) for piece in pieces])
    return Interface(constants, structs, functions)


class OnceLoader(yaml.SafeLoader):
    """Refuses a name that stands twice in one place, which YAML readers pass over."""

    def construct_mapping(self, node, deep=False):
        names = [self.construct_object(key) for key, _ in node.value]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise SystemExit(f"check_interface: interface.yaml: {', '.join(sorted(twice))} stands there twice")
        return super().construct_mapping(node, deep)


def pairs(items):
    return [(str(name), plain_type(kind)) for item in items or [] for name, kind in item.items()]


def read_yaml(path):
    document = yaml.load(path.read_text(), Loader=OnceLoader)
    constants = {name: value for section in document["constants"].values() for name, value in section.items()}
    structs = {name: pairs(fields) for name, fields in document["structs"].items()}
    functions = {
        name: (plain_type(entry["returns"]), pairs(entry.get("arguments")))
        for name, entry in document["functions"].items()
    }
    return Interface(constants, structs, functions), document


def compare(place, found, expected):
    """One line for each name that one of two dictionaries lacks or that differs."""
    lines = [f"{place}: {name} is missing" for name in expected if name not in found]
    lines += [f"{place}: {name} is not in interface.yaml" for name in found if name not in expected]
    for name in expected:
        if name in found and found[name] != expected[name]:
            lines.append(f"{place}: {name} is {found[name]!r}, in interface.yaml {expected[name]!r}")
    return lines


def compare_names(place, found, expected):
    return compare(place, dict.fromkeys(found), dict.fromkeys(expected))


def check_header(root, wanted):
    found = read_header(root / "include/conceptdec")
    return [
        line
        for part in ("constants", "structs", "functions")
        for line in compare(f"header, {part}", getattr(found, part), getattr(wanted, part))
    ]


def check_map(root, wanted):
    text = re.sub(r"/\*.*?\*/|#[^\n]*", "", (root / "lib/conceptdec.map").read_text(), flags=re.S)
    names = []
    for part in re.findall(r"global:(.*?)(?:local:|\})", text, flags=re.S):
        names += [name for name in re.findall(r"[\w*?]+(?=\s*;)", part)]
    lines = [f"lib/conceptdec.map: {name} stands there twice" for name in set(names) if names.count(name) > 1]
    return lines + compare_names("lib/conceptdec.map", names, wanted.functions)


def check_library(library, wanted):
    """The exported names, from the dynamic symbol table; the version nodes themselves are absolute symbols."""
    listing = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True)
    symbols = [line.split()[-2:] for line in listing.stdout.splitlines() if line.strip()]
    names = [name.split("@")[0] for kind, name in symbols if kind != "A"]
    return compare_names(f"nm -D {library}", names, wanted.functions)


# ---- Python


def camel(name):
    return "".join(word.capitalize() for word in name.removeprefix("conceptdec_").split("_"))


class PythonTypes:
    """C types as the ctypes that the Python binding has to use."""

    SIMPLE = {
        "void": None,
        "int32_t": ctypes.c_int32,
        "uint32_t": ctypes.c_uint32,
        "int64_t": ctypes.c_int64,
        "uint64_t": ctypes.c_uint64,
        "double": ctypes.c_double,
        "char *": ctypes.c_char_p,
        "void *": ctypes.c_void_p,
    }

    def __init__(self, structs, aliases):
        self.structs, self.aliases = structs, aliases

    def of(self, kind):
        kind = kind.strip().removeprefix("const ").removesuffix("const").strip()
        kind = self.aliases.get(kind, kind)
        if kind in self.SIMPLE:
            return self.SIMPLE[kind]
        array = re.fullmatch(r"(.*)\[(\d+)\]", kind)
        if array:
            return self.of(array[1]) * int(array[2])
        function = re.fullmatch(r"(.*?)\(\*\)\((.*)\)", kind)
        if function:
            return ctypes.CFUNCTYPE(self.of(function[1]), *[self.of(piece) for piece in split_top(function[2])])
        if kind.endswith("*"):
            return ctypes.POINTER(self.of(kind[:-1]))
        return getattr(self.structs, camel(kind))


def size_of(kind):
    array = re.fullmatch(r"(.*)\[(\d+)\]", kind)
    return SIZES[array[1]] * int(array[2]) if array else SIZES.get(kind, 8)


def check_layout(place, struct, fields):
    """Offsets of a ctypes struct against the sum of the sizes before each field: no struct has padding."""
    lines, offset = [], 0
    for name, kind in fields:
        field = getattr(struct, name, None)
        if field is not None and field.offset != offset:
            lines.append(f"{place}.{name}: offset is {field.offset}, not {offset}")
        offset += size_of(kind)
    if ctypes.sizeof(struct) != offset:
        lines.append(f"{place}: size is {ctypes.sizeof(struct)}, not {offset}")
    return lines


def check_python_struct(structs, types, name, fields):
    struct = getattr(structs, camel(name), None)
    if struct is None:
        return [f"_structs.py: {camel(name)} ({name}) is missing"]
    place = f"_structs.py, {camel(name)}"
    found = list(struct._fields_)
    if [field for field, _ in found] != [field for field, _ in fields]:
        return [f"{place}: fields are {[f for f, _ in found]}, in interface.yaml {[f for f, _ in fields]}"]
    lines = [
        f"{place}.{field}: is {kind.__name__}, in interface.yaml {c_kind}"
        for (field, kind), (_, c_kind) in zip(found, fields)
        if kind is not types.of(c_kind)
    ]
    return lines + check_layout(place, struct, fields)


def check_python_functions(structs, types, wanted):
    lines = compare_names("_structs.py, FUNCTIONS", structs.FUNCTIONS, wanted)
    for name, (returned, arguments) in wanted.items():
        if name not in structs.FUNCTIONS:
            continue
        expected = (types.of(returned), tuple(types.of(kind) for _, kind in arguments))
        if structs.FUNCTIONS[name] != expected:
            lines.append(f"_structs.py, {name}: is {structs.FUNCTIONS[name]}, needs {expected}")
    return lines


def check_python(root, wanted, document):
    sys.path.insert(0, str(root / "bindings/python"))
    structs = importlib.import_module("conceptdec._structs")
    constants = importlib.import_module("conceptdec._constants")
    found = {
        f"CONCEPTDEC_{name}": value
        for name, value in vars(constants).items()
        if name.isupper() and isinstance(value, (int, str))
    }
    types = PythonTypes(structs, document["aliases"])
    lines = compare("_constants.py", found, wanted.constants)
    for name in document["opaque"]:
        struct = getattr(structs, camel(name), None)
        if struct is None or hasattr(struct, "_fields_"):
            return lines + [f"_structs.py: {camel(name)} ({name}) must be an opaque struct"]
    for name, fields in wanted.structs.items():
        lines += check_python_struct(structs, types, name, fields)
    return lines + check_python_functions(structs, types, wanted.functions)


# ---- Julia

JULIA = {
    "void": "Cvoid",
    "int32_t": "Int32",
    "uint32_t": "UInt32",
    "int64_t": "Int64",
    "uint64_t": "UInt64",
    "double": "Float64",
    "char *": "Cstring",
}


def julia_type(kind, aliases):
    kind = kind.strip().removeprefix("const ").removesuffix("const").strip()
    kind = aliases.get(kind, kind)
    if kind in JULIA:
        return JULIA[kind]
    array = re.fullmatch(r"(.*)\[(\d+)\]", kind)
    if array:
        return f"NTuple{{{array[2]},{julia_type(array[1], aliases)}}}"
    if "(*)" in kind:
        return "Ptr{Cvoid}"
    if kind.endswith("*"):
        return f"Ptr{{{julia_type(kind[:-1], aliases)}}}"
    return kind


def read_julia(folder):
    """All sources as one text, without comments at the ends of lines or between functions."""
    texts = [path.read_text() for path in sorted(folder.glob("*.jl"))]
    return re.sub(r"(?m)(^|\s)#[^\n\"]*$", "", "\n".join(texts))


def julia_structs(text):
    structs = {}
    for name, body in re.findall(r"^(?:mutable )?struct (conceptdec_\w+)\n(.*?)^end", text, flags=re.S | re.M):
        fields = re.findall(r"^\s+(\w+)::(\S+)\s*$", body, flags=re.M)
        structs[name] = [(field, kind.replace(" ", "")) for field, kind in fields]
    return structs


def julia_calls(text):
    """(function, returned, (types)) of every ccall whose function is written as a symbol."""
    calls = []
    for match in re.finditer(r"\bccall\(", text):
        depth, place = 1, match.end()
        while depth:
            depth += (text[place] in "([{") - (text[place] in ")]}")
            place += 1
        pieces = split_top(text[match.end() : place - 1])
        name = re.search(r":(conceptdec_\w+)", pieces[0])
        if name:
            types = tuple(re.sub(r"\s|^Ref(?=\{)", "", kind) for kind in split_top(pieces[2].strip()[1:-1]))
            calls.append((name[1], pieces[1], types))
    return calls


def check_julia(root, wanted, document):
    text, aliases = read_julia(root / "bindings/julia/src"), document["aliases"]
    defined = re.findall(r"^const (CONCEPTDEC_\w+) = (.+)$", text, flags=re.M)
    found = {name: value_of(value) for name, value in defined}
    expected = {name: value for name, value in wanted.constants.items() if "_VERSION_" not in name}
    lines = compare("julia, constants", found, expected)
    structs = {
        name: [(field, julia_type(kind, aliases)) for field, kind in fields] for name, fields in wanted.structs.items()
    }
    lines += compare("julia, structs", julia_structs(text), structs)
    calls = julia_calls(text)
    for name, returned, types in calls:
        if name not in wanted.functions:
            lines.append(f"julia, ccall: {name} is not in interface.yaml")
            continue
        c_returned, arguments = wanted.functions[name]
        needed = (julia_type(c_returned, aliases), tuple(julia_type(kind, aliases) for _, kind in arguments))
        if (returned, types) != needed:
            lines.append(f"julia, ccall {name}: is {(returned, types)}, needs {needed}")
    return lines if calls else lines + ["julia: no ccall was found"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--library", dest="built", help="the built library, for nm -D")
    options = parser.parse_args()
    root = options.root
    wanted, document = read_yaml(root / "bindings/interface.yaml")
    lines = check_header(root, wanted) + check_map(root, wanted)
    lines += check_python(root, wanted, document) + check_julia(root, wanted, document)
    if options.built:
        lines += check_library(options.built, wanted)
    for line in lines:
        print(f"check_interface: {line}", file=sys.stderr)
    if not lines:
        counts = f"{len(wanted.functions)} functions, {len(wanted.structs)} structs, {len(wanted.constants)} constants"
        print(f"check_interface: {counts}; header, map, bindings{' and library' * bool(options.built)} agree")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
