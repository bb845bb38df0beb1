#!/bin/sh
# quickstart.sh: from a fresh Debian 12 to a first answer. Installs the packages that are missing, builds and installs
# the library, and prints how well a concept can be read from each layer of a small transformer while it learns.
#
#   sh examples/quickstart.sh                      installs below /usr/local; needs root or sudo
#   PREFIX=$HOME/conceptdec sh examples/quickstart.sh    installs there, without root if no package is missing
#
# It may be run again at any time.
set -eu
PREFIX=${PREFIX:-/usr/local}
cd "$(dirname "$0")/.."
case $PREFIX in /*) ;; *) PREFIX=$PWD/$PREFIX ;; esac
build=$PWD/build/quickstart
log=$build.log
mkdir -p build

say() { printf '%s\n' "$*"; }
fail() { say "quickstart.sh: $*" >&2; exit 1; }

# Runs a command quietly; shows what it wrote where it fails.
quiet() {
    if ! "$@" >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        fail "failed: $* (all of its output is in $log)"
    fi
}

need_root() {
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1 ||
        fail "$1 needs root, and there is no sudo here. Run this script as root; or have the packages
  $packages
installed and set PREFIX to a folder of your own."
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"
}

packages='gcc libc6-dev meson ninja-build pkg-config libopenblas-dev liblapacke-dev python3 python3-numpy'
missing=''
for package in $packages; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' ||
        missing="$missing $package"
done
if [ -n "$missing" ]; then
    command -v apt-get >/dev/null 2>&1 || fail "no apt-get here; install what these Debian packages hold:$missing"
    need_root "Installing$missing"
    say "1. Installing packages:$missing"
    quiet apt update
    # shellcheck disable=SC2086
    quiet apt install -y --no-install-recommends $missing
else
    say "1. All packages are installed"
fi

say "2. Building in build/quickstart"
# lib, not what meson guesses: without dpkg-dev that is lib64, which Debian's linker and pkg-config do not search.
if [ -f "$build/build.ninja" ]; then
    quiet meson configure "$build" -Dprefix="$PREFIX" -Dlibdir=lib -Dbuildtype=release
else
    quiet meson setup "$build" --prefix="$PREFIX" --libdir=lib --buildtype=release -Dtests=disabled -Dexamples=disabled
fi
quiet ninja -C "$build"

say "3. Installing below $PREFIX"
home=$PREFIX
while [ ! -e "$home" ]; do home=$(dirname "$home"); done
if [ -w "$home" ]; then
    quiet meson install -C "$build" --no-rebuild
else
    need_root "Installing below $PREFIX"
    quiet as_root meson install -C "$build" --no-rebuild
fi

# Below /usr/local and /usr the system finds what is new by itself.
if [ "$PREFIX" != /usr/local ] && [ "$PREFIX" != /usr ]; then
    package=$(find "$PREFIX/lib" -type d -path '*-packages/conceptdec' | head -n 1)
    [ -n "$package" ] || fail "the Python package is not below $PREFIX (see $log)"
    settings="export LD_LIBRARY_PATH=$PREFIX/lib PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig PYTHONPATH=${package%/*}"
    eval "$settings"
fi

say "4. Decoding the operator from examples/data (see examples/data/README.md)"
say ""
/usr/bin/python3 examples/layer_profile.py examples/data build/decodability.json
if [ -n "${settings:-}" ]; then
    say ""
    say "So that the compiler, Python and Julia find the library below $PREFIX:"
    say "  $settings"
fi
