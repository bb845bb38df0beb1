#!/bin/sh
# compare.sh: conceptdec beside scikit-learn, FAISS and (where it is) torch on this machine, answers checked first.
#   sh tests/bench/compare.sh                    quick: a minute or two, and once the setting-up of the peers
#   sh tests/bench/compare.sh full --rounds=3    every size that docs/figures.md shows; hours on two cores
#   sh tests/bench/compare.sh report             the tables and the picture again, from the results alone
# A run that was stopped goes on where it was: results are appended to build/bench/results-PRESET.jsonl.
#   --rounds=N          turns of every tool in a case (3)
#   --only=PATTERN      cases whose name holds PATTERN (*, ? and [] as in a shell); --list names them
#   --size=NxD --k=10   a grid of these sizes instead; --size may be repeated
#   --data=FILE         activations (.npy, samples x dimensions last) as a further case; --matrix=I: which of its grid;
#                       --name=NAME: what to call it
#   --results=FILE      another file of results; --again: measure again what it has
#   --debian            peers as Debian packages them, not the newest
#   --docs              report: write docs/figures.md and docs/figures.svg
# The newest peers are set up once by peers.sh (root and network needed); where that cannot be done, Debian's own
# packages serve, and where they are missing too, the figures of conceptdec stand alone.
set -eu
CALLED_FROM=$PWD # what names of files are relative to
export CALLED_FROM
cd "$(dirname "$0")/../.."
peers=chroot
task=run
count=$#
while [ "$count" -gt 0 ]; do
    argument=$1
    shift
    count=$((count - 1))
    case $argument in
    --debian) peers=debian ;;
    -h | --help) sed -n '2,16s/^# \{0,1\}//p' "$0"; exit ;;
    report | --list) task=print && set -- "$@" "$argument" ;;
    *) set -- "$@" "$argument" ;;
    esac
done
[ $task = run ] || PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 tests/bench/compare.py "$@"

. tests/bench/beside.sh
${CC:-cc} -O2 -pthread tests/bench/peak.c -o $build/peak

can_import() { /usr/bin/python3 -c "import $1" 2>/dev/null; }

set_up_peers() { [ "$(id -u)" = 0 ] && timeout 120 bash tests/bench/peers.sh setup >$build/peers.log 2>&1; }

if [ $peers = chroot ] && ! set_up_peers; then
    echo "The newest peers cannot be set up here (see $build/peers.log); Debian's packages take their place."
    peers=debian
fi
if [ $peers = debian ] && ! { can_import sklearn && can_import faiss; } && [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-sklearn python3-faiss \
        >$build/packages.log 2>&1 || echo "Debian's packages cannot be installed (see $build/packages.log)."
fi
exec /usr/bin/python3 tests/bench/compare.py --peers $peers "$@"
