#!/bin/sh
# The whole suite, on Debian 12 as root or with sudo: installs what it needs, builds in build/ and tests.
#   sh tests/run.sh          everything
#   sh tests/run.sh quick    the release build, the unit tests and the Python tests
# Goes on after a failure; prints a line for each step and at the end "N passed, N failed". Logs lie in build/logs.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
mode=${1:-all}
case $mode in all | quick) ;; *) echo "usage: sh tests/run.sh [quick]" >&2; exit 2 ;; esac

# The caller's settings must not change what is tested.
unset CC CXX AR CFLAGS CXXFLAGS CPPFLAGS LDFLAGS CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH LIBRARY_PATH LD_LIBRARY_PATH \
  LD_PRELOAD LD_BIND_NOW PKG_CONFIG_PATH PKG_CONFIG_LIBDIR PYTHONPATH PYTHONHOME PYTHONSTARTUP JULIA_LOAD_PATH \
  JULIA_PROJECT JULIA_DEPOT_PATH CONCEPTDEC_LIBRARY DESTDIR MESON_TESTTHREADS MAKEFLAGS NINJA_STATUS CK_FORK CK_RUN_CASE \
  CK_RUN_SUITE CK_VERBOSITY CK_TIMEOUT_MULTIPLIER OPENBLAS_NUM_THREADS OPENBLAS_CORETYPE OPENBLAS_VERBOSE \
  GOTO_NUM_THREADS OMP_NUM_THREADS ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS POSIXLY_CORRECT
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 DEBIAN_FRONTEND=noninteractive
# Debian 12's OpenBLAS does not know newer processors and falls back to slow kernels.
grep -qw avx512bw /proc/cpuinfo 2>/dev/null && export OPENBLAS_CORETYPE=SkylakeX

python=/usr/bin/python3
build=$root/build
logs=$build/logs
prefix=$build/prefix
mkdir -p "$logs"
passed=0 failed=0 failures=

# report NAME STATUS PASSED FAILED SECONDS: one line, and the sums.
report() {
  [ "$2" != 0 ] && [ "$4" = 0 ] && set -- "$1" "$2" "$3" 1 "$5"
  [ "$2" = 0 ] && [ $(($3 + $4)) = 0 ] && set -- "$1" 1 0 1 "$5" # a test step without a test
  passed=$((passed + $3)) failed=$((failed + $4))
  if [ "$4" = 0 ]; then
    printf 'ok      %-28s %5d passed %6ds\n' "$1" "$3" "$5"
  else
    printf 'FAILED  %-28s %5d passed, %d failed %4ds   (%s)\n' "$1" "$3" "$4" "$5" "build/logs/$1.log"
    tail -n 15 "$logs/$1.log" | sed 's/^/        | /'
    failures="$failures $1"
  fi
}

# step NAME COMMAND...: a gate, which counts as one test. The command cannot change this shell.
step() {
  name=$1 begin=$(date +%s)
  shift
  if ("$@") >"$logs/$name.log" 2>&1; then status=0; else status=$?; fi
  report "$name" $status $((status == 0)) $((status != 0)) $(($(date +%s) - begin))
  return $status
}

