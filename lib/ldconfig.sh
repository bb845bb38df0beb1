#!/bin/sh
# ldconfig.sh DIRECTORY: after an install, tells the system's linker of a library in a directory that it searches.
# Nothing happens for a staged install, without root's rights, or for any other directory.
set -u
[ -z "${DESTDIR:-}" ] && [ "$(id -u)" = 0 ] || exit 0
PATH=$PATH:/usr/sbin:/sbin
command -v ldconfig >/dev/null 2>&1 || exit 0
wanted=$(readlink -f "$1") || exit 0
for directory in $(ldconfig -N -X -v 2>/dev/null | sed -n 's/^\(\/[^:]*\):.*/\1/p'); do
  if [ "$(readlink -f "$directory")" = "$wanted" ]; then exec ldconfig; fi
done
