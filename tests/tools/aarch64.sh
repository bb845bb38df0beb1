#!/bin/sh
# aarch64.sh PREFIX SCRATCH: builds the library for 64-bit ARM (portable kernels, no BLAS) and runs the consumer program
# under qemu-user; what it prints must equal what the installed native library below PREFIX gives, to the last bit.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
prefix=$1 scratch=$2
[ -d "$scratch/build" ] || meson setup "$scratch/build" "$root" --cross-file "$root/tests/tools/aarch64.ini" \
  -Dblas=disabled -Dtests=disabled -Dexamples=disabled -Dpython=disabled
ninja -C "$scratch/build"
aarch64-linux-gnu-gcc -std=c11 -O2 -Wall -Werror -I"$root/include" "$root/tests/abi/consumer.c" -o "$scratch/consumer" \
  -L"$scratch/build/lib" -lconceptdec
qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$scratch/build/lib" "$scratch/consumer" >"$scratch/arm.txt"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_LIBRARY_PATH="$prefix/lib"
cc -std=c11 "$root/tests/abi/consumer.c" -o "$scratch/native" $(pkg-config --cflags --libs conceptdec)
"$scratch/native" >"$scratch/native.txt"
diff "$scratch/native.txt" "$scratch/arm.txt"
cat "$scratch/arm.txt"
