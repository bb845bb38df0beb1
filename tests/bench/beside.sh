# shellcheck shell=sh
# Read by the scripts that put the library beside others, in the top folder: kernels of BLAS, the built library, modules.
# Debian 12's OpenBLAS does not know newer processors and falls back to kernels many times slower. Every process gets
# the kernels of this processor and all of its threads.
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
CONCEPTDEC_LIBRARY=$PWD/$build/lib/libconceptdec.so
export CONCEPTDEC_LIBRARY
export PYTHONPATH="$PWD/bindings/python:$PWD/tests/bench"

# The newest of the others, set up once.
need_peers() {
    bash tests/bench/peers.sh setup >$build/peers.log 2>&1 || { cat $build/peers.log; exit 1; }
}
