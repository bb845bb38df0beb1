#!/bin/sh
# subproject.sh SCRATCH: another project builds the library as its meson subproject, under strict warnings of its own.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$1
rm -rf "$scratch"
mkdir -p "$scratch/subprojects/conceptdec"
for part in meson.build meson_options.txt include lib; do
  cp -R "$root/$part" "$scratch/subprojects/conceptdec/"
done
cp "$root/tests/abi/consumer.c" "$scratch/main.c"
cat >"$scratch/meson.build" <<'PROJECT'
project('host', 'c', version: '7', default_options: ['c_std=c11', 'werror=true'])
conceptdec = dependency('conceptdec', fallback: 'conceptdec')
test('main', executable('main', 'main.c', dependencies: conceptdec))
PROJECT
meson setup "$scratch/build" "$scratch" --force-fallback-for=conceptdec
ninja -C "$scratch/build"
meson test -C "$scratch/build" --print-errorlogs
ldd "$scratch/build/main" | grep "$scratch/build/subprojects/conceptdec/lib/libconceptdec.so"
