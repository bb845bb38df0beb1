#!/bin/sh
# layout.sh: compiles the layout assertions with both compilers, and holds that every published field and number has one.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
header=$root/include/conceptdec/conceptdec.h
layout=$root/tests/abi/layout.c
for compiler in gcc clang; do
  "$compiler" -std=c11 -Wall -Wextra -Werror -fsyntax-only -I"$root/include" "$layout"
done
failed=0
fields=$(cc -E -P -I"$root/include" "$header" | awk '/^typedef struct [a-z_]+ {/ {name = $3} /^}/ {name = ""}
  name && /;/ {print}' | wc -l)
listed=$(grep -c '^FIELD(' "$layout")
[ "$fields" = "$listed" ] || { echo "the header has $fields fields, layout.c lists $listed"; failed=1; }
for name in $(sed -n 's/^#define \(CONCEPTDEC_[A-Z0-9_]*\)  *(\{0,1\}-\{0,1\}[0-9].*/\1/p' "$header"); do
  grep -q "^VALUE($name," "$layout" || { echo "layout.c has no line for $name"; failed=1; }
done
[ $failed = 0 ] && echo "$fields fields and every number hold"
exit $failed
