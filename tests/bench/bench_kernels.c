/* Speed of each kernel set: panel products against a loop of nothing but multiply-adds, the other kernels in cycles for
 * each element, counted at the clock of scalar code. Every figure is the best of many short runs, since other work on
 * the machine only ever adds time. */
#define _POSIX_C_SOURCE 200809L

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <conceptdec/conceptdec.h>

#include "kernels/kernels.h"
#include "kernels/narrow.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { ROWS_f32 = 256, ROWS_f64 = 128, DEEPEST = 512, LENGTH = 2048, SAMPLES = 4096, CHAINS = 12, STEPS = 20000 };

#define SECONDS 0.1 /* for each figure */

/* What a timed body works on. */
typedef struct bench {
    const conceptdec_i_kernels *set;
    const conceptdec_i_narrow_kernels *narrow;
    int64_t depth, width, n; /* depth: of an int8 panel, groups */
    int32_t k, classes;
    void *a, *b, *c;
    uint64_t *row_hits, *column_hits;
    volatile double sink;
} bench;

typedef void (*body)(bench *);

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double
best_seconds(bench *state, body run)
{
    double best = 1e9;
    run(state);
    for (const double end = now() + SECONDS; now() < end;) {
        const double start = now();
        run(state);
        const double took = now() - start;
        best = took < best ? took : best;
    }
    return best;
}

/* A chain of additions takes one cycle for each. */
static void
run_cycles(bench *state)
{
    int64_t x = state->n;
    for (int i = 0; i < STEPS; i++) {
        x += 3;
        __asm__ volatile("" : "+r"(x));
    }
    state->sink = (double)x;
}

#define DEFINE_PROBE(name, attribute, vector, SET1, FUSED)                                                             \
    attribute static void name(bench *state)                                                                           \
    {                                                                                                                  \
        vector sums[CHAINS];                                                                                           \
        const vector half = SET1(0.5f);                                                                                \
        _Pragma("GCC unroll 12") for (int j = 0; j < CHAINS; j++) sums[j] = SET1((float)j);                            \
        for (int i = 0; i < STEPS; i++)                                                                                \
            _Pragma("GCC unroll 12") for (int j = 0; j < CHAINS; j++) sums[j] = FUSED(sums[j], half, half);            \
        float lanes[sizeof(vector) / sizeof(float)];                                                                   \
        for (int j = 0; j < CHAINS; j++) {                                                                             \
            memcpy(lanes, &sums[j], sizeof lanes);                                                                     \
            state->sink = (double)lanes[0];                                                                            \
        }                                                                                                              \
    }

#define SET1_PORTABLE(x) ((four_floats){x, x, x, x})
#define STEP_PORTABLE(x, y, z) ((x) * (y) + (z))

typedef float four_floats __attribute__((vector_size(16)));
DEFINE_PROBE(probe_portable, , four_floats, SET1_PORTABLE, STEP_PORTABLE)
#if defined(__x86_64__)
DEFINE_PROBE(probe_avx2, __attribute__((target("avx2,fma"))), __m256, _mm256_set1_ps, _mm256_fmadd_ps)
DEFINE_PROBE(probe_avx512, __attribute__((target("avx512f"))), __m512, _mm512_set1_ps, _mm512_fmadd_ps)
#endif

/* The same of int8 products, four in each lane of an int32_t. */
#if defined(__x86_64__)
#define SET1_ZMM(x) _mm512_set1_epi32((int)(x))
#define SET1_YMM(x) _mm256_set1_epi32((int)(x))
#define WITH_ZMM __attribute__((target("avx512f,avx512vnni")))

/* Written out, or gcc would copy the sums about. */
WITH_ZMM static inline __m512i
dot_zmm(__m512i sum, __m512i a, __m512i b)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

DEFINE_PROBE(probe_avx512vnni, WITH_ZMM, __m512i, SET1_ZMM, dot_zmm)

/* Without dot products: what adds the products of two vectors of bytes to int32_t sums. */
#define WITH_AVX2 __attribute__((target("avx2")))
WITH_AVX2 static inline __m256i
dot_ymm(__m256i sum, __m256i a, __m256i b)
{
    __asm__ volatile("" : "+x"(a), "+x"(b)); /* or the products would be made once for all steps */
    const __m256i products = _mm256_add_epi16(_mm256_maddubs_epi16(a, b), _mm256_maddubs_epi16(b, a));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(products, a));
}

