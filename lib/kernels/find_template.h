/* find_key(): plain C, which the compiler turns into vectors of the set; all in the set's own instructions. */
#include <stdint.h>
#include <string.h>

#define AT_ONCE 16

static int64_t
find_key(const void *from, int64_t n, uint32_t key, uint32_t mask)
{
    const uint64_t wanted = (uint64_t)key << 32, bits = (uint64_t)mask << 32;
    const char *at = from;
    int64_t i = 0;
    for (uint64_t found = 0; i + AT_ONCE <= n; i += AT_ONCE) {
        uint64_t some[AT_ONCE];
        memcpy(some, at + i * (int64_t)sizeof *some, sizeof some);
        for (int j = 0; j < AT_ONCE; j++)
            found |= (some[j] & bits) == wanted;
        if (found)
            break;
    }
    for (; i < n; i++) {
        uint64_t one;
        memcpy(&one, at + i * (int64_t)sizeof one, sizeof one);
        if ((one & bits) == wanted)
            return i;
    }
    return -1;
}

#undef AT_ONCE
