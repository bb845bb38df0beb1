/* More activations than memory: rows are read from a file as they are needed.
 *   cc out_of_core.c $(pkg-config --cflags --libs conceptdec) -pthread -o out_of_core
 *   ./out_of_core [--mmap] [--k K] [--threads T] [--raw ROWS COLS f2|f4] FILE [LABELS]
 * FILE is a .npy or .safetensors file, of which the last matrix is taken, or with --raw numbers alone, for which this
 * program has a reader of its own. With labels it prints the decodability, else the mean distance to the k nearest.
 * --mmap maps the file into memory instead of reading it, for comparison. Without a file it takes examples/data. */
#define _POSIX_C_SOURCE 200809L
#include <conceptdec/conceptdec.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Numbers in a file, and nothing else. */
struct raw {
    int descriptor;
    int64_t rows, cols, row_bytes;
    int32_t dtype;
};

struct question {
    const char *path, *labels;
    int64_t k;
    int threads;
    uint32_t flags;
    struct raw raw; /* row_bytes is 0: the file has a header */
};

static conceptdec_ctx *ctx;

static void
fail(const char *path, const char *reason)
{
    fprintf(stderr, "%s: %s\n", path, reason);
    exit(EXIT_FAILURE);
}

static void
check(conceptdec_status status)
{
    if (status != CONCEPTDEC_OK)
        fail(conceptdec_status_name(status), conceptdec_ctx_error(ctx));
}

/* ---- files ---- */

/* The reader: called by several threads at once, which pread() allows. */
static int32_t
read_rows(void *user, int64_t first, int64_t count, void *rows)
{
    const struct raw *f = user;
    int64_t at = first * f->row_bytes, left = count * f->row_bytes;
    for (char *to = rows; left > 0;) {
        ssize_t got = pread(f->descriptor, to, (size_t)left, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? errno : EIO; /* EIO: the file ends */
        to += got;
        at += got;
        left -= got;
    }
    return 0;
}

static void
open_raw(const char *path, struct raw *f, conceptdec_reader *reader, conceptdec_matrix *x)
{
    f->descriptor = open(path, O_RDONLY);
    if (f->descriptor < 0)
        fail(path, strerror(errno));
    *reader = (conceptdec_reader){.struct_size = sizeof *reader, .read = read_rows, .user = f};
    *x = (conceptdec_matrix){.data = reader, .rows = f->rows, .cols = f->cols, .dtype = f->dtype,
                             .flags = CONCEPTDEC_MATRIX_READER};
}

/* The last matrix of the last array of floating numbers. */
static conceptdec_activations *
open_last(const char *path, uint32_t flags, conceptdec_matrix *x)
{
    conceptdec_activations_options options = {.struct_size = sizeof options, .flags = flags};
    conceptdec_activations *file = NULL;
    conceptdec_array_info info;
    check(conceptdec_activations_open(ctx, path, &options, &file));
    int64_t last = conceptdec_activations_count(file) - 1, cells = 1;
    check(conceptdec_activations_info(ctx, file, last, &info));
    while (last > 0 && (info.dtype == 0 || info.dtype == CONCEPTDEC_INT64))
        check(conceptdec_activations_info(ctx, file, --last, &info));
    for (int axis = 0; axis < info.ndim - 2; axis++)
        cells *= info.shape[axis];
    check(conceptdec_activations_view(ctx, file, last, cells - 1, x));
    return file;
}

/* ---- what is shown ---- */

static int32_t
show(void *user, const conceptdec_progress *now)
{
    (void)user;
    fprintf(stderr, "\r%s: %3.0f %%\033[K%s", now->stage, 100.0 * (double)now->done / (double)now->total,
            now->done == now->total ? "\n" : "");
    return 1;
}

static double
seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The most memory that the process has had at any time, in MiB; what is mapped counts while it is in memory. */
static long
peak_memory(void)
{
    char line[256];
    long kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && kib == 0 && fgets(line, sizeof line, status))
        (void)sscanf(line, "VmHWM: %ld kB", &kib);
    if (status)
        fclose(status);
    return kib / 1024;
}

/* ---- the work ---- */

