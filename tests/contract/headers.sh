#!/bin/sh
# headers.sh: each public header alone, as C11 and as C++17, without one warning.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
strict='-pedantic -Wall -Wextra -Wconversion -Wshadow -Wpadded -Wundef -Werror'
for header in conceptdec.h version.h; do
  printf '#include <conceptdec/%s>\n#include <conceptdec/%s>\ntypedef int alone;\n' $header $header >"$scratch/alone.c"
  cp "$scratch/alone.c" "$scratch/alone.cc"
  for compiler in gcc clang; do
    $compiler -std=c11 $strict -Wstrict-prototypes -Wmissing-prototypes -fsyntax-only -I"$root/include" "$scratch/alone.c"
  done
  for compiler in g++ clang++; do
    $compiler -std=c++17 $strict -fsyntax-only -I"$root/include" "$scratch/alone.cc"
  done
done
# And a C++ program links: the names are C names.
cat >"$scratch/name.cc" <<'PROGRAM'
#include <conceptdec/conceptdec.h>
const char *name(conceptdec_status status) { return conceptdec_status_name(status); }
PROGRAM
g++ -std=c++17 -c -I"$root/include" "$scratch/name.cc" -o "$scratch/name.o"
nm -u "$scratch/name.o" | grep -q ' conceptdec_status_name$' || { echo "C++ sees mangled names"; exit 1; }
echo "headers stand alone"
