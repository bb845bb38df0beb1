/* How many processors this process may use: affinity mask and control-group quota. */
#define _GNU_SOURCE

#include "core.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_THREADS 1024
#define PATH_SIZE 4096

static int
affinity_count(void)
{
    cpu_set_t sets[8]; /* 8192 processors */
    if (sched_getaffinity(0, sizeof sets, sets) != 0)
        return 1;
    int count = CPU_COUNT_S(sizeof sets, sets);
    return count > 0 ? count : 1;
}

/* The start of a small file as a string; false where it cannot be read. */
static bool
read_text(const char *path, char *text, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t length = read(file, text, size - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static int
smaller_quota(int threads, long long quota, long long period)
{
    if (quota <= 0 || period <= 0 || quota / period >= threads)
        return threads;
    return (int)((quota + period - 1) / period);
}

/* cpu.max of a group and of the groups above it: "max 100000" or "150000 100000". */
static int
limit_v2(const char *mount, char *group, int threads)
{
    char path[PATH_SIZE], text[128];
    for (;;) {
        int length = snprintf(path, sizeof path, "%s%s/cpu.max", mount, group);
        if (length > 0 && (size_t)length < sizeof path && read_text(path, text, sizeof text)) {
            char *end;
            long long quota = strtoll(text, &end, 10); /* 0 for "max" */
            threads = smaller_quota(threads, quota, strtoll(end, NULL, 10));
        }
        char *slash = strrchr(group, '/');
        if (!slash)
            return threads;
        *slash = '\0';
    }
}

static int
limit_v1(const char *mount, int threads)
{
    char path[PATH_SIZE], text[64];
    static const char *const folders[] = {"cpu", "cpu,cpuacct"};
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s/cpu.cfs_quota_us", mount, folders[i]);
        long long quota = read_text(path, text, sizeof text) ? strtoll(text, NULL, 10) : 0;
        snprintf(path, sizeof path, "%s/%s/cpu.cfs_period_us", mount, folders[i]);
        long long period = read_text(path, text, sizeof text) ? strtoll(text, NULL, 10) : 0;
        threads = smaller_quota(threads, quota, period);
    }
    return threads;
}

int
conceptdec_i_quota_threads(const char *mount, const char *membership, int threads)
{
    char text[PATH_SIZE];
    char *group = read_text(membership, text, sizeof text) ? strstr(text, "0::/") : NULL;
    char none[] = "";
    if (group) {
        group += 3;
        group[strcspn(group, "\n")] = '\0';
        if (strcmp(group, "/") == 0)
            *group = '\0';
    }
    return limit_v1(mount, limit_v2(mount, group ? group : none, threads));
}

int
conceptdec_i_default_threads(void)
{
    int threads = conceptdec_i_quota_threads("/sys/fs/cgroup", "/proc/self/cgroup", affinity_count());
    return threads < MAX_THREADS ? threads : MAX_THREADS;
}
