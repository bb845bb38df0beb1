#!/bin/sh
# end_to_end.sh PREFIX SCRATCH [--without julia]: an engine's activations, written by one program and read from .safetensors
# and .npy by C, the command, Python and Julia with what is installed below PREFIX, give the same numbers to the last digit;
# and Python and Julia write the same file again, byte for byte.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
prefix=$1 scratch=$2 without=${4:-}
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_LIBRARY_PATH="$prefix/lib" PYTHONDONTWRITEBYTECODE=1

compile() {
  cc -std=c11 -Wall -Wextra -Werror "$1" -o "$2" $(pkg-config --cflags --libs conceptdec) -pthread -lm
}
compile "$root/examples/recording.c" recording
compile "$root/tests/tools/end_to_end.c" read
./recording . >recording.txt
cat recording.txt

# Every reader writes <reader>-<format>.txt: of each layer decodability, balanced, chance_null.
for how in "" map; do
  ./read recording.safetensors layers recording.safetensors labels $how >c$how-safetensors.txt
  ./read recording.npy recording recording_labels.npy recording_labels $how >c$how-npy.txt
done

knn="$prefix/bin/conceptdec knn --quiet --json --seed 3"
$knn recording.safetensors --array layers --labels recording.safetensors:labels >command-safetensors.json
$knn recording.npy --labels recording_labels.npy >command-npy.json

PYTHONPATH=$(dirname "$(ls -d "$prefix"/lib/python3*/*-packages/conceptdec)") /usr/bin/python3 - <<'PROGRAM'
import json

import numpy as np
import conceptdec

FIELDS = ["decodability", "balanced", "chance_null"]
LABELS = {"safetensors": ("recording.safetensors", "labels"), "npy": ("recording_labels.npy", "recording_labels")}


def write(reader, columns):
    with open(f"{reader}.txt", "w") as out:
        for row in zip(*[np.ravel(column) for column in columns]):
            print(*["%.17g" % value for value in row], file=out)


for kind, (path, name) in LABELS.items():
    with open(f"command-{kind}.json") as answer:
        values = json.load(answer)["values"]
    write(f"command-{kind}", [values[field] for field in FIELDS])
    with conceptdec.open_activations(f"recording.{kind}") as file, conceptdec.open_activations(path) as labels:
        layers = file["layers" if kind == "safetensors" else "recording"]
        concept = labels[name].integers()
        results = [conceptdec.knn_decodability(layers[i], concept, k=10, seed=3) for i in range(len(layers))]
    write(f"python-{kind}", [[result[field] for result in results] for field in FIELDS])

assert np.array_equal(np.load("recording_labels.npy"), concept)
with conceptdec.open_activations("recording.safetensors") as file:
    metadata = {key: file.metadata(key) for key in ("concept", "engine")}
    conceptdec.save_activations("python.safetensors", {name: file[name] for name in ("layers", "labels")}, metadata)
PROGRAM
cmp recording.safetensors python.safetensors

readers="c cmap command python"
if [ "$without" = julia ]; then
  echo "SKIPPED julia: it is not there; the files were NOT read by Julia"
else
  readers="$readers julia"
  export CONCEPTDEC_LIBRARY="$prefix/lib/libconceptdec.so" JULIA_LOAD_PATH="@:@stdlib:$root/bindings/julia"
  cat >read.jl <<'PROGRAM'
using ConceptDec, Printf

labels = (safetensors = ("recording.safetensors", "labels"), npy = ("recording_labels.npy", "recording_labels"))
for (kind, (path, name)) in pairs(labels)
    layers = open_activations("recording.$kind")[kind == :npy ? "recording" : "layers"]
    concept = open_activations(path)[name]
    open("julia-$kind.txt", "w") do out
        for layer in 1:size(layers, 3)
            r = knn_decodability(layers[:, :, layer], concept, k = 10, seed = 3)
            @printf(out, "%.17g %.17g %.17g\n", r.decodability[1], r.balanced[1], r.chance_null[1])
        end
    end
end
file = open_activations("recording.safetensors")
save_activations("julia.safetensors", ["layers" => file["layers"], "labels" => file["labels"]],
    metadata = ["concept" => file.metadata["concept"], "engine" => file.metadata["engine"]])
PROGRAM
  JULIA_DEPOT_PATH=$scratch/julia julia --startup-file=no --project="$root/bindings/julia" read.jl
  cmp recording.safetensors julia.safetensors
fi

# The engine's own numbers are those of its memory.
awk '/^layer/ { print $4 }' recording.txt >expected.txt
[ "$(wc -l <expected.txt)" = 4 ]
for reader in $readers; do
  for format in safetensors npy; do
    cut -d ' ' -f 1 "$reader-$format.txt" | diff expected.txt -
    diff c-safetensors.txt "$reader-$format.txt"
    echo "$reader, $format: the same"
  done
done
