/* panel() for sets whose instruction adds products of four unsigned bytes and four signed ones to an int32_t. The set
 * has defined LANES, HIGH (vectors side by side: mr = HIGH * LANES), nr, `line` as a vector of LANES groups of four,
 * and
 *   rows_at(i, panel_bytes): offset of the i-th vector; UNROLL as in narrow_template.h;
 *   line_load(from), line_store(to, x), at 64-byte aligned addresses; line_fill(value): every lane that int32_t;
 *   line_soon(from): asks for the lines that are soon read behind `from`; they may lie past the end of the panels;
 *   line_dot(sum, a, b): the instruction. */

/* What all sums begin with. */
static inline void
line_begin(line sums[nr][HIGH], const int32_t *start, const int32_t *c, int64_t ldc)
{
    UNROLL
    for (int j = 0; j < nr; j++) {
        UNROLL
        for (int i = 0; i < HIGH; i++)
            sums[j][i] = start ? line_fill(start[j]) : line_load(c + j * ldc + i * LANES);
    }
}

/* All sums stay in registers. */
static void
panel(int64_t groups, const uint8_t *restrict a, int64_t panel_bytes, const int8_t *restrict b,
      const int32_t *restrict start, int32_t *restrict c, int64_t ldc)
{
    line sums[nr][HIGH];
    line_begin(sums, start, c, ldc);
    for (int64_t g = 0; g < groups; g++, a += 4 * CONCEPTDEC_I_PANEL, b += 4 * nr) {
        line rows[HIGH];
        UNROLL
        for (int i = 0; i < HIGH; i++) {
            rows[i] = line_load(a + rows_at(i, panel_bytes));
            line_soon(a + rows_at(i, panel_bytes));
        }
        UNROLL
        for (int j = 0; j < nr; j++) {
            int32_t group;
            memcpy(&group, b + 4 * j, sizeof group);
            line factor = line_fill(group);
            /* Or the compiler would load it again for each product, and loads would set the pace. */
            __asm__("" : "+v"(factor));
            UNROLL
            for (int i = 0; i < HIGH; i++)
                sums[j][i] = line_dot(sums[j][i], rows[i], factor);
        }
    }
    UNROLL
    for (int j = 0; j < nr; j++) {
        UNROLL
        for (int i = 0; i < HIGH; i++)
            line_store(c + j * ldc + i * LANES, sums[j][i]);
    }
}
