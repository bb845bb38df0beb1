/* Int8 kernels for AVX-VNNI. */
#include "kernels/narrow.h"

#include <conceptdec/conceptdec.h>

#include "kernels/narrow_ymm.h"

#define BIAS 128
#define MOST 127

enum { mr = HIGH * LANES, nr = 6 };

static inline int64_t
rows_at(int i, int64_t panel_bytes)
{
    (void)panel_bytes; /* one panel high */
    return i * (int64_t)sizeof(line);
}

/* The processor sees one stream of lines by itself. */
static inline void
line_soon(const uint8_t *from)
{
    (void)from;
}

/* The tests build this file again with the same instruction as AVX-512 encodes it, which more processors have. */
#if defined(CONCEPTDEC_I_EVEX)
#define DOT _mm256_dpbusd_epi32
#define TABLE conceptdec_i_narrow_evex
extern const conceptdec_i_narrow_kernels TABLE;
#else
#define DOT _mm256_dpbusd_avx_epi32
#define TABLE conceptdec_i_narrow_avxvnni
#endif

static inline line
line_dot(line sum, line a, line b)
{
    return DOT(sum, a, b);
}

/* In two parts, since masked stores are slow on some processors. */
static inline void
store_columns(int8_t *out, line x)
{
    _mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(x));
    _mm_storel_epi64((__m128i *)(void *)(out + 16), _mm256_extracti128_si256(x, 1));
}

#include "kernels/narrow_panel.h"
#include "kernels/narrow_ymm_columns.h"

static void
columns(int64_t groups, const uint8_t *panels, int64_t panel_bytes, int64_t first, int64_t count, int8_t *out)
{
    columns_anywhere(groups, panels, panel_bytes, first, count, out);
}

#define TABLE_NAME "avxvnni"
#define TABLE_BIT CONCEPTDEC_KERNEL_AVXVNNI
#define GAIN 0.65f
#define REFINING 9
#define DEPTH 1536
#define COLS 252
#define LEADS 32
#include "kernels/narrow_template.h"