static void
print_decodability(const conceptdec_matrix *x, const char *path, int64_t k)
{
    conceptdec_activations *file = NULL;
    conceptdec_array labels;
    conceptdec_result *result = NULL;
    double value = 0, chance = 0;
    check(conceptdec_activations_open(ctx, path, NULL, &file));
    check(conceptdec_activations_integers(ctx, file, 0, &labels));
    conceptdec_matrix y = {.data = labels.data, .rows = labels.shape[0], .cols = 1, .row_stride = 8, .col_stride = 8,
                           .dtype = CONCEPTDEC_INT64};
    conceptdec_knn_options options = {.struct_size = sizeof options, .k = k};
    check(conceptdec_knn_decodability(ctx, x, &y, &options, &result));
    check(conceptdec_result_scalar(result, CONCEPTDEC_R_DECODABILITY, &value));
    check(conceptdec_result_scalar(result, CONCEPTDEC_R_CHANCE_NULL, &chance));
    printf("decodability %.6f, chance %.6f\n", value, chance);
    conceptdec_result_free(result);
    conceptdec_activations_free(file);
}

/* Row by row: the arrays of all rows would be one more piece of memory. */
static void
print_mean_distance(const conceptdec_matrix *x, int64_t k)
{
    conceptdec_neighbors_options options = {.struct_size = sizeof options, .k = k};
    conceptdec_neighbors *table = NULL;
    conceptdec_array screening, refined;
    double sum = 0, *distances = malloc((size_t)k * sizeof *distances);
    if (!distances)
        fail("k", "no memory");
    check(conceptdec_neighbors_new(ctx, x, NULL, &options, &table));
    for (int64_t i = 0; i < x->rows; i++) {
        int64_t count;
        check(conceptdec_neighbors_row(table, i, k, NULL, distances, &count));
        for (int64_t j = 0; j < k; j++)
            sum += distances[j];
    }
    check(conceptdec_neighbors_get(table, CONCEPTDEC_N_SCREENING, &screening));
    check(conceptdec_neighbors_get(table, CONCEPTDEC_N_N_REFINED, &refined));
    static const char *const words[] = {"", "int8", "float32", "float64"};
    printf("mean distance %.9g; screened in %s, %" PRId64 " distances in full\n", sum / (double)(x->rows * k),
           words[*(const int64_t *)screening.data], *(const int64_t *)refined.data);
    conceptdec_neighbors_free(table);
    free(distances);
}

static void
set_raw(struct raw *f, char **arguments)
{
    int is_half = strcmp(arguments[2], "f2") == 0;
    f->rows = atoll(arguments[0]);
    f->cols = atoll(arguments[1]);
    f->row_bytes = f->cols * (is_half ? 2 : 4);
    f->dtype = is_half ? CONCEPTDEC_FLOAT16 : CONCEPTDEC_FLOAT32;
}

static void
read_arguments(int argc, char **argv, struct question *q)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++)
        if (strcmp(argv[i], "--mmap") == 0) {
            q->flags = CONCEPTDEC_ACTIVATIONS_MAP;
        } else if (strcmp(argv[i], "--k") == 0 && i + 1 < argc) {
            q->k = atoll(argv[++i]);
        } else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
            q->threads = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--raw") == 0 && i + 3 < argc) {
            set_raw(&q->raw, argv + i + 1);
            i += 3;
        } else {
            fail(argv[i], "unknown, or something is missing behind it");
        }
    if (q->k < 1)
        fail("--k", "must be at least 1");
    if (q->flags && q->raw.row_bytes)
        fail("--mmap", "is not for --raw");
    q->path = i < argc ? argv[i] : "examples/data/activations.npy";
    q->labels = i + 1 < argc ? argv[i + 1] : i < argc ? NULL : "examples/data/labels.npy";
}

int
main(int argc, char **argv)
{
    struct question q = {.k = 10};
    conceptdec_activations *file = NULL;
    conceptdec_reader reader;
    conceptdec_matrix x;
    read_arguments(argc, argv, &q);
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = q.threads,
                                      .progress = isatty(STDERR_FILENO) ? show : NULL};
    check(conceptdec_ctx_new(&options, &ctx));
    if (q.raw.row_bytes)
        open_raw(q.path, &q.raw, &reader, &x);
    else
        file = open_last(q.path, q.flags, &x);
    double start = seconds();
    if (q.labels)
        print_decodability(&x, q.labels, q.k);
    else
        print_mean_distance(&x, q.k);
    printf("%" PRId64 " x %" PRId64 ", k = %" PRId64 ", %d threads, %s: %.2f s, peak memory %ld MiB\n", x.rows, x.cols,
           q.k, (int)conceptdec_ctx_threads(ctx), q.flags ? "mapped" : "read", seconds() - start, peak_memory());
    conceptdec_activations_free(file);
    conceptdec_ctx_free(ctx);
    if (q.raw.row_bytes)
        close(q.raw.descriptor);
    return EXIT_SUCCESS;
}
