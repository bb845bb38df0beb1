/* Binning of tiles, included once for float and once for double: REAL the type, NAME(x) x with its suffix, DOWN(x) and
 * UP(x) roundings of a double to the safe side. */

/* ---- limits ---- */

/* A zero row under cosine has no direction: it is above every limit, and near none; its distances are known. */
static conceptdec_status
NAME(fill_bounds)(const conceptdec_i_judging *r, const double *norms)
{
    REAL *upper = r->upper, *lower = r->lower;
    for (int64_t i = 0; i < r->n_items; i++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll_at(r->ctx, i));
        bool is_zero = conceptdec_i_quality_is_zero(r->ranks, r->order[i]);
        upper[i] = is_zero ? (REAL)INFINITY : UP(norms[i] * (1 + r->error) + r->floor);
        lower[i] = is_zero ? (REAL)INFINITY : DOWN(norms[i] * (1 - r->error) - r->floor);
    }
    return CONCEPTDEC_OK;
}

static void
NAME(fill_limits_of)(const conceptdec_i_judging *r, int64_t item, double norm)
{
    conceptdec_i_quality_place place = conceptdec_i_quality_place_of(r, item);
    int32_t n = r->n_asked[r->order[item]];
    for (int64_t t = 0; t < place.n_limits; t++) {
        double distance = t < n ? r->asked[place.asked + t].d2 * r->to_units : (double)NAN;
        ((REAL *)r->low)[place.limit + t * GROUP] = DOWN(distance * (1 - r->slack) - norm * (1 + r->error));
        ((REAL *)r->high)[place.limit + t * GROUP] = UP(distance * (1 + r->slack) - norm * (1 - r->error));
    }
}

static conceptdec_status
NAME(fill_limits)(const conceptdec_i_judging *r, const double *norms)
{
    for (int64_t item = r->first; item < r->end; item++) {
        CONCEPTDEC_I_TRY(conceptdec_i_poll(r->ctx, 0));
        NAME(fill_limits_of)(r, item, norms[item]);
    }
    return CONCEPTDEC_OK;
}

/* ---- pairs ---- */

/* As the kernels do, for one pair and many limits, which are GROUP apart: by halves. */
static int64_t
NAME(search)(const REAL *low, int64_t n, REAL value)
{
    int64_t place = 0;
    for (; n > 0; n /= 2) {
        int64_t half = (n + 1) / 2;
        place += half & -(int64_t)(low[(place + half - 1) * GROUP] <= value);
    }
    return place;
}

static int
NAME(search_rows)(const REAL *dots, REAL upper, REAL lower, const REAL *low, const REAL *high, int64_t n,
                  int32_t *place, int32_t *open)
{
    int any = 0;
    for (int i = 0; i < GROUP; i++) {
        REAL twice = 2 * dots[i];
        place[i] = (int32_t)NAME(search)(low + i, n, upper - twice);
        open[i] = place[i] > 0 && high[(place[i] - 1) * GROUP + i] >= lower - twice;
        any |= open[i];
    }
    return any;
}

static int
NAME(search_column)(const REAL *dots, const REAL *upper, const REAL *lower, const REAL *low, const REAL *high,
                    int64_t n, int32_t *place, int32_t *open)
{
    int any = 0;
    for (int i = 0; i < GROUP; i++) {
        REAL twice = 2 * dots[i];
        place[i] = (int32_t)NAME(search)(low, n, upper[i] - twice);
        open[i] = place[i] > 0 && high[(place[i] - 1) * GROUP] >= lower[i] - twice;
        any |= open[i];
    }
    return any;
}

/* open: those of the first n pairs that are, as bits. */
static uint16_t
NAME(open_bits)(const int32_t *open, int64_t n)
{
    unsigned bits = 0;
    for (int i = 0; i < GROUP && i < n; i++)
        bits |= (unsigned)open[i] << i;
    return (uint16_t)bits;
}

/* Pairs of a group of rows, from `first` on, with all columns. */
static void
NAME(bin_rows)(conceptdec_i_judging *r, const conceptdec_i_tile *tile, int64_t first, open_pairs *open)
{
    conceptdec_i_quality_place at = conceptdec_i_quality_place_of(r, r->first + tile->row + first);
    const REAL *upper = r->upper, *lower = r->lower;
    const REAL *low = (const REAL *)r->low + at.limit, *high = (const REAL *)r->high + at.limit;
    int32_t place[GROUP], is_open[GROUP];
    for (int64_t j = 0; j < tile->cols && at.n_limits > 0; j++) {
        const REAL *dots = (const REAL *)tile->dots + j * tile->ld + first;
        int64_t n = conceptdec_i_tile_height(tile, j) - first, column = tile->col + j;
        if (n <= 0)
            continue;
        int any = at.n_limits > MOST_COMPARED
                      ? NAME(search_rows)(dots, upper[column], lower[column], low, high, at.n_limits, place, is_open)
                      : r->ctx->kernels->NAME(place_rows)(dots, upper[column], lower[column], low, high, at.n_limits,
                                                          place, is_open);
        int32_t *count = r->count + at.count, weight = r->rows[column];
        for (int64_t i = 0; i < GROUP && i < n; i++, count += at.n_limits + 1)
            count[place[i]] += weight;
        if (any)
            open->bits[j][first / GROUP] |= NAME(open_bits)(is_open, n);
    }
}

