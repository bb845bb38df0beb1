/* Binning of tiles, included once for float and once for double: REAL the type, NAME(x) x with its suffix, DOWN(x) and
 * UP(x) roundings of a double to the safe side. */

/* What one item, or several in a row, have of the batch. */
typedef struct {
    const REAL *low, *high;
    int32_t *count;
} NAME(side);

static NAME(side) NAME(side_of)(const conceptdec_i_ranking *r, int64_t item)
{
    int64_t start = r->start[item - r->first];
    return (NAME(side)){(const REAL *)r->low + start, (const REAL *)r->high + start, r->count + start};
}

/* ---- limits ---- */

/* A zero row under cosine has no direction: it is above every limit, and near none; its distances are known. */
static void
NAME(fill_bounds)(const conceptdec_i_ranking *r, const double *norms)
{
    REAL *upper = r->upper, *lower = r->lower;
    for (int64_t i = 0; i < r->n_items; i++) {
        bool is_zero = conceptdec_i_quality_is_zero(r->ranks, r->order[i]);
        upper[i] = is_zero ? (REAL)INFINITY : UP(norms[i] * (1 + r->error) + r->floor);
        lower[i] = is_zero ? (REAL)INFINITY : DOWN(norms[i] * (1 - r->error) - r->floor);
    }
}

static void
NAME(fill_limits)(const conceptdec_i_ranking *r, int64_t item, double norm)
{
    int64_t start = r->start[item - r->first], size = conceptdec_i_quality_size(r, item);
    int32_t n = r->n_asked[r->order[item]];
    REAL *low = (REAL *)r->low + start, *high = (REAL *)r->high + start;
    high[0] = -(REAL)INFINITY;
    for (int64_t t = 0; t < size; t++) {
        double distance = t < n ? r->asked[start + t].d2 * r->to_units : 0;
        low[t] = t < n ? DOWN(distance * (1 - r->slack) - norm * (1 + r->error)) : (REAL)INFINITY;
        if (t + 1 < size)
            high[t + 1] = t < n ? UP(distance * (1 + r->slack) - norm * (1 - r->error)) : -(REAL)INFINITY;
    }
}

/* ---- pairs ---- */

/* How many of the size - 1 ascending limits are not above the value. */
static inline int64_t
NAME(place)(const REAL *limits, int64_t size, REAL value)
{
    int64_t place = 0;
    for (int64_t half = size / 2; half > 0; half /= 2)
        place += limits[place + half - 1] <= value ? half : 0;
    return place;
}

/* Pairs of a column with rows that have limits of their own. near[i]: the bounds leave the pair open. */
static inline void
NAME(bin_rows)(NAME(side) rows, const REAL *dots, int64_t n, int64_t size, REAL upper, REAL lower, int32_t weight,
               uint8_t *near)
{
    for (int64_t i = 0; i < n; i++) {
        REAL twice = 2 * dots[i];
        int64_t place = NAME(place)(rows.low + i * size, size, upper - twice);
        rows.count[i * size + place] += weight;
        near[i] = rows.high[i * size + place] >= lower - twice;
    }
}

/* The same pairs, seen from the column. */
static inline void
NAME(bin_column)(NAME(side) column, const REAL *dots, int64_t n, int64_t size, const REAL *upper, const REAL *lower,
                 const int32_t *weights, uint8_t *near)
{
    for (int64_t i = 0; i < n; i++) {
        REAL twice = 2 * dots[i];
        int64_t place = NAME(place)(column.low, size, upper[i] - twice);
        column.count[place] += weights[i];
        near[i] |= column.high[place] >= lower[i] - twice;
    }
}

/* Loops of a fixed length for the sizes that are usual. */
static void
NAME(bin_run)(NAME(side) rows, const REAL *dots, int64_t n, int64_t size, REAL upper, REAL lower, int32_t weight,
              uint8_t *near)
{
    switch (size) {
    case 1:
        memset(near, 0, (size_t)n);
        break;
    case 4:
        NAME(bin_rows)(rows, dots, n, 4, upper, lower, weight, near);
        break;
    case 8:
        NAME(bin_rows)(rows, dots, n, 8, upper, lower, weight, near);
        break;
    case 16:
        NAME(bin_rows)(rows, dots, n, 16, upper, lower, weight, near);
        break;
    case 32:
        NAME(bin_rows)(rows, dots, n, 32, upper, lower, weight, near);
        break;
    default:
        NAME(bin_rows)(rows, dots, n, size, upper, lower, weight, near);
    }
}

