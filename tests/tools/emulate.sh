#!/bin/sh
# emulate.sh BUILD SCRATCH [SOURCE...]: runs tests on an emulated processor with AVX-512, on a machine that has none:
# those of the kernels and of sets of kernels, or the files named, linked with the library of the meson folder BUILD.
# Needs Bochs (Debian: bochs, bochs-term) and, beyond kernels, libgfortran.a (gfortran). There is no operating system in
# there (tools/machine): one thread, no files. From the environment:
#   PROCESSOR  a model that `bochs --help cpu` names; default: tigerlake, which has AVX-512 VNNI. Bochs 2.8 and later
#              have sapphire_rapids, with AVX-VNNI, too
#   SCREEN     a display library of Bochs that needs no screen; default: term; `nogui` where Bochs was built with it
#   LIMIT      seconds that one program may take; default: 3600
# Ends with status 77 where there is no Bochs.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
mkdir -p "$2"
scratch=$(cd "$2" && pwd)
shift 2
[ $# -gt 0 ] || set -- "$root"/tests/kernels/test_*.c "$root/tests/identity/test_sets.c"
if ! command -v bochs >/dev/null; then
  echo "SKIPPED emulate: no Bochs (apt-get install --no-install-recommends bochs bochs-term); AVX-512 is NOT tested"
  exit 77
fi
model=${PROCESSOR:-tigerlake}
bochs --help cpu 2>&1 | grep -qx "$model" || { echo "emulate: this Bochs has no processor $model" >&2; exit 1; }

# The firmware, and what stands in for an operating system.
machine=$root/tests/tools/machine
gcc -std=c11 -O2 -Wall -Wextra -Werror -ffreestanding -fno-pie -fno-stack-protector -fcf-protection=none -mno-red-zone \
  -mgeneral-regs-only -nostdlib -static -no-pie -Wl,--build-id=none -Wl,--section-start=.rom=0xffff0000 \
  -Wl,-Ttext=0x10000 -Wl,-e,0x10000 "$machine/start.S" "$machine/machine.c" -o "$scratch/machine"
objcopy -O binary -j .rom "$scratch/machine" "$scratch/machine.rom"
objcopy -O binary -R .rom "$scratch/machine" "$scratch/machine.ram"
printf 'OPENBLAS_CORETYPE=Haswell\0\0' >"$scratch/environment"

# Debian's Bochs has a debugger, which must be told to go on; others may have none.
printf 'c\nquit\n' >"$scratch/commands"
debugger=
! bochs --help 2>&1 | grep -q '^ *-rc ' || debugger="-rc $scratch/commands"

# emulate PROGRAM: its output, and whether it ended well.
emulate() {
  cat >"$1.rc" <<END
config_interface: textconfig
display_library: ${SCREEN:-term}
cpu: model=$model, ips=1000000, reset_on_triple_fault=0
memory: guest=1024, host=1024
romimage: file=$scratch/machine.rom
vgaromimage: file=$scratch/machine.rom
optramimage1: file=$scratch/machine.ram, address=0x10000
optramimage2: file=$scratch/environment, address=0x8000
optramimage3: file=$1, address=0x38000000
com1: enabled=1, mode=file, dev=$1.txt
log: $1.log
panic: action=fatal
clock: sync=none
END
  rm -f "$1.txt"
  TERM=vt100 timeout "${LIMIT:-3600}" bochs -q -f "$1.rc" $debugger >"$1.screen" 2>&1 </dev/null || :
  sed '/^$/d; /^status /d' "$1.txt" || { tail -n 5 "$1.screen" "$1.log"; return 1; }
  grep -q '^status 0000000000000000$' "$1.txt"
}

ninja -C "$build" lib/libconceptdec-all.a tests/libnarrow-evex.a >"$scratch/build.log" ||
  { cat "$scratch/build.log"; exit 1; }
failed=0
for source in "$@"; do
  program=$scratch/$(basename "$(dirname "$source")")-$(basename "$source" .c)
  case $source in
  */kernels/*) libraries= ;;
  *) libraries='-llapacke -lopenblas -lgfortran -lquadmath' ;;
  esac
  # shellcheck disable=SC2086
  gcc -std=c11 -O2 -ffp-contract=off -static -DCONCEPTDEC_HAVE_BLAS -I"$root/tests/tools/plain" -I"$root/tests/tools" \
    -I"$root/include" -I"$root/lib" "$source" -o "$program" "$build/lib/libconceptdec-all.a" \
    "$build/tests/libnarrow-evex.a" $libraries -lm -pthread
  emulate "$program" || { echo "FAILED $source"; failed=$((failed + 1)); }
done
echo "$model: $(($# - failed)) programs passed, $failed failed"
[ "$failed" = 0 ]
