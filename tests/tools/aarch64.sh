#!/bin/sh
# aarch64.sh PREFIX SCRATCH: builds the library for 64-bit ARM (no BLAS) and runs it under qemu-user, on a processor that
# has the dot product instructions and on one that has not: the tests of the kernels, and the consumer program, which must
# print what the installed native library below PREFIX gives, to the last bit.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
prefix=$1 scratch=$2
arm() {
  cpu=$1
  shift
  qemu-aarch64 -cpu "$cpu" -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$scratch/build/lib" "$@"
}
[ -d "$scratch/build" ] || meson setup "$scratch/build" "$root" --cross-file "$root/tests/tools/aarch64.ini" \
  -Dblas=disabled -Dtests=disabled -Dexamples=disabled -Dpython=disabled
ninja -C "$scratch/build" all lib/libconceptdec-all.a
for source in "$root"/tests/kernels/test_*.c; do
  program=$scratch/$(basename "$source" .c)
  aarch64-linux-gnu-gcc -std=c11 -O2 -ffp-contract=off -Wall -Wextra -Werror -I"$root/tests/tools/plain" \
    -I"$root/tests/tools" -I"$root/include" -I"$root/lib" "$source" -o "$program" "$scratch/build/lib/libconceptdec-all.a" \
    -lm -pthread
  for cpu in max cortex-a53; do
    arm $cpu "$program"
  done
done
aarch64-linux-gnu-gcc -std=c11 -O2 -Wall -Werror -I"$root/include" "$root/tests/abi/consumer.c" -o "$scratch/consumer" \
  -L"$scratch/build/lib" -lconceptdec
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_LIBRARY_PATH="$prefix/lib"
cc -std=c11 "$root/tests/abi/consumer.c" -o "$scratch/native" $(pkg-config --cflags --libs conceptdec)
"$scratch/native" >"$scratch/native.txt"
for cpu in max cortex-a53; do
  arm $cpu "$scratch/consumer" >"$scratch/arm.txt"
  diff "$scratch/native.txt" "$scratch/arm.txt"
done
cat "$scratch/arm.txt"
