#!/bin/sh
# abi.sh BUILD SCRATCH: holds the library of a build folder (made with debug information) against the stored ABI, and
# proves on a changed copy of the tree that a forbidden change is refused.
# abi.sh BUILD SCRATCH --accept: makes the library's ABI the stored one; CHANGELOG.md must say so in the same commit.
# Any difference fails, an addition too: an intended one is accepted, and layout.c keeps the old offsets and types.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1 scratch=$2
baseline=$root/tests/abi/libconceptdec.so.0.abi

has_debug_info() {
  readelf -SW "$1" | grep -q ' \.debug_info ' || { echo "$1 has no debug information"; return 1; }
}

# Types that the public headers do not define are private: changing them is not a change of the ABI.
# Without --harmless, or with --short-locs or --no-show-locs, version 2.2 passes over an int64_t that becomes a uint64_t.
describe() {
  abidw --no-corpus-path --no-comp-dir-path --no-elf-needed --exported-interfaces-only \
    --drop-private-types --headers-dir "$2" --out-file "$3" "$1"
}

library=$build/lib/libconceptdec.so
has_debug_info "$library"
if [ "${3:-}" = --accept ]; then
  describe "$library" "$root/include" "$baseline"
  exit
fi
abidiff --harmless --headers-dir2 "$root/include" "$baseline" "$library" || { echo "abidiff: exit status $?"; exit 1; }
echo "the ABI is the stored one"

# The canary: one published field gets another type in a copy of the tree.
refuse() {
  name=$1 pattern=$2 copy=$scratch/canary-$1
  rm -rf "$copy"
  mkdir -p "$copy"
  cp -R "$root/meson.build" "$root/meson_options.txt" "$root/include" "$root/lib" "$root/bindings" "$copy"
  sed -i "$pattern" "$copy/include/conceptdec/conceptdec.h"
  ! cmp -s "$root/include/conceptdec/conceptdec.h" "$copy/include/conceptdec/conceptdec.h" ||
    { echo "canary $name: the header did not change"; return 1; }
  if cc -std=c11 -fsyntax-only -I"$copy/include" "$root/tests/abi/layout.c" >"$copy/layout.log" 2>&1; then
    echo "canary $name: layout.c did not notice"
    return 1
  fi
  meson setup "$copy/build" "$copy" --buildtype=debug -Dtests=disabled -Dexamples=disabled >"$copy/setup.log" 2>&1
  ninja -C "$copy/build" >"$copy/build.log" 2>&1 || { tail -n 20 "$copy/build.log"; return 1; }
  changed=$copy/build/lib/libconceptdec.so
  has_debug_info "$changed"
  status=0
  abidiff --harmless --headers-dir2 "$copy/include" "$baseline" "$changed" >"$copy/abidiff.log" 2>&1 || status=$?
  # Bits: 1 error, 2 usage, 4 ABI change, 8 incompatible ABI change.
  if [ $((status & 3)) != 0 ] || [ $((status & 4)) = 0 ]; then
    echo "canary $name: abidiff did not refuse it (exit status $status)"
    return 1
  fi
  echo "canary $name: refused"
}

refuse wider 's/^    int32_t metric;  */    int64_t metric; /'
refuse sign 's/^    int64_t n_ks;  */    uint64_t n_ks; /'
