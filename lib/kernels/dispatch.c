/* Which kernel set runs: asked of the processor on every call, so that nothing is kept between calls. */
#include "kernels/kernels.h"
#include "kernels/narrow.h"

#include <conceptdec/conceptdec.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* Register state that the operating system saves: XMM and YMM; the masks, the upper halves and ZMM16 to ZMM31. */
#define STATE_AVX 0x06u
#define STATE_AVX512 0xe6u

static uint32_t
saved_state(void)
{
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static int
has_all(uint32_t have, uint32_t wanted)
{
    return (have & wanted) == wanted;
}

static uint32_t
extensions(void)
{
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has_all(c, bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C))
        return 0;
    const uint32_t state = saved_state();
    if (!has_all(state, STATE_AVX) || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has_all(b, bit_AVX2))
        return 0;
    uint32_t found = CONCEPTDEC_KERNEL_AVX2;
    if (has_all(state, STATE_AVX512) && has_all(b, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL))
        found |= CONCEPTDEC_KERNEL_AVX512 | (c & bit_AVX512VNNI ? CONCEPTDEC_KERNEL_AVX512VNNI : 0);
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & bit_AVXVNNI))
        found |= CONCEPTDEC_KERNEL_AVXVNNI;
    return found;
}
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>

static uint32_t
extensions(void)
{
    return getauxval(AT_HWCAP) & HWCAP_ASIMDDP ? CONCEPTDEC_KERNEL_NEON_DOTPROD : 0;
}
#else
static uint32_t
extensions(void)
{
    return 0;
}
#endif

uint32_t
conceptdec_i_kernels_available(void)
{
    return CONCEPTDEC_KERNEL_PORTABLE | extensions();
}

const conceptdec_i_kernels *
conceptdec_i_kernels_choose(uint32_t mask)
{
#if defined(__x86_64__)
    const uint32_t usable = extensions() & (mask ? mask : ~0u);
    if (usable & CONCEPTDEC_KERNEL_AVX512)
        return usable & CONCEPTDEC_KERNEL_AVX512VNNI ? &conceptdec_i_kernels_avx512vnni : &conceptdec_i_kernels_avx512;
    if (usable & CONCEPTDEC_KERNEL_AVX2)
        return usable & CONCEPTDEC_KERNEL_AVXVNNI ? &conceptdec_i_kernels_avxvnni : &conceptdec_i_kernels_avx2;
#else
    (void)mask;
#endif
    return &conceptdec_i_kernels_portable;
}

const conceptdec_i_narrow_kernels *
conceptdec_i_narrow_choose(uint32_t mask)
{
    const uint32_t usable = extensions() & (mask ? mask : ~0u);
#if defined(__x86_64__)
    if (usable & CONCEPTDEC_KERNEL_AVX512VNNI)
        return &conceptdec_i_narrow_avx512vnni;
    if (usable & CONCEPTDEC_KERNEL_AVXVNNI)
        return &conceptdec_i_narrow_avxvnni;
    if ((usable & CONCEPTDEC_KERNEL_AVX2) && !(usable & CONCEPTDEC_KERNEL_AVX512))
        return &conceptdec_i_narrow_avx2;
#elif defined(__aarch64__) && defined(__linux__)
    if (usable & CONCEPTDEC_KERNEL_NEON_DOTPROD)
        return &conceptdec_i_narrow_neon_dotprod;
#endif
    (void)usable;
    return &conceptdec_i_narrow_portable;
}
