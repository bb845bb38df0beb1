#!/bin/sh
# pca.sh [CASE ...]: leading principal components beside scikit-learn (small, large, half; default all, some minutes).
# The newest scikit-learn is set up once by peers.sh (root and network needed).
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/beside.sh
need_peers
exec /usr/bin/python3 tests/bench/pca.py "$@"