static void
NAME(bin_across)(NAME(side) column, const REAL *dots, int64_t n, int64_t size, const REAL *upper, const REAL *lower,
                 const int32_t *weights, uint8_t *near)
{
    switch (size) {
    case 1:
        break;
    case 4:
        NAME(bin_column)(column, dots, n, 4, upper, lower, weights, near);
        break;
    case 8:
        NAME(bin_column)(column, dots, n, 8, upper, lower, weights, near);
        break;
    case 16:
        NAME(bin_column)(column, dots, n, 16, upper, lower, weights, near);
        break;
    case 32:
        NAME(bin_column)(column, dots, n, 32, upper, lower, weights, near);
        break;
    default:
        NAME(bin_column)(column, dots, n, size, upper, lower, weights, near);
    }
}

/* ---- pairs that the bounds leave open ---- */

/* Moves `weight` rows at an exact distance to where they belong among those that an item asks about. value: of the pair,
 * as it was binned. */
static void
NAME(settle)(const conceptdec_i_ranking *r, int64_t item, REAL value, double d2, int32_t weight)
{
    NAME(side) side = NAME(side_of)(r, item);
    conceptdec_i_asked *asked = r->asked + r->start[item - r->first];
    int64_t place = NAME(place)(side.low, conceptdec_i_quality_size(r, item), value), right = place;
    while (right > 0 && asked[right - 1].d2 > d2)
        right--;
    side.count[place] -= weight;
    side.count[right] += weight;
    for (; right > 0 && asked[right - 1].d2 >= d2; right--)
        asked[right - 1].tied += weight;
}

/* near: of the rows of column j. */
static void
NAME(refine)(conceptdec_i_ranking *r, const conceptdec_i_tile *tile, int64_t j, int64_t n, const uint8_t *near,
             int lane)
{
    conceptdec_i_quality_lane scratch = conceptdec_i_quality_lane_of(r, lane);
    const REAL *dots = (const REAL *)tile->dots + j * tile->ld, *upper = r->upper;
    int64_t first = r->first + tile->row, column = tile->col + j;
    int32_t count = 0;
    double *query = scratch.rows, *buffer = query + r->items.view->cols;
    for (int64_t i = 0; i < n; i++) {
        scratch.items[count] = (int32_t)(first + i);
        count += near[i];
    }
    if (count == 0)
        return;
    conceptdec_i_operand_row(r->ctx->kernels, &r->items, column, query);
    conceptdec_i_distances(r->ctx->kernels, &r->items, query, scratch.items, count, buffer, scratch.d2);
    for (int32_t c = 0; c < count; c++) {
        int64_t item = scratch.items[c];
        double d2 = r->ranks->table->metric == CONCEPTDEC_METRIC_COSINE ? 0.5 * scratch.d2[c] : scratch.d2[c];
        REAL twice = 2 * dots[item - first];
        NAME(settle)(r, item, upper[column] - twice, d2, r->rows[column]);
        if (r->symmetric)
            NAME(settle)(r, column, upper[item] - twice, d2, r->rows[item]);
    }
    atomic_fetch_add_explicit(&r->n_refined, count, memory_order_relaxed);
}

/* ---- tiles ---- */

static void
NAME(bin_tile)(conceptdec_i_ranking *r, const conceptdec_i_tile *tile, int lane)
{
    const REAL *upper = r->upper, *lower = r->lower;
    int64_t first = r->first + tile->row;
    uint8_t near[CONCEPTDEC_I_TILE_ROWS];
    for (int64_t j = 0; j < tile->cols; j++) {
        const REAL *dots = (const REAL *)tile->dots + j * tile->ld;
        int64_t n = conceptdec_i_tile_height(tile, j), column = tile->col + j;
        for (int64_t i = 0, end; i < n; i = end) {
            end = first + n < r->run_end[first + i] ? n : r->run_end[first + i] - first;
            NAME(bin_run)
            (NAME(side_of)(r, first + i), dots + i, end - i, conceptdec_i_quality_size(r, first + i), upper[column],
             lower[column], r->rows[column], near + i);
        }
        if (r->symmetric)
            NAME(bin_across)
            (NAME(side_of)(r, column), dots, n, conceptdec_i_quality_size(r, column), upper + first, lower + first,
             r->rows + first, near);
        NAME(refine)(r, tile, j, n, near, lane);
    }
}
