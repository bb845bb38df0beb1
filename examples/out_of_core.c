/* More activations than memory: rows are read from a file as they are needed.
 *   cc out_of_core.c $(pkg-config --cflags --libs conceptdec) -pthread -o out_of_core
 *   ./out_of_core [--mmap] [--k K] [--threads T] [--raw ROWS COLS f2|f4] FILE [LABELS.npy]
 * FILE is a .npy of float16 or float32 in C order, of which the last two axes are samples x dimensions (the last matrix
 * is taken where there are more), or with --raw the numbers alone. With labels it prints the decodability, else the mean
 * distance to the k nearest. --mmap maps the file into memory instead of reading it, for comparison. Without a file it
 * takes examples/data. */
#define _POSIX_C_SOURCE 200809L
#include <conceptdec/conceptdec.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A matrix in a file. */
struct file {
    int descriptor;
    int64_t begin, rows, cols, row_bytes;
    int32_t dtype;
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

/* ---- the file ---- */

static int
read_at(int descriptor, int64_t at, int64_t size, void *to)
{
    while (size > 0) {
        ssize_t got = pread(descriptor, to, (size_t)size, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? errno : EIO; /* EIO: the file ends */
        to = (char *)to + got;
        at += got;
        size -= got;
    }
    return 0;
}

/* The reader: called by several threads at once, which pread() allows. */
static int32_t
read_rows(void *user, int64_t first, int64_t count, void *rows)
{
    const struct file *f = user;
    return read_at(f->descriptor, f->begin + first * f->row_bytes, count * f->row_bytes, rows);
}

static int64_t
set_dtype(struct file *f, const char *name)
{
    static const struct {
        const char *name;
        int32_t dtype, size;
    } known[] = {{"f2", CONCEPTDEC_FLOAT16, 2}, {"f4", CONCEPTDEC_FLOAT32, 4}, {"i4", CONCEPTDEC_INT32, 4},
                 {"i8", CONCEPTDEC_INT64, 8}};
    for (int i = 0; i < 4; i++)
        if (strncmp(name, known[i].name, 2) == 0) {
            f->dtype = known[i].dtype;
            return known[i].size;
        }
    return 0;
}

/* A header such as {'descr': '<f2', 'fortran_order': False, 'shape': (20, 600, 64), } */
static void
parse_npy(const char *path, struct file *f)
{
    unsigned char start[12];
    char header[4096] = "";
    if (read_at(f->descriptor, 0, 12, start) || memcmp(start, "\x93NUMPY", 6) || start[6] < 1 || start[6] > 2)
        fail(path, "is no .npy file of version 1 or 2 (numbers alone: --raw)");
    int64_t length = start[8] | start[9] << 8, size;
    if (start[6] == 2)
        length |= (int64_t)start[10] << 16 | (int64_t)start[11] << 24;
    f->begin = (start[6] == 2 ? 12 : 10) + length;
    if (length >= (int64_t)sizeof header || read_at(f->descriptor, f->begin - length, length, header))
        fail(path, "its header cannot be read");
    const char *descr = strstr(header, "'descr': '<"), *shape = strstr(header, "'shape': (");
    if (!descr || !shape || !strstr(header, "'fortran_order': False") || (size = set_dtype(f, descr + 11)) == 0)
        fail(path, "must be little-endian float16 or float32 (labels: int32 or int64) in C order");
    int64_t before = 1, axes = 0;
    f->cols = 1;
    for (char *at = (char *)(uintptr_t)shape + 10; *at >= '0' && *at <= '9'; axes++) { /* the last two axes count */
        before *= axes > 1 ? f->rows : 1;
        f->rows = axes > 0 ? f->cols : 1;
        f->cols = strtoll(at, &at, 10);
        at += strspn(at, ", ");
    }
    if (axes == 1) {
        f->rows = f->cols;
        f->cols = 1;
    }
    f->row_bytes = f->cols * size;
    f->begin += (before - 1) * f->rows * f->row_bytes;
}

static void
open_file(const char *path, struct file *f)
{
    f->descriptor = open(path, O_RDONLY);
    if (f->descriptor < 0)
        fail(path, strerror(errno));
    if (f->row_bytes == 0)
        parse_npy(path, f);
    struct stat status;
    if (fstat(f->descriptor, &status) || status.st_size < f->begin + f->rows * f->row_bytes)
        fail(path, "is shorter than its shape says");
}

static void *
map_file(const char *path, const struct file *f)
{
    char *start = mmap(NULL, (size_t)(f->begin + f->rows * f->row_bytes), PROT_READ, MAP_PRIVATE, f->descriptor, 0);
    if (start == MAP_FAILED)
        fail(path, strerror(errno));
    return start + f->begin;
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
    struct file f = {0};
    conceptdec_result *result = NULL;
    double value = 0, chance = 0;
    open_file(path, &f);
    conceptdec_matrix y = {.data = map_file(path, &f), .rows = f.rows, .cols = f.cols, .row_stride = f.row_bytes,
                           .col_stride = f.row_bytes / f.cols, .dtype = f.dtype};
    conceptdec_knn_options options = {.struct_size = sizeof options, .k = k};
    check(conceptdec_knn_decodability(ctx, x, &y, &options, &result));
    check(conceptdec_result_scalar(result, CONCEPTDEC_R_DECODABILITY, &value));
    check(conceptdec_result_scalar(result, CONCEPTDEC_R_CHANCE_NULL, &chance));
    printf("decodability %.6f, chance %.6f\n", value, chance);
    conceptdec_result_free(result);
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

struct question {
    const char *path, *labels;
    int64_t k;
    int is_mapped, threads;
};

static void
read_arguments(int argc, char **argv, struct question *q, struct file *f)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++)
        if (strcmp(argv[i], "--mmap") == 0) {
            q->is_mapped = 1;
        } else if (strcmp(argv[i], "--k") == 0 && i + 1 < argc) {
            q->k = atoll(argv[++i]);
        } else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
            q->threads = atoi(argv[++i]);
        } else if (strcmp(argv[i], "--raw") == 0 && i + 3 < argc) {
            f->rows = atoll(argv[i + 1]);
            f->cols = atoll(argv[i + 2]);
            f->row_bytes = f->cols * set_dtype(f, argv[i + 3]);
            i += 3;
        } else {
            fail(argv[i], "unknown, or something is missing behind it");
        }
    if (q->k < 1)
        fail("--k", "must be at least 1");
    q->path = i < argc ? argv[i] : "examples/data/activations.npy";
    q->labels = i + 1 < argc ? argv[i + 1] : i < argc ? NULL : "examples/data/labels.npy";
}

