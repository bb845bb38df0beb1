/* Version and ABI numbers of libconceptdec; meson reads them for the project version and the SONAME. */
#ifndef CONCEPTDEC_VERSION_H
#define CONCEPTDEC_VERSION_H

#define CONCEPTDEC_VERSION_MAJOR 0
#define CONCEPTDEC_VERSION_MINOR 1
#define CONCEPTDEC_VERSION_PATCH 0
#define CONCEPTDEC_VERSION_STRING "0.1.0"

/** Number in the SONAME: programs built against one value run with every later library of the same value.
 *  0 until version 1.0, where the ABI freezes as 1. */
#define CONCEPTDEC_ABI_VERSION 0

#endif
