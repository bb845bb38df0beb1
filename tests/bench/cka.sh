#!/bin/sh
# cka.sh [CASE ...]: CKA of all pairs of layers beside NumPy (small, medium, large; default all, some minutes).
# Both sides run with all processors; processor time is told, too.
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/beside.sh
exec /usr/bin/python3 tests/bench/cka.py "$@"
