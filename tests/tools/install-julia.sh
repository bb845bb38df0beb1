#!/bin/bash
# install-julia.sh [PREFIX]: unpacks Julia 1.5.3 from Debian 11's packages into a folder of its own (default
# /opt/julia-1.5), to test the Julia binding on Debian 12, which packages no Julia. Needs root. Adds no package source to
# the system; writes the command PREFIX/julia, and /usr/local/bin/julia where there is none.
# Debian 11's libunwind8 goes along: with that of Debian 12 this Julia crashes on any exception.
set -euo pipefail

prefix=${1:-/opt/julia-1.5}
if [[ -x $prefix/julia ]]; then
    exec "$prefix/julia" --version
fi

mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -n 1) || true
if [[ -z $mirror ]]; then
    mirror=$(awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) {print $i; exit}}' \
        /etc/apt/sources.list 2>/dev/null) || true
fi
[[ -n $mirror ]] || { echo 'install-julia.sh: no Debian mirror in the package sources' >&2; exit 1; }

state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/debs"
touch "$state/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bullseye main" >"$state/sources.list"
options=(-oDir::Etc::sourcelist="$state/sources.list" -oDir::Etc::sourceparts=/dev/null
    -oDir::State::lists="$state/lists" -oDir::State::status="$state/status" -oDir::Cache="$state/cache"
    -oAPT::Sandbox::User=root -qq)
apt-get "${options[@]}" update
cd "$state/debs"
apt-get "${options[@]}" download julia julia-common libjulia1 libunwind8 libllvm9 libopenlibm3 libdsfmt-19937-1 \
    libgit2-1.1 libhttp-parser2.9 libmbedcrypto3 libmbedtls12 libmbedx509-0 libutf8proc2 libffi7 libopenblas64-0-pthread
mkdir -p "$prefix"
for package in *.deb; do dpkg -x "$package" "$prefix"; done

# What Julia shares with the system (GMP, MPFR, PCRE2, libssh2, curl) stays the system's own.
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libgmp10 libmpfr6 libpcre2-8-0 libssh2-1 libcurl3-gnutls \
    libgfortran5 >/dev/null
triplet=$(basename "$(dirname "$(find "$prefix/usr/lib" -name 'libjulia.so.1' | head -n 1)")")
libraries=$prefix/usr/lib/$triplet
for link in "$libraries"/julia/*; do
    target=$(basename "$(readlink "$link" || true)")
    if [[ -n $target && ! -e $link ]]; then
        ln -sf "/usr/lib/$triplet/$target" "$libraries/$target"
    fi
done

cat >"$prefix/julia" <<WRAPPER
#!/bin/sh
LD_LIBRARY_PATH=$libraries:$libraries/julia:$libraries/openblas64-pthread\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
exec $prefix/usr/bin/julia "\$@"
WRAPPER
chmod +x "$prefix/julia"
if [[ ! -e /usr/local/bin/julia && -w /usr/local/bin ]]; then
    ln -s "$prefix/julia" /usr/local/bin/julia
fi
"$prefix/julia" --version
