#!/bin/bash
# peers.sh: the newest packaged peers (scikit-learn, FAISS and umap-learn on a current OpenBLAS) in a folder of their own, so that a
# benchmark on Debian 12 compares with what a user would install today.
#   peers.sh setup              build the folder once (a minute or two; needs root and the network)
#   peers.sh run ARG...         run `python3 ARG...` with the peers in the current folder (/mnt there)
#   peers.sh versions           print the peers' versions and the BLAS core that they use
# The folder is $PEERS_ROOT (default /var/tmp/conceptdec-peers). Nothing outside it is changed, but debootstrap is
# installed where it is missing.
set -euo pipefail
root=${PEERS_ROOT:-/var/tmp/conceptdec-peers}
packages=(python3-sklearn python3-faiss python3-numpy umap-learn libopenblas0-pthread)

need_ready() { [[ -e $root/.ready ]] || { echo "peers.sh: run 'peers.sh setup' first" >&2; exit 2; }; }

mounts() {
    local name
    mkdir -p "$root/mnt"
    for name in proc sys dev; do
        mountpoint -q "$root/$name" || mount --bind "/$name" "$root/$name"
    done
}

base_system() {
    local mirror
    command -v debootstrap >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq debootstrap >/dev/null
    mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -n 1)
    [[ -n $mirror ]] || mirror=$(awk '$1 == "deb" {print $2; exit}' /etc/apt/sources.list)
    rm -rf --one-file-system "$root" # what an interrupted set-up has left
    debootstrap --variant=minbase sid "$root" "$mirror" >/dev/null
    touch "$root/.base"
}

case "${1:-}" in
setup)
    if [[ ! -e $root/.ready ]] || ! chroot "$root" dpkg -s "${packages[@]}" >/dev/null 2>&1; then
        [[ -e $root/.base ]] || base_system
        mounts
        chroot "$root" apt-get -oAcquire::Check-Valid-Until=false update -qq
        DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y -qq --no-install-recommends "${packages[@]}" \
            >/dev/null
        touch "$root/.ready"
    fi
    exec "$0" versions
    ;;
run)
    shift
    need_ready
    mounts
    # A mount namespace of its own: the bind of the current folder goes with the process.
    here=$PWD
    # shellcheck disable=SC2016
    exec unshare --mount --propagation private bash -c '
        root=$1 here=$2
        shift 2
        mount --bind "$here" "$root/mnt"
        exec chroot "$root" sh -c "cd /mnt && exec python3 \"\$@\"" sh "$@"' sh "$root" "$here" "$@"
    ;;
versions)
    need_ready
    mounts
    chroot "$root" python3 - <<'PY'
import ctypes, glob, importlib.metadata, numpy, sklearn, faiss
print("numpy", numpy.__version__, "scikit-learn", sklearn.__version__, "faiss", faiss.__version__, "umap-learn",
      importlib.metadata.version("umap-learn"))
for path in glob.glob("/usr/lib/*/openblas-*/libopenblas.so.0"):
    lib = ctypes.CDLL(path)
    lib.openblas_get_corename.restype = lib.openblas_get_config.restype = ctypes.c_char_p
    print(lib.openblas_get_config().decode(), "core", lib.openblas_get_corename().decode())
PY
    ;;
*)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