/* Pairs of a column with all rows, seen from the column. */
static void
NAME(bin_column)(conceptdec_i_judging *r, const conceptdec_i_tile *tile, int64_t j, open_pairs *open)
{
    int64_t column = tile->col + j, height = conceptdec_i_tile_height(tile, j);
    conceptdec_i_quality_place at = conceptdec_i_quality_place_of(r, column);
    const REAL *low = (const REAL *)r->low + at.limit, *high = (const REAL *)r->high + at.limit;
    bool is_searched = at.n_limits > MOST_COMPARED;
    REAL own_low[MOST_COMPARED], own_high[MOST_COMPARED];
    int32_t place[GROUP], is_open[GROUP], sums[4][MOST_COMPARED + 1] = {{0}};
    for (int64_t t = 0; !is_searched && t < at.n_limits; t++) {
        own_low[t] = low[t * GROUP];
        own_high[t] = high[t * GROUP];
    }
    for (int64_t first = 0; first < height && at.n_limits > 0; first += GROUP) {
        const REAL *dots = (const REAL *)tile->dots + j * tile->ld + first;
        const REAL *upper = (const REAL *)r->upper + tile->row + first,
                   *lower = (const REAL *)r->lower + tile->row + first;
        const int32_t *weights = r->rows + tile->row + first;
        int64_t n = height - first < GROUP ? height - first : GROUP;
        int any = is_searched ? NAME(search_column)(dots, upper, lower, low, high, at.n_limits, place, is_open)
                              : r->ctx->kernels->NAME(place_column)(dots, upper, lower, own_low, own_high, at.n_limits,
                                                                    place, is_open);
        for (int64_t i = 0; is_searched && i < n; i++)
            r->count[at.count + place[i]] += weights[i];
        for (int64_t i = 0; !is_searched && i < n; i++) /* the same place seldom comes twice in a row */
            sums[i % 4][place[i]] += weights[i];
        if (any)
            open->bits[j][first / GROUP] |= NAME(open_bits)(is_open, n);
    }
    for (int64_t t = 0; !is_searched && t <= at.n_limits; t++)
        r->count[at.count + t] += sums[0][t] + sums[1][t] + sums[2][t] + sums[3][t];
}

/* ---- pairs that the bounds leave open ---- */

/* Moves `weight` rows at an exact distance to where they belong among those that an item asks about. value: of the
 * pair, as it was binned. */
static void
NAME(settle)(const conceptdec_i_judging *r, int64_t item, REAL value, double d2, int32_t weight)
{
    conceptdec_i_quality_place at = conceptdec_i_quality_place_of(r, item);
    conceptdec_i_asked *asked = r->asked + at.asked;
    int64_t place = NAME(search)((const REAL *)r->low + at.limit, at.n_limits, value), right = place;
    while (right > 0 && asked[right - 1].d2 > d2)
        right--;
    r->count[at.count + place] -= weight;
    r->count[at.count + right] += weight;
    for (; right > 0 && asked[right - 1].d2 >= d2; right--)
        asked[right - 1].tied += weight;
}

/* Column j and those of the rows that are marked; returns how many. */
static int32_t
NAME(refine)(conceptdec_i_judging *r, const conceptdec_i_tile *tile, int64_t j, const uint16_t *bits, int lane)
{
    conceptdec_i_quality_lane scratch = conceptdec_i_quality_lane_of(r, lane);
    const REAL *dots = (const REAL *)tile->dots + j * tile->ld, *upper = r->upper;
    int64_t first = r->first + tile->row, column = tile->col + j;
    int32_t count = 0;
    double *query = scratch.rows, *buffer = query + r->items.view->cols;
    for (int i = 0; i < CONCEPTDEC_I_TILE_ROWS; i++) {
        scratch.items[count] = (int32_t)(first + i);
        count += bits[i / GROUP] >> (i % GROUP) & 1;
    }
    if (count == 0)
        return 0;
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
    return count;
}

/* ---- tiles ---- */

static void
NAME(bin_tile)(conceptdec_i_judging *r, const conceptdec_i_tile *tile, open_pairs *open)
{
    memset(open, 0, sizeof *open);
    for (int64_t first = 0; first < tile->rows; first += GROUP)
        NAME(bin_rows)(r, tile, first, open);
    for (int64_t j = 0; j < tile->cols && r->symmetric; j++)
        NAME(bin_column)(r, tile, j, open);
}
