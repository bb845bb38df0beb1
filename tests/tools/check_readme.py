"""check_readme.py PREFIX SCRATCH [--without KIND]: runs every C, Python and Julia snippet of README.md, from the top of the
tree as a reader would, against the library installed below PREFIX. Fails where there is no snippet of one kind.
"""
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def snippets(text, kind):
    return re.findall(r"^```%s\n(.*?)^```$" % kind, text, flags=re.M | re.S)


def environment(prefix):
    changed = dict(os.environ)
    changed["LD_LIBRARY_PATH"] = os.path.join(prefix, "lib")
    changed["PKG_CONFIG_PATH"] = os.path.join(prefix, "lib", "pkgconfig")
    changed["PYTHONPATH"] = ":".join(glob.glob(os.path.join(prefix, "lib", "python3*", "*-packages")))
    changed["PYTHONDONTWRITEBYTECODE"] = "1"
    return changed


def command(kind, source):
    if kind == "c":
        program = source[:-2]
        flags = "$(pkg-config --cflags --libs conceptdec) -lm"
        return ["sh", "-c", "cc -std=c11 -Wall -Wextra -Werror '%s' -o '%s' %s && '%s'" % (source, program, flags, program)]
    return ["/usr/bin/python3", source] if kind == "python" else ["julia", "--startup-file=no", source]


def main(prefix, scratch, *rest):
    without = rest[1] if rest[:1] == ("--without",) else None
    os.makedirs(scratch, exist_ok=True)
    text = open(os.path.join(ROOT, "README.md"), encoding="utf-8").read()
    failed = 0
    for kind, ending in (("c", ".c"), ("python", ".py"), ("julia", ".jl")):
        if kind == without:
            continue
        found = snippets(text, kind)
        if not found:
            print("README.md has no %s snippet" % kind)
            failed += 1
        for number, code in enumerate(found, 1):
            source = os.path.join(scratch, "readme%d%s" % (number, ending))
            with open(source, "w", encoding="utf-8") as stream:
                stream.write(code)
            ran = subprocess.run(command(kind, source), cwd=ROOT, env=environment(prefix), stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, universal_newlines=True, timeout=300)
            good = ran.returncode == 0
            failed += not good
            print("%s %s snippet %d\n%s" % ("ok" if good else "FAILED", kind, number, ran.stdout))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
