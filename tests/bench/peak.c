/* peak THREADS: the fp32 rate that THREADS busy cores reach now, in 10^9 floating-point operations a second: chains of
 * fused multiply-adds in registers for a tenth of a second, best of three. Every share of the peak is taken against it.
 *   cc -O2 -pthread peak.c -o peak */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CHAINS = 12, STEPS = 4096, MAX_THREADS = 1024 }; /* 12 chains hide the latency of two units */

typedef double (*chain_function)(void); /* does STEPS steps of CHAINS chains */

static chain_function chains;
static double flops_of_a_call, seconds_to_run = 0.1;
static volatile double sink;
static pthread_barrier_t start;

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx512f"))) static double
chains_avx512(void)
{
    __m512 sum[CHAINS], a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f);
    for (int i = 0; i < CHAINS; i++)
        sum[i] = _mm512_set1_ps((float)i);
    for (int step = 0; step < STEPS; step++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++)
            sum[i] = _mm512_fmadd_ps(sum[i], a, b);
    for (int i = 1; i < CHAINS; i++)
        sum[0] = _mm512_add_ps(sum[0], sum[i]);
    return (double)_mm512_cvtss_f32(sum[0]);
}

__attribute__((target("avx2,fma"))) static double
chains_avx2(void)
{
    __m256 sum[CHAINS], a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-3f);
    for (int i = 0; i < CHAINS; i++)
        sum[i] = _mm256_set1_ps((float)i);
    for (int step = 0; step < STEPS; step++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++)
            sum[i] = _mm256_fmadd_ps(sum[i], a, b);
    for (int i = 1; i < CHAINS; i++)
        sum[0] = _mm256_add_ps(sum[0], sum[i]);
    return (double)_mm256_cvtss_f32(sum[0]);
}
#endif

static double
chains_portable(void)
{
    typedef float vector __attribute__((vector_size(16)));
    vector sum[CHAINS], a = {0.999f, 0.999f, 0.999f, 0.999f}, b = {1e-3f, 1e-3f, 1e-3f, 1e-3f};
    for (int i = 0; i < CHAINS; i++)
        sum[i] = b * (float)i;
    for (int step = 0; step < STEPS; step++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++)
            sum[i] = sum[i] * a + b;
    for (int i = 1; i < CHAINS; i++)
        sum[0] += sum[i];
    return (double)sum[0][0];
}

static const char *
choose(void)
{
    int width = 4;
    const char *name = "portable";
    chains = chains_portable;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        chains = chains_avx512, width = 16, name = "avx512";
    } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        chains = chains_avx2, width = 8, name = "avx2";
    }
#endif
    flops_of_a_call = 2.0 * width * CHAINS * STEPS;
    return name;
}

static double
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void *
run(void *rate)
{
    pthread_barrier_wait(&start);
    double begin = now(), end, total = 0;
    do {
        for (int i = 0; i < 16; i++)
            sink = chains();
        total += 16 * flops_of_a_call;
        end = now();
    } while (end - begin < seconds_to_run);
    *(double *)rate = total / (end - begin);
    return NULL;
}

static double
measure(int threads)
{
    static pthread_t ids[MAX_THREADS];
    static double rates[MAX_THREADS];
    double total = 0;
    pthread_barrier_init(&start, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, run, &rates[i]) != 0)
            exit(EXIT_FAILURE);
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        total += rates[i];
    }
    pthread_barrier_destroy(&start);
    return total * 1e-9;
}

int
main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    if (threads < 1 || threads > MAX_THREADS)
        return EXIT_FAILURE;
    const char *name = choose();
    double best = 0;
    for (int i = 0; i < 3; i++) {
        double rate = measure(threads);
        best = rate > best ? rate : best;
    }
    printf("%.1f %s\n", best, name);
    return EXIT_SUCCESS;
}