# counted NAME KIND FILE COMMAND...: tests that tell how many passed; an empty FILE means the command's output.
counted() {
  name=$1 kind=$2 file=${3:-$logs/$1.log} begin=$(date +%s)
  shift 3
  [ "$kind" = check ] && rm -f "$file"
  if ("$@") >"$logs/$name.log" 2>&1; then status=0; else status=$?; fi
  counts=$("$python" tests/tools/count_tests.py "$kind" "$file" 2>>"$logs/$name.log") || counts="0 1"
  report "$name" $status ${counts% *} ${counts#* } $(($(date +%s) - begin))
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs those of the named packages that are not there.
packages() {
  missing=
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends $missing
}

# configure FOLDER OPTIONS...: a meson build folder; made anew where it cannot be used again.
configure() {
  folder=$build/$1
  shift
  [ -f "$folder/build.ninja" ] && meson setup --reconfigure "$folder" "$root" "$@" && return
  rm -rf "$folder"
  meson setup "$folder" "$root" "$@"
}

build_in() {
  configure "$@" && ninja -k 0 -C "$build/$1"
}

# checks NAME FOLDER [OPTION...]: Check programs of one build, all or those that the options of meson test name.
checks() {
  label=$1 folder=$build/$2
  shift 2
  counted "$label" check "$folder/meson-logs/testlog.json" \
    meson test -C "$folder" --no-rebuild --print-errorlogs --timeout-multiplier 4 "$@"
}

build_clang() {
  export CC=clang
  build_in clang --buildtype=release -Dwerror=true -Dtests=enabled
}

# A source or a test that meson does not know would never be noticed.
test_listed() {
  meson introspect "$build/release" --targets >"$build/targets.json" || return 1
  unlisted=0
  for source in lib/*/*.c tests/*/test_*.c examples/*.c examples/command/*.c; do
    grep -q "/$source\"" "$build/targets.json" && continue
    case $source in # kernels of another processor
    lib/kernels/*) grep -q "'$(basename "$source" .c)'" lib/meson.build && continue ;;
    esac
    echo "no meson.build lists $source"
    unlisted=1
  done
  return $unlisted
}

# Lines of code have at most 120 columns; texts in examples and tests may have more, and numbers of oracles.
test_columns() {
  if {
    grep -rnE '^.{121}' --include='*.[ch]' --include='*.py' --include='*.jl' lib include bindings/julia \
      bindings/python/conceptdec
    grep -rnE '^.{121}' --include='*.[ch]' examples tests | grep -v -e '"' -e '^tests/oracle/[a-z_]*\.h:'
  } | cut -c -160 | grep .; then
    return 1
  fi
}

test_python() {
  library=$build/release/lib/libconceptdec.so
  CONCEPTDEC_LIBRARY=$library PYTHONPATH=$root/bindings/python \
    "$python" -m pytest -q -rs -p no:cacheprovider "$@"
}

# Says what the Python tests left out.
skipped() {
  sed -n 's/^SKIPPED/SKIPPED python:/p' "$logs/$1.log"
}

test_julia() {
  library=$build/release/lib/libconceptdec.so
  CONCEPTDEC_LIBRARY=$library JULIA_LOAD_PATH="@:@stdlib:$root/bindings/julia" JULIA_DEPOT_PATH=$build/julia \
    julia --startup-file=no --project="$root/bindings/julia" "$root/bindings/julia/test/runtests.jl"
}

# Each C example against the installed library, compiled and run as its first lines say.
test_examples() {
  export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_LIBRARY_PATH="$prefix/lib"
  mkdir -p "$build/examples"
  for source in examples/*.c; do
    [ -f "$source" ] || { echo "no example"; return 1; }
    program=$build/examples/$(basename "$source" .c)
    cc -Wall -Wextra -Werror "$source" -o "$program" $(pkg-config --cflags --libs conceptdec) -pthread -lm || return 1
    echo "== $source"
    case $source in
    */projection.c | */overlap.c) set -- examples/data "$program.svg" ;;
    */recording.c) set -- "$build/examples" ;;
    *) set -- ;;
    esac
    "$program" "$@" >"$program.txt" || { cat "$program.txt"; return 1; }
    [ -s "$program.txt" ] || { echo "$source printed nothing"; return 1; }
  done
  "$python" -c 'import sys, xml.dom.minidom as d; [d.parse(name) for name in sys.argv[1:]]' "$build"/examples/*.svg
}

# The installed command.
test_command() {
  CONCEPTDEC_COMMAND=$prefix/bin/conceptdec LD_LIBRARY_PATH=$prefix/lib test_python tests/command
}

# The newcomer's command, below a folder of its own.
test_quickstart() {
  PREFIX=$build/quickstart-prefix sh examples/quickstart.sh && "$python" -m json.tool build/decodability.json >/dev/null
}

test_citizen() {
  cc -std=c11 -Wall -Wextra -Werror -Iinclude tests/abi/citizen.c -o "$build/citizen" -lm &&
    "$build/citizen" "$build/release/lib/libconceptdec.so"
}

finish() {
  [ -z "$failures" ] || echo "failed:$failures"
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
  exit
}

basic="gcc libc6-dev meson ninja-build pkg-config binutils libopenblas-dev liblapacke-dev check python3 python3-numpy
  python3-pytest python3-yaml python3-sklearn"
extras="python3-matplotlib python3-pandas" # plots and tables of results
gates="g++ clang abigail-tools qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
[ "$mode" = quick ] && gates= extras=
step packages packages $basic $extras $gates || finish
# Release code with debug information, which the ABI gate reads.
step build-release build_in release -Doptimization=3 -Ddebug=true -Db_ndebug=true -Dwerror=true -Dtests=enabled \
  --prefix="$prefix" --libdir=lib || [ -f "$build/release/lib/libconceptdec.so" ] || finish

checks unit release --suite unit
if [ "$mode" = quick ]; then
  counted python pytest '' test_python bindings/python/tests
  skipped python
  finish
fi
for suite in kernels identity oracle contract torture fuzz; do
  checks $suite release --suite $suite
done
step listed test_listed
step columns test_columns
step layout sh tests/abi/layout.sh
step headers sh tests/contract/headers.sh
step symbols sh tests/abi/symbols.sh "$build/release"
step interface "$python" tests/tools/check_interface.py --library "$build/release/lib/libconceptdec.so"
step abi sh tests/abi/abi.sh "$build/release" "$build/abi"
step citizen test_citizen

rm -rf "$prefix"
if step install meson install -C "$build/release" --no-rebuild; then
  step consumer sh tests/tools/consumer.sh "$prefix" "$build/consumer"
  step examples test_examples
  counted command pytest '' test_command
fi
step quickstart test_quickstart
counted python pytest '' test_python bindings/python/tests
skipped python
counted oracle-python pytest '' test_python tests/oracle
without=
if bash tests/tools/install-julia.sh >"$logs/install-julia.log" 2>&1; then
  counted julia julia '' test_julia
else
  echo "SKIPPED julia: it could not be installed (build/logs/install-julia.log); the Julia binding is NOT tested"
  without='--without julia'
fi
step end-to-end sh tests/tools/end_to_end.sh "$prefix" "$build/end-to-end" $without
grep '^SKIPPED' "$logs/end-to-end.log"
step readme "$python" tests/tools/check_readme.py "$prefix" "$build/readme" $without
step subproject sh tests/tools/subproject.sh "$build/subproject"
step aarch64 sh tests/tools/aarch64.sh "$prefix" "$build/aarch64"

if step build-clang build_clang; then
  checks clang-unit clang --suite unit
fi
# Instrumented code draws warnings that plain code does not: no -Werror here.
if step build-sanitize build_in sanitize --buildtype=debugoptimized -Db_sanitize=address,undefined \
  -Dtests=enabled -Dexamples=disabled; then
  export CK_FORK=no ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:allocator_may_return_null=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  checks sanitize sanitize
fi
finish
