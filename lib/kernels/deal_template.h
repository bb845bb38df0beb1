/* words() and deal(), included once by every kernel set after it has defined
 *   ints: 16 uint32_t, with ints_load, ints_store, ints_fill, ints_any_below(x, limit),
 *         ints_step(dice, &bound, &place): -1 to both in the lanes where the die < bound,
 *   names: 32 bytes, with names_load; names_store(to, x, names): 16 bytes, the names of the numbers x,
 *   longs: the same 16 in halves of 64 bits, with longs_split(ints), longs_low, longs_high (the halves as ints),
 *         longs_multiply(x, factor): low halves times a number; longs_mix(a, b, key): high halves of a, xor b, xor key,
 *   spread, spread_fill(number): a number in every lane. */
#include <stdint.h>

#define DRAWS CONCEPTDEC_I_DRAWS
#define ROUNDS 10

/* What the four words of a block start from, and the key of each round. */
typedef struct philox {
    spread multipliers[2], keys[ROUNDS][2];
    longs purpose, items, items_high;
} philox;

static inline void
philox_start(philox *p, const uint32_t key[2], uint32_t purpose, uint64_t item)
{
    uint32_t items[DRAWS];
    for (uint32_t i = 0; i < DRAWS; i++)
        items[i] = (uint32_t)item + i;
    p->multipliers[0] = spread_fill(UINT32_C(0xd2511f53));
    p->multipliers[1] = spread_fill(UINT32_C(0xcd9e8d57));
    for (uint32_t r = 0; r < ROUNDS; r++) {
        p->keys[r][0] = spread_fill(key[0] + r * UINT32_C(0x9e3779b9));
        p->keys[r][1] = spread_fill(key[1] + r * UINT32_C(0xbb67ae85));
    }
    p->purpose = longs_split(ints_fill(purpose));
    p->items = longs_split(ints_load(items));
    p->items_high = longs_split(ints_fill((uint32_t)(item >> 32)));
}

/* Only low halves matter: products leave what they like in the high ones. */
static void
words(const uint32_t key[2], uint32_t purpose, uint64_t item, uint32_t block, int32_t n_blocks, uint32_t *out)
{
    philox p;
    philox_start(&p, key, purpose, item);
    for (int32_t i = 0; i < n_blocks; i++, out += 4 * DRAWS) {
        longs a = longs_split(ints_fill(block + (uint32_t)i)), b = p.purpose, c = p.items, d = p.items_high;
        UNROLL_ROUNDS
        for (int r = 0; r < ROUNDS; r++) {
            const longs first = longs_multiply(a, p.multipliers[0]), second = longs_multiply(c, p.multipliers[1]);
            a = longs_mix(second, b, p.keys[r][0]);
            b = second;
            c = longs_mix(first, d, p.keys[r][1]);
            d = first;
        }
        ints_store(out, longs_low(a));
        ints_store(out + DRAWS, longs_low(b));
        ints_store(out + 2 * DRAWS, longs_low(c));
        ints_store(out + 3 * DRAWS, longs_low(d));
    }
}

static inline __attribute__((always_inline)) int32_t
deal_classes(const uint32_t *numbers, uint32_t left, const int32_t *rows, int32_t count, uint32_t *bounds,
             const uint8_t *classes, uint8_t *labels, const int32_t n_bounds)
{
    const names of = names_load(classes);
    ints bound[CONCEPTDEC_I_MOST_DEALT];
    int32_t i = 0;
    UNROLL_CLASSES
    for (int32_t c = 0; c < n_bounds; c++)
        bound[c] = ints_load(bounds + c * DRAWS);
    for (; i < count; i++, left--) {
        const longs product = longs_multiply(longs_split(ints_load(numbers + (int64_t)i * DRAWS)), spread_fill(left));
        const ints dice = longs_high(product);
        ints place = ints_fill((uint32_t)n_bounds);
        if (ints_any_below(longs_low(product), left))
            break;
        UNROLL_CLASSES
        for (int32_t c = 0; c < n_bounds; c++)
            ints_step(dice, &bound[c], &place);
        names_store(labels + (int64_t)rows[i] * CONCEPTDEC_I_LANES, place, of);
    }
    UNROLL_CLASSES
    for (int32_t c = 0; c < n_bounds; c++)
        ints_store(bounds + c * DRAWS, bound[c]);
    return i;
}

#define DEAL(n)                                                                                                        \
    case n:                                                                                                            \
        return deal_classes(numbers, left, rows, count, bounds, classes, labels, n)

/* A few numbers of classes have code of their own, with their bounds in registers. */
static int32_t
deal(const uint32_t *numbers, uint32_t left, const int32_t *rows, int32_t count, uint32_t *bounds, int32_t n_classes,
     const uint8_t *classes, uint8_t *labels)
{
    switch (n_classes - 1) {
        DEAL(1);
        DEAL(2);
        DEAL(3);
        DEAL(4);
        DEAL(5);
        DEAL(6);
        DEAL(7);
        DEAL(8);
        DEAL(9);
        DEAL(11);
        DEAL(15);
    default:
        return deal_classes(numbers, left, rows, count, bounds, classes, labels, n_classes - 1);
    }
}