DEFINE_PROBE(probe_bytes, WITH_AVX2, __m256i, SET1_YMM, dot_ymm)
DEFINE_PROBE(probe_avxvnni, __attribute__((target("avx2,avxvnni"))), __m256i, SET1_YMM, _mm256_dpbusd_avx_epi32)
#elif defined(__aarch64__)
#define SET1_NEON(x) vdupq_n_s32((int)(x))
#define DOT_NEON(x, y, z) vdotq_s32(x, vreinterpretq_s8_s32(y), vreinterpretq_s8_s32(z))
DEFINE_PROBE(probe_neon, __attribute__((target("arch=armv8.2-a+dotprod"))), int32x4_t, SET1_NEON, DOT_NEON)
#endif

/* 10^9 int8 products a second; 0 where there is no instruction for them. */
static double
narrow_peak(bench *state)
{
    body probe = NULL;
    int products = 0;
#if defined(__x86_64__)
    const uint32_t bit = state->narrow->bit;
    probe = bit == CONCEPTDEC_KERNEL_AVX512VNNI ? probe_avx512vnni
            : bit == CONCEPTDEC_KERNEL_AVXVNNI  ? probe_avxvnni
                                                : probe_bytes;
    products = bit == CONCEPTDEC_KERNEL_AVXVNNI ? 32 : 64;
#elif defined(__aarch64__)
    probe = probe_neon;
    products = 16;
#endif
    return state->narrow->gain > 0 ? 1e-9 * products * CHAINS * STEPS / best_seconds(state, probe) : 0;
}

/* 10^9 operations a second in float; half of it in double. */
static double
peak(bench *state)
{
    body probe = probe_portable;
    int lanes = 4;
#if defined(__x86_64__)
    if (state->set->bit == CONCEPTDEC_KERNEL_AVX2) {
        probe = probe_avx2;
        lanes = 8;
    } else if (state->set->bit == CONCEPTDEC_KERNEL_AVX512) {
        probe = probe_avx512;
        lanes = 16;
    }
#endif
    return 2e-9 * lanes * CHAINS * STEPS / best_seconds(state, probe);
}

