#!/bin/sh
# ldconfig.sh DIRECTORY: after an install, tells the system's linker of a library in a directory that it searches.
# Nothing happens for a staged install, without root's rights, or elsewhere.
set -u
[ -z "${DESTDIR:-}" ] && [ "$(id -u)" = 0 ] || exit 0
PATH=$PATH:/usr/sbin:/sbin
command -v ldconfig >/dev/null 2>&1 || exit 0
ldconfig -N -X -v 2>/dev/null | grep -q "^$1:" || exit 0
ldconfig
