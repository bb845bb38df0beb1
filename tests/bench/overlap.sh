#!/bin/sh
# overlap.sh [CASE ...]: principal angles of all pairs of subspaces beside SciPy and NumPy (far, near; default both, some minutes).
# The newest of both are set up once by peers.sh (root and network needed).
set -eu
cd "$(dirname "$0")/../.."
build=build/bench
mkdir -p $build
export PYTHONDONTWRITEBYTECODE=1
if grep -q avx512bw /proc/cpuinfo; then
    export OPENBLAS_CORETYPE=SkylakeX
elif grep -q avx2 /proc/cpuinfo; then
    export OPENBLAS_CORETYPE=Haswell
fi
OMP_NUM_THREADS=$(nproc)
export OMP_NUM_THREADS
export OPENBLAS_NUM_THREADS="$OMP_NUM_THREADS"
[ -f $build/build.ninja ] ||
    meson setup $build --buildtype=release -Dtests=disabled -Dexamples=disabled >$build/setup.log 2>&1 ||
    { cat $build/setup.log; exit 1; }
ninja -C $build >$build/build.log 2>&1 || { tail -n 30 $build/build.log; exit 1; }
bash tests/bench/peers.sh setup >$build/peers.log 2>&1 || { cat $build/peers.log; exit 1; }
CONCEPTDEC_LIBRARY=$PWD/$build/lib/libconceptdec.so
export CONCEPTDEC_LIBRARY
export PYTHONPATH="$PWD/bindings/python:$PWD/tests/bench"
exec /usr/bin/python3 tests/bench/overlap.py "$@"
