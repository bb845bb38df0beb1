/* find_key(): plain C, which the compiler turns into vectors of the set; all in the set's own instructions. */
#include <stdint.h>

#define AT_ONCE 32

static int64_t
find_key(const uint32_t *numbers, int64_t n, uint32_t key, uint32_t mask)
{
    int64_t i = 0;
    for (uint32_t found = 0; i + AT_ONCE <= n; i += AT_ONCE) {
        for (int j = 0; j < AT_ONCE; j++)
            found |= (numbers[i + j] & mask) == key;
        if (found)
            break;
    }
    for (; i < n; i++)
        if ((numbers[i] & mask) == key)
            return i;
    return -1;
}

#undef AT_ONCE
