#!/bin/sh
# symbols.sh BUILD: what the built library takes from others and gives to them.
set -eu
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
library=$build/lib/libconceptdec.so
archive=$build/lib/libconceptdec-all.a
failed=0
fail() { echo "$*"; failed=1; }

# Exported by the library, listed in the map, declared in the header: the same names.
nm -D --defined-only --format=posix "$library" | awk '$2 != "A" {sub(/@@.*/, "", $1); print $1}' | sort >"$scratch/library"
sed -n 's/^ *\(conceptdec_[a-z0-9_]*\);$/\1/p' "$root/lib/conceptdec.map" | sort >"$scratch/map"
cc -E -P -I"$root/include" "$root/include/conceptdec/conceptdec.h" | sed 's/__attribute__((visibility("default")))//' |
  tr '\n' ' ' | tr ';{}' '\n\n\n' | sed -n '/typedef/d; s/^[^(]*\(conceptdec_[a-z0-9_]*\) *(.*/\1/p' | sort >"$scratch/header"
[ -s "$scratch/header" ] || fail "no declaration was found in the header"
diff "$scratch/header" "$scratch/map" || fail "header (<) and map (>) differ"
diff "$scratch/map" "$scratch/library" || fail "map (<) and library (>) differ"
nm -D --defined-only "$library" | grep ' conceptdec_' | grep -v '@@CONCEPTDEC_[0-9.]*$' && fail "symbols without a version node"

# Nothing that ends the process, prints, uses global random numbers or signals, or brings OpenMP or C++ along. (fesetenv
# is there: a worker takes over the environment of its caller for the length of a call.)
denied='exit|_exit|_Exit|quick_exit|abort|__assert_fail|printf|vprintf|fprintf|vfprintf|dprintf|vdprintf'
denied="$denied|__printf_chk|__vprintf_chk|__fprintf_chk|__vfprintf_chk|__dprintf_chk|puts|fputs|putchar|putc|fputc|perror"
denied="$denied|psignal|err|errx|warn|warnx|syslog|stdout|stderr|stdin|rand|srand|random|srandom|drand48|srand48"
denied="$denied|signal|sigaction|raise|kill|setlocale|putenv|setenv|unsetenv|system|popen|fesetround|feenableexcept"
denied="$denied|openblas_set_num_threads|goto_set_num_threads|omp_.*|GOMP_.*|__kmpc_.*|__cxa_throw|_Z.*|_ITM_memcpy.*"
nm -D --undefined-only --format=posix "$library" | awk '{sub(/@.*/, "", $1); print $1}' | grep -Ex "$denied" &&
  fail "the library calls what it must not"
readelf -dW "$library" | grep -E 'NEEDED.*lib(gomp|omp|iomp5|stdc\+\+|gfortran)' && fail "the library needs a runtime it must not"
readelf -dW "$library" | grep -q 'BIND_NOW.*TEXTREL\|TEXTREL' && fail "the library has text relocations"
readelf -SlW "$library" | grep -q 'GNU_STACK.*RWE' && fail "the library asks for an executable stack"

abi=$(sed -n 's/^#define CONCEPTDEC_ABI_VERSION //p' "$root/include/conceptdec/version.h")
readelf -dW "$library" | grep -q "SONAME.*\[libconceptdec.so.$abi\]" || fail "SONAME is not libconceptdec.so.$abi"

# The archive, which a program may link as a whole, has no name of its own outside the prefix.
nm -g --defined-only --format=posix "$archive" 2>/dev/null | awk 'NF >= 2 && $1 !~ /:$/ {print $1}' | grep -v '^conceptdec_' &&
  fail "the static archive defines names without the prefix"
[ "$(nm -g --defined-only "$archive" 2>/dev/null | grep -c ' T conceptdec_')" -gt 20 ] || fail "the static archive is empty"

[ $failed = 0 ] && echo "$(wc -l <"$scratch/library") symbols: header, map and library agree"
exit $failed
