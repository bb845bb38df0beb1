#!/bin/sh
# pca.sh [CASE ...]: principal components beside scikit-learn, 50 (small, large, half) or all of them (all); default
# each, some minutes.
# The newest scikit-learn is set up once by peers.sh (root and network needed).
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/beside.sh
need_peers
exec /usr/bin/python3 tests/bench/pca.py "$@"
