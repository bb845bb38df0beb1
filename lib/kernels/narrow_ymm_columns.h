/* Columns in 256-bit registers; the set has defined BIAS, nr up to 8 and store_columns(out, x), which stores nr
 * groups. */

/* Lanes first <= i < last. */
static inline __m256i
between(int64_t first, int64_t last)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_and_si256(_mm256_cmpgt_epi32(lane, _mm256_set1_epi32((int32_t)first - 1)),
                            _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)last), lane));
}

static inline __m256i
load_some(const uint8_t *from, __m256i which)
{
    return _mm256_maskload_epi32((const int *)(const void *)from, which);
}

/* Columns in two panels at most: what the first holds, then what the next one does. */
static void
columns_anywhere(int64_t groups, const uint8_t *panels, int64_t panel_bytes, int64_t first, int64_t count, int8_t *out)
{
    const int64_t at = first % CONCEPTDEC_I_PANEL, room = CONCEPTDEC_I_PANEL - at;
    const uint8_t *from = panels + first / CONCEPTDEC_I_PANEL * panel_bytes + at * 4;
    const uint8_t *more = count > room ? from + panel_bytes - 4 * CONCEPTDEC_I_PANEL : from;
    const __m256i here = between(0, count < room ? count : room), there = between(room, count);
    const __m256i bias = _mm256_and_si256(between(0, count), _mm256_set1_epi8((char)BIAS));
    for (int64_t g = 0; g < groups; g++, out += 4 * nr) {
        const int64_t skip = g * 4 * CONCEPTDEC_I_PANEL;
        const __m256i group = _mm256_or_si256(load_some(from + skip, here), load_some(more + skip, there));
        const __m256i moved = _mm256_sub_epi8(group, bias);
        store_columns(out, moved);
    }
}