/* A block of a against a block of b as the tile engine goes through them: first written, then added to. */
#define DEFINE_PANEL_BENCH(type, real)                                                                                 \
    static void run_panels_##type(bench *state)                                                                        \
    {                                                                                                                  \
        const conceptdec_i_kernels *set = state->set;                                                                  \
        const real *a = state->a, *b = state->b;                                                                       \
        real *c = state->c;                                                                                            \
        for (int accumulate = 0; accumulate < 2; accumulate++)                                                         \
            for (int64_t j = 0; j + set->nr_##type <= ROWS_##type; j += set->nr_##type)                                \
                for (int64_t i = 0; i < ROWS_##type; i += set->mr_##type)                                              \
                    set->panel_##type(state->depth, a + i * state->depth, b + j * state->depth,                        \
                                      c + j * ROWS_##type + i, ROWS_##type, accumulate);                               \
    }                                                                                                                  \
                                                                                                                       \
    static void report_panels_##type(bench *state, double top)                                                         \
    {                                                                                                                  \
        for (state->depth = 128; state->depth <= DEEPEST; state->depth += 128) {                                       \
            const double columns = ROWS_##type - ROWS_##type % state->set->nr_##type;                                  \
            const double rate =                                                                                        \
                4e-9 * ROWS_##type * columns * (double)state->depth / best_seconds(state, run_panels_##type);          \
            printf("  panel_%s depth %d: %6.1f GFLOP/s, %5.1f %% of the peak\n", #type, (int)state->depth, rate,       \
                   100 * rate / top);                                                                                  \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    static void run_interleave_##type(bench *state)                                                                    \
    {                                                                                                                  \
        state->set->interleave_##type(state->a, LENGTH, state->width, state->n, state->width, state->b);               \
    }                                                                                                                  \
                                                                                                                       \
    static void run_screen_##type(bench *state)                                                                        \
    {                                                                                                                  \
        const real *a = state->a;                                                                                      \
        state->set->screen_##type(a, a + 512, 1, a + 1024, -1, state->n, state->row_hits, state->column_hits);         \
    }

DEFINE_PANEL_BENCH(f32, float)
DEFINE_PANEL_BENCH(f64, double)

#define DEFINE_ROW_BENCH(type)                                                                                         \
    static void run_widen_##type(bench *state)                                                                         \
    {                                                                                                                  \
        state->set->widen_##type(state->a, state->c, state->n);                                                        \
    }                                                                                                                  \
                                                                                                                       \
    static void run_distance_##type(bench *state)                                                                      \
    {                                                                                                                  \
        state->sink = state->set->distance_##type(state->b, state->a, 1, state->n);                                    \
    }

DEFINE_ROW_BENCH(f64)
DEFINE_ROW_BENCH(f32)
DEFINE_ROW_BENCH(f16)
DEFINE_ROW_BENCH(bf16)

static void
run_scan(bench *state)
{
    double largest = 0;
    state->sink = state->set->scan(state->a, state->b, state->c, &largest, state->n);
}

static void
run_center_f32(bench *state)
{
    state->sink = state->set->center_f32(state->a, state->b, 1, state->c, state->n);
}

static void
run_center_f64(bench *state)
{
    state->sink = state->set->center_f64(state->a, state->b, 1, state->c, state->n);
}

static void
run_votes(bench *state)
{
    int32_t neighbours[255];
    for (int32_t p = 0; p < state->k; p++)
        neighbours[p] = p * 37 % SAMPLES;
    state->set->votes(state->a, neighbours, SAMPLES - 1, &state->k, 1, state->classes, state->b, state->c);
}

static void
report(bench *state, const char *name, body run, double elements, double hertz)
{
    printf("  %-22s %8.3f cycles for each element\n", name, best_seconds(state, run) * hertz / elements);
}

static void
report_rows(bench *state, double hertz)
{
    static const struct {
        const char *name;
        body run;
    } rows[] = {
        {"widen_f64", run_widen_f64},
        {"widen_f32", run_widen_f32},
        {"widen_f16", run_widen_f16},
        {"widen_bf16", run_widen_bf16},
        {"scan", run_scan},
        {"center_f32", run_center_f32},
        {"center_f64", run_center_f64},
        {"distance_f64", run_distance_f64},
        {"distance_f32", run_distance_f32},
        {"distance_f16", run_distance_f16},
        {"distance_bf16", run_distance_bf16},
    };
    state->n = LENGTH;
    for (int i = 0; i < (int)(sizeof rows / sizeof rows[0]); i++)
        report(state, rows[i].name, rows[i].run, LENGTH, hertz);
    state->n = 256;
    report(state, "screen_f32", run_screen_f32, 256, hertz);
    report(state, "screen_f64", run_screen_f64, 256, hertz);
}

static void
report_interleave(bench *state, double hertz)
{
    const conceptdec_i_kernels *set = state->set;
    const int32_t widths[] = {set->mr_f32, set->nr_f32, set->mr_f64, set->nr_f64};
    state->n = 256;
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "interleave_%s %d wide", i < 2 ? "f32" : "f64", (int)widths[i]);
        state->width = widths[i];
        report(state, name, i < 2 ? run_interleave_f32 : run_interleave_f64, 256.0 * widths[i], hertz);
    }
}

static void
report_votes(bench *state, double hertz)
{
    static const int32_t cases[][2] = {{10, 2}, {10, 6}, {10, 100}, {50, 6}, {100, 100}, {255, 255}};
    uint8_t *labels = state->a;
    for (int i = 0; i < (int)(sizeof cases / sizeof cases[0]); i++) {
        char name[40];
        state->k = cases[i][0];
        state->classes = cases[i][1];
        for (int j = 0; j < SAMPLES * CONCEPTDEC_I_LANES; j++)
            labels[j] = (uint8_t)(j * 7 % 251 % state->classes);
        snprintf(name, sizeof name, "votes k %d classes %d", (int)state->k, (int)state->classes);
        report(state, name, run_votes, CONCEPTDEC_I_LANES, hertz);
    }
}

enum { TILE = 256, GROUPS = 256, REPEATS = 16 };

/* One panel product, whose rows lie in the second-level cache. */
static void
run_narrow_panel(bench *state)
{
    for (int i = 0; i < REPEATS; i++)
        state->narrow->panel(state->depth, state->a, state->depth * 4 * CONCEPTDEC_I_PANEL, state->b, NULL, state->c,
                             TILE);
}

/* A tile as the tile engine goes through it. */
static void
run_narrow_tile(bench *state)
{
    const conceptdec_i_narrow_kernels *set = state->narrow;
    const int64_t panel_bytes = state->depth * 4 * CONCEPTDEC_I_PANEL;
    const uint8_t *rows = state->a, *columns = state->b;
    int8_t *taken = (int8_t *)state->b + TILE * GROUPS * 4;
    int32_t *c = state->c;
    for (int64_t j = 0; j + set->nr <= TILE; j += set->nr) {
        set->columns(state->depth, columns, panel_bytes, j, set->nr, taken);
        for (int64_t i = 0; i < TILE; i += set->mr)
            set->panel(state->depth, rows + i / CONCEPTDEC_I_PANEL * panel_bytes, panel_bytes, taken, NULL,
                       c + j * TILE + i, TILE);
    }
}

static void
run_narrow_columns(bench *state)
{
    const int64_t nr = state->narrow->nr;
    for (int64_t r = 0; r < REPEATS; r++)
        state->narrow->columns(state->depth, state->a, state->depth * 4 * CONCEPTDEC_I_PANEL,
                               r * nr % (CONCEPTDEC_I_PANEL - nr + 1), nr, state->b);
}

/* Each column of a tile, without a hit. */
static void
run_narrow_screen(bench *state)
{
    const float *x = state->b;
    const conceptdec_i_narrow_rows rows = {x, x + TILE, x + 2 * TILE, x + 3 * TILE};
    const conceptdec_i_narrow_column column = {1, 1, 1, 0};
    for (int j = 0; j < TILE; j++)
        state->sink = state->narrow->screen((float *)state->c + j * TILE, &rows, &column, TILE, state->row_hits,
                                            state->column_hits);
}

static void
run_mix(bench *state)
{
    state->narrow->mix(state->c, state->n);
}

static void
run_step(bench *state)
{
    state->sink = (double)state->narrow->step(state->c, state->n);
}

static void
run_quantize(bench *state)
{
    int64_t sums[2];
    state->sink = (double)state->narrow->quantize(state->c, 1, 1, state->a, state->n, sums);
}

static void
report_narrow_products(bench *state, double top)
{
    const conceptdec_i_narrow_kernels *set = state->narrow;
    for (state->depth = 64; state->depth <= GROUPS; state->depth *= 2) {
        const double panel = 4e-9 * REPEATS * (double)state->depth * set->mr * set->nr;
        const double tile = 4e-9 * TILE * (double)state->depth * (TILE - TILE % set->nr);
        const double rates[] = {panel / best_seconds(state, run_narrow_panel),
                                tile / best_seconds(state, run_narrow_tile)};
        printf("  groups %d:", (int)state->depth);
        for (int i = 0; i < 2; i++) {
            printf("%s %6.1f GMAC/s", i ? ", a whole tile" : " panel", rates[i]);
            if (top > 0)
                printf(", %5.1f %% of the peak", 100 * rates[i] / top);
        }
        printf("\n");
    }
    state->depth = GROUPS;
}

static void
report_narrow(bench *state, double hertz)
{
    const double top = narrow_peak(state);
    printf("%s, int8: peak %.1f GMAC/s\n", state->narrow->name, top);
    report_narrow_products(state, top);
    report(state, "columns, 4 elements", run_narrow_columns, (double)REPEATS * GROUPS * state->narrow->nr, hertz);
    float *bound = state->b;
    for (int i = 0; i < TILE; i++)
        bound[i] = 3;
    report(state, "screen_i8", run_narrow_screen, (double)TILE * TILE, hertz);
    memset(state->b, 0, TILE * sizeof *bound);
    for (state->n = 64; state->n <= 65536; state->n *= 4) {
        char name[32];
        snprintf(name, sizeof name, "mix of %d", (int)state->n);
        report(state, name, run_mix, (double)state->n, hertz);
    }
    state->n = LENGTH;
    report(state, "step", run_step, LENGTH, hertz);
    report(state, "quantize", run_quantize, LENGTH, hertz);
}

static void *
zeros(size_t size)
{
    void *memory = aligned_alloc(64, size);
    if (!memory)
        exit(EXIT_FAILURE);
    return memset(memory, 0, size);
}

int
main(void)
{
    uint64_t hits[2][8];
    bench state = {.row_hits = hits[0], .column_hits = hits[1]};
    const size_t size = sizeof(double) * DEEPEST * ROWS_f32;
    state.a = zeros(size);
    state.b = zeros(size);
    state.c = zeros(size);
    const double hertz = STEPS / best_seconds(&state, run_cycles);
    printf("clock: %.2f GHz\n", 1e-9 * hertz);
    for (uint32_t bit = CONCEPTDEC_KERNEL_AVX512; bit > 0; bit /= 2) {
        state.set = conceptdec_i_kernels_choose(bit);
        if (state.set->bit != bit)
            continue;
        const double top = peak(&state);
        printf("%s: peak %.1f GFLOP/s in float\n", state.set->name, top);
        report_panels_f32(&state, top);
        report_panels_f64(&state, top / 2);
        memset(state.a, 0, size);
        report_interleave(&state, hertz);
        report_rows(&state, hertz);
        report_votes(&state, hertz);
    }
    memset(state.a, 0, size);
    memset(state.b, 0, size);
    memset(state.c, 0, size);
    for (uint32_t bit = CONCEPTDEC_KERNEL_NEON_DOTPROD; bit > 0; bit /= 2) {
        state.narrow = conceptdec_i_narrow_choose(bit);
        if (state.narrow->bit == bit)
            report_narrow(&state, hertz);
    }
    free(state.a);
    free(state.b);
    free(state.c);
    return EXIT_SUCCESS;
}
