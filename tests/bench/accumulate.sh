#!/bin/sh
# accumulate.sh [D [ROWS [ROUNDS]]]: what a row costs that an engine pushes (default 4096 1000000 3, some minutes).
set -eu
cd "$(dirname "$0")/../.."
build=build/bench-tests
[ -f $build/build.ninja ] || meson setup $build --buildtype=release -Dtests=enabled >/dev/null
ninja -C $build tests/bench_accumulate >/dev/null
sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1
echo "$(nproc) threads, load $(cut -d ' ' -f 1 /proc/loadavg)"
exec $build/tests/bench_accumulate "$@"
