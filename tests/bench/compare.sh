#!/bin/sh
# compare.sh: conceptdec's exact neighbour table beside scikit-learn's and FAISS's on this machine, answers checked.
#   sh tests/bench/compare.sh            three minutes at most
#   sh tests/bench/compare.sh --full     also n = 20,000 d = 4,096 and the memory at n = 50,000; some ten minutes
#   sh tests/bench/compare.sh --debian   peers as Debian packages them, not the newest
# The newest peers are set up once by peers.sh (root and network needed); where that cannot be done, Debian's own
# packages serve, and where they are missing too, the figures of conceptdec stand alone.
set -eu
cd "$(dirname "$0")/../.."
build=build/bench
peers=chroot
more=''
for argument; do
    case $argument in
    --debian) peers=debian ;;
    --full) more="$more --full" ;;
    --rounds=*) more="$more --rounds ${argument#*=}" ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
done

# Debian 12's OpenBLAS does not know newer processors and falls back to kernels many times slower. Every process gets
# what the processor can do, ours and the peers alike.
if grep -q avx512bw /proc/cpuinfo; then
    export OPENBLAS_CORETYPE=SkylakeX
elif grep -q avx2 /proc/cpuinfo; then
    export OPENBLAS_CORETYPE=Haswell
fi
OMP_NUM_THREADS=$(nproc)
export OMP_NUM_THREADS
export OPENBLAS_NUM_THREADS="$OMP_NUM_THREADS" PYTHONDONTWRITEBYTECODE=1

mkdir -p $build
[ -f $build/build.ninja ] ||
    meson setup $build --buildtype=release -Dtests=disabled -Dexamples=disabled >$build/setup.log 2>&1 ||
    { cat $build/setup.log; exit 1; }
ninja -C $build >$build/build.log 2>&1 || { tail -n 30 $build/build.log; exit 1; }
${CC:-cc} -O2 -pthread tests/bench/peak.c -o $build/peak
CONCEPTDEC_LIBRARY=$PWD/$build/lib/libconceptdec.so
export CONCEPTDEC_LIBRARY
export PYTHONPATH="$PWD/bindings/python"

can_import() { /usr/bin/python3 -c "import $1" 2>/dev/null; }

set_up_peers() { [ "$(id -u)" = 0 ] && timeout 120 bash tests/bench/peers.sh setup >$build/peers.log 2>&1; }

if [ $peers = chroot ] && ! set_up_peers; then
    echo "The newest peers cannot be set up here (see $build/peers.log); Debian's packages take their place."
    peers=debian
fi
if [ $peers = debian ] && ! { can_import sklearn && can_import faiss; } && [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-sklearn python3-faiss \
        >$build/packages.log 2>&1 || echo "Debian's packages cannot be installed (see $build/packages.log)."
fi
# shellcheck disable=SC2086
exec /usr/bin/python3 tests/bench/compare.py --peers $peers $more
