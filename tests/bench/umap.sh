#!/bin/sh
# umap.sh [CASE ...]: UMAP beside umap-learn: quality (digits, bitwise, pos) and time (10000, 50000); default all, about 15 minutes.
# umap-learn is set up once by peers.sh (root and network needed). $CONCEPTDEC_BENCH_DATA: a folder with grids of activations in
# bitwise/ and pos/ (default: examples/data, which is bitwise); what is not there is left out.
set -eu
cd "$(dirname "$0")/../.."
. tests/bench/beside.sh
need_peers
exec /usr/bin/python3 tests/bench/umap_run.py "$@"
