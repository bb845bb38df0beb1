/* What deal_template.h needs, in C. */
#include <stdint.h>
#include <string.h>

typedef uint32_t spread;
typedef struct ints {
    uint32_t lane[CONCEPTDEC_I_DRAWS];
} ints;
typedef struct longs {
    uint64_t lane[CONCEPTDEC_I_DRAWS];
} longs;

#define UNROLL_ROUNDS
#define UNROLL_CLASSES
#define UNROLL_PAIRS
#define FOR_DRAWS for (int i = 0; i < CONCEPTDEC_I_DRAWS; i++)

static inline ints
ints_load(const uint32_t *from)
{
    ints x;
    memcpy(x.lane, from, sizeof x.lane);
    return x;
}

static inline void
ints_store(uint32_t *to, ints x)
{
    memcpy(to, x.lane, sizeof x.lane);
}

static inline ints
ints_fill(uint32_t value)
{
    ints x;
    FOR_DRAWS x.lane[i] = value;
    return x;
}

typedef const uint8_t *names;

static inline names
names_load(const uint8_t *from)
{
    return from;
}

static inline void
names_store(uint8_t *to, ints x, names of)
{
    FOR_DRAWS to[i] = of[x.lane[i]];
}

static inline int
ints_any_below(ints x, uint32_t limit)
{
    int any = 0;
    FOR_DRAWS any |= x.lane[i] < limit;
    return any;
}

/* Both are below 2^31. */
static inline void
ints_step(ints dice, ints *bound, ints *label)
{
    FOR_DRAWS
    {
        const int32_t where = (int32_t)dice.lane[i] < (int32_t)bound->lane[i];
        bound->lane[i] -= (uint32_t)where;
        label->lane[i] -= (uint32_t)where;
    }
}

static inline spread
spread_fill(uint32_t value)
{
    return value;
}

static inline longs
longs_split(ints x)
{
    longs y;
    FOR_DRAWS y.lane[i] = x.lane[i];
    return y;
}

static inline ints
longs_low(longs x)
{
    ints y;
    FOR_DRAWS y.lane[i] = (uint32_t)x.lane[i];
    return y;
}

static inline ints
longs_high(longs x)
{
    ints y;
    FOR_DRAWS y.lane[i] = (uint32_t)(x.lane[i] >> 32);
    return y;
}

static inline longs
longs_multiply(longs x, spread factor)
{
    FOR_DRAWS x.lane[i] = (x.lane[i] & UINT32_MAX) * factor;
    return x;
}

static inline longs
longs_mix(longs a, longs b, spread key)
{
    FOR_DRAWS a.lane[i] = (a.lane[i] >> 32) ^ b.lane[i] ^ key;
    return a;
}