int
main(int argc, char **argv)
{
    struct file f = {0};
    struct question q = {.k = 10};
    read_arguments(argc, argv, &q, &f);
    open_file(q.path, &f);
    conceptdec_reader reader = {.struct_size = sizeof reader, .read = read_rows, .user = &f};
    conceptdec_matrix x = {.data = &reader, .rows = f.rows, .cols = f.cols, .dtype = f.dtype,
                           .flags = CONCEPTDEC_MATRIX_READER};
    if (q.is_mapped) /* a view of memory like any other */
        x = (conceptdec_matrix){.data = map_file(q.path, &f), .rows = f.rows, .cols = f.cols, .row_stride = f.row_bytes,
                                .col_stride = f.row_bytes / f.cols, .dtype = f.dtype};
    conceptdec_ctx_options options = {.struct_size = sizeof options, .threads = q.threads,
                                      .progress = isatty(STDERR_FILENO) ? show : NULL};
    check(conceptdec_ctx_new(&options, &ctx));
    double start = seconds();
    if (q.labels)
        print_decodability(&x, q.labels, q.k);
    else
        print_mean_distance(&x, q.k);
    printf("%" PRId64 " x %" PRId64 ", k = %" PRId64 ", %d threads, %s: %.2f s, peak memory %ld MiB\n", f.rows, f.cols,
           q.k, (int)conceptdec_ctx_threads(ctx), q.is_mapped ? "mapped" : "read", seconds() - start, peak_memory());
    conceptdec_ctx_free(ctx);
    close(f.descriptor);
    return EXIT_SUCCESS;
}
