#!/bin/sh
# Time and memory of `conceptdec report`: 33 layers x 2,000 x 4,096 of bfloat16, 10 concepts, everything on the page.
#   sh tests/bench/report.sh PROGRAM [FOLDER [LAYERS]]
# Writes 540 MB into FOLDER (default /tmp/conceptdec-report). Prints wall and processor time and the largest resident size,
# then the time of each stage.
set -eu
program=$1 folder=${2:-/tmp/conceptdec-report} layers=${3:-33}
python=${PYTHON:-/usr/bin/python3}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
acts=$folder/acts-$layers.safetensors
[ -f "$acts" ] || "$python" "$here/report_data.py" "$acts" "$folder/labels.npy" "$layers"
/usr/bin/time -f '%e s, user %U s, system %S s, %M kB' "$program" report "$acts" --labels "$folder/labels.npy" \
  -o "$folder/report"
"$python" - "$folder/report/report.json" <<'END'
import json
import sys

for stage, time in json.load(open(sys.argv[1]))["diagnostics"].items():
    print(f"{stage:14} {time['seconds']:8.2f} s {time['cpu_seconds']:8.2f} s of processors")
END
