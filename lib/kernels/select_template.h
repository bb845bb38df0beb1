/* kth_f32() by bisection of the range, until it has hardly more than k values below. Without branches for each value it
 * is several times as fast as a search for the k-th itself. */
#include <math.h>
#include <stdint.h>

#define BISECTIONS 40
#define ENDS 16 /* kept of either end of the range: in a single chain each minimum would wait for the one before */

static void
range_f32(const float *values, int64_t n, float *low, float *high)
{
    float lows[ENDS], highs[ENDS];
    for (int j = 0; j < ENDS; j++) {
        lows[j] = INFINITY;
        highs[j] = -INFINITY;
    }
    for (int64_t i = 0; i < n; i += ENDS) {
        const int count = n - i < ENDS ? (int)(n - i) : ENDS;
#pragma GCC unroll 1 /* or the compiler would make no vectors of it */
        for (int j = 0; j < count; j++) {
            lows[j] = values[i + j] < lows[j] ? values[i + j] : lows[j];
            highs[j] = values[i + j] > highs[j] ? values[i + j] : highs[j];
        }
    }
    *low = lows[0];
    *high = highs[0];
    for (int j = 1; j < ENDS; j++) {
        *low = lows[j] < *low ? lows[j] : *low;
        *high = highs[j] > *high ? highs[j] : *high;
    }
}

static float
kth_f32(const float *values, int64_t n, int64_t k)
{
    float low, high;
    range_f32(values, n, &low, &high);
    int64_t below = n;
    for (int step = 0; step < BISECTIONS && below > k + k / 16; step++) {
        const float middle = 0.5f * low + 0.5f * high;
        int32_t count = 0;
        for (int64_t i = 0; i < n; i++)
            count += values[i] <= middle;
        if (!(middle > low && middle < high))
            break;
        if (count >= k) {
            high = middle;
            below = count;
        } else {
            low = middle;
        }
    }
    return high;
}
