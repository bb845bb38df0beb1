#!/bin/sh
# consumer.sh PREFIX SCRATCH: what is installed below PREFIX serves a C program outside the tree, by pkg-config, and a
# Python that is given nothing but the paths below PREFIX.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
prefix=$1 scratch=$2
mkdir -p "$scratch"
cp "$root/tests/abi/consumer.c" "$scratch/consumer.c"
cd "$scratch"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_LIBRARY_PATH="$prefix/lib"
[ "$(pkg-config --modversion conceptdec)" = \
  "$(sed -n 's/^#define CONCEPTDEC_VERSION_STRING "\(.*\)"/\1/p' "$root/include/conceptdec/version.h")" ]
for compiler in gcc clang; do
  $compiler -std=c11 -Wall -Wextra -Werror consumer.c -o consumer-$compiler $(pkg-config --cflags --libs conceptdec)
  ./consumer-$compiler >$compiler.txt
done
diff gcc.txt clang.txt
grep '^decodability 0\.' gcc.txt
packages=$(dirname "$(ls -d "$prefix"/lib/python3*/*-packages/conceptdec)")
PYTHONPATH=$packages /usr/bin/python3 - "$prefix" <<'PROGRAM'
import sys
import numpy
import conceptdec

assert conceptdec.__file__.startswith(sys.argv[1]), conceptdec.__file__
rng = numpy.random.default_rng(0)
labels = numpy.arange(60) % 3
result = conceptdec.knn_decodability(rng.normal(size=(60, 8)) + 9 * numpy.eye(8)[labels], labels, k=5)
assert float(numpy.ravel(result.decodability)[0]) == 1.0, result.decodability
print("python package", conceptdec.__file__)
PROGRAM
