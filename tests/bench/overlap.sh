#!/bin/sh
# overlap.sh [CASE ...]: principal angles of all pairs of subspaces beside SciPy and NumPy (far, near, concepts; default all, some minutes).
# The newest of both are set up once by peers.sh (root and network needed).
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/beside.sh
need_peers
exec /usr/bin/python3 tests/bench/overlap.py "$@"
