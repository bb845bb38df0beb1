#!/bin/sh
# probes.sh [CASE ...]: linear probes beside scikit-learn (path, path_standardized, single, ridge, wide, null, null_loose,
# raw; default all, two hours).
# The newest scikit-learn is set up once by peers.sh (root and network needed).
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/beside.sh
need_peers
exec /usr/bin/python3 tests/bench/probes.py "$@"
