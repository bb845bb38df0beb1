/* A folder for the files of one test: scratch_begin and scratch_end are its fixtures. */
#ifndef CONCEPTDEC_SCRATCH_H
#define CONCEPTDEC_SCRATCH_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_folder[64];

static inline void
scratch_begin(void)
{
    (void)snprintf(scratch_folder, sizeof scratch_folder, "/tmp/conceptdec-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(scratch_folder));
}

/* Path of a file in the folder, good until the next one but three. */
static inline const char *
scratch_path(const char *name)
{
    static char paths[4][512];
    static int turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    return path;
}

/* Number of files in the folder, which are removed where `remove_them`. */
static inline int
scratch_files(int remove_them)
{
    int count = 0;
    DIR *folder = opendir(scratch_folder);
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *file; (file = readdir(folder));)
        if (strcmp(file->d_name, ".") != 0 && strcmp(file->d_name, "..") != 0) {
            count++;
            if (remove_them)
                (void)remove(scratch_path(file->d_name));
        }
    closedir(folder);
    return count;
}

static inline void
scratch_end(void)
{
    scratch_files(1);
    (void)rmdir(scratch_folder);
}

static inline void
scratch_write(const char *name, const void *bytes, size_t count)
{
    FILE *file = fopen(scratch_path(name), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
    ck_assert_int_eq(fclose(file), 0);
}

/* All of a file, to be freed. */
static inline char *
scratch_read(const char *name, size_t *count)
{
    FILE *file = fopen(scratch_path(name), "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    *count = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*count + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, *count, file), *count);
    (void)fclose(file);
    return bytes;
}

#endif
