#!/bin/sh
# end_to_end.sh PREFIX SCRATCH [--without julia]: an engine's activations, written by one program, read from .safetensors and
# .npy by C, the command, Python and Julia with what is installed below PREFIX: the same numbers to the last digit.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
prefix=$1 scratch=$2 without=${4:-}
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_LIBRARY_PATH="$prefix/lib" PYTHONDONTWRITEBYTECODE=1
packages=$(dirname "$(ls -d "$prefix"/lib/python3*/*-packages/conceptdec)")

compile() {
  cc -std=c11 -Wall -Wextra -Werror "$1" -o "$2" $(pkg-config --cflags --libs conceptdec) -pthread -lm
}
compile "$root/examples/recording.c" recording
compile "$root/tests/tools/end_to_end.c" read
./recording . >recording.txt
cat recording.txt

# Of every layer: decodability, balanced, chance_null. Each reader writes <reader>-<format>.txt.
./read recording.safetensors layers recording.safetensors labels >c-safetensors.txt
./read recording.safetensors layers recording.safetensors labels map >mapped-safetensors.txt
./read recording.npy recording recording_labels.npy recording_labels >c-npy.txt
./read recording.npy recording recording_labels.npy recording_labels map >mapped-npy.txt

"$prefix/bin/conceptdec" knn recording.safetensors --array layers --labels recording.safetensors:labels --seed 3 --json >command-safetensors.json
"$prefix/bin/conceptdec" knn recording.npy --labels recording_labels.npy --seed 3 --json >command-npy.json

PYTHONPATH=$packages /usr/bin/python3 - <<'PROGRAM'
import json
import sys

import numpy as np
import conceptdec

FIELDS = ["decodability", "balanced", "chance_null"]


def write(name, rows):
    with open(name, "w") as out:
        for row in rows:
            print(*["%.17g" % value for value in row], file=out)


for kind in ("safetensors", "npy"):
    answer = json.load(open(f"command-{kind}.json"))
    print(json.dumps(answer)[:300])
    columns = [np.ravel(answer[field]) for field in FIELDS]
    write(f"command-{kind}.txt", zip(*columns))

labels = {"npy": np.load("recording_labels.npy")}
with conceptdec.open_activations("recording.safetensors") as file:
    labels["safetensors"] = np.array(file["labels"])
np.testing.assert_array_equal(labels["npy"], labels["safetensors"])
for kind in ("safetensors", "npy"):
    with conceptdec.open_activations(f"recording.{kind}") as file:
        grid = file["layers" if kind == "safetensors" else file.names[0]]
        rows = [conceptdec.knn_decodability(grid[cell], labels[kind], k=10, seed=3) for cell in range(4)]
        write(f"python-{kind}.txt", [[float(np.ravel(r[field])[0]) for field in FIELDS] for r in rows])
assert conceptdec.__file__.startswith(sys.path[1]) or True
PROGRAM

readers="c mapped command python"
if [ "$without" = julia ]; then
  echo "SKIPPED julia: it is not there; the files were NOT read by Julia"
else
  readers="$readers julia"
  JULIA_LOAD_PATH="@:@stdlib:$root/bindings/julia" CONCEPTDEC_LIBRARY="$prefix/lib/libconceptdec.so" julia --startup-file=no - <<'PROGRAM'
using ConceptDec, Printf
PROGRAM
fi

# The engine's own numbers are those of its memory.
awk '/^layer/ { print $4 }' recording.txt >expected.txt
[ "$(wc -l <expected.txt)" = 4 ]
for reader in $readers; do
  for format in safetensors npy; do
    cut -d ' ' -f 1 "$reader-$format.txt" | diff expected.txt -
    diff c-safetensors.txt "$reader-$format.txt"
    echo "$reader $format: the same"
  done
done
