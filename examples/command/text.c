/* Text that grows, and files that are there whole or not at all. The program never calls setlocale(), so numbers have a
 * point whatever the user's locale. */
#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE 700
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
make_room(text *t, size_t count)
{
    if (t->failed || count > SIZE_MAX / 2 - t->length) {
        t->failed = true;
        return false;
    }
    size_t needed = t->length + count + 1;
    if (needed <= t->capacity)
        return true;
    size_t capacity = needed < 256 ? 256 : needed + needed / 2;
    char *more = realloc(t->bytes, capacity);
    if (!more) {
        t->failed = true;
        return false;
    }
    t->bytes = more;
    t->capacity = capacity;
    return true;
}

void
add_bytes(text *t, const char *bytes, size_t count)
{
    if (!make_room(t, count))
        return;
    memcpy(t->bytes + t->length, bytes, count);
    t->length += count;
    t->bytes[t->length] = 0;
}

void
add(text *t, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0)
        t->failed = true;
    else if (make_room(t, (size_t)length)) {
        vsnprintf(t->bytes + t->length, (size_t)length + 1, format, again);
        t->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

int
character(const unsigned char *s, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int bytes = *s < 0x80                 ? 1
                : *s >= 0xc0 && *s < 0xe0 ? 2
                : *s >= 0xe0 && *s < 0xf0 ? 3
                : *s >= 0xf0 && *s < 0xf8 ? 4
                                          : 0;
    *code = bytes == 1 ? *s : *s & (0x7fu >> bytes);
    for (int i = 1; i < bytes; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (s[i] & 0x3fu);
    }
    bool is_bad = bytes == 0 || *code < least[bytes] || (*code >= 0xd800 && *code < 0xe000) || *code > 0x10ffff;
    return is_bad ? 0 : bytes;
}

bool
cannot_be_shown(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029 || (code & 0xfffe) == 0xfffe;
}

void
add_json(text *t, const char *string)
{
    if (!string) {
        add(t, "null");
        return;
    }
    add_bytes(t, "\"", 1);
    while (*string) {
        uint32_t code;
        int bytes = character((const unsigned char *)string, &code);
        if (bytes == 0)
            add(t, "\xef\xbf\xbd");
        else if (code == '"' || code == '\\')
            add(t, "\\%c", (char)code);
        else if (code < 0x20 || code == 0x7f)
            add(t, "\\u%04x", (unsigned)code);
        else
            add_bytes(t, string, (size_t)bytes);
        string += bytes ? bytes : 1;
    }
    add_bytes(t, "\"", 1);
}

void
add_visible(text *t, const char *string)
{
    while (*string) {
        uint32_t code;
        int bytes = character((const unsigned char *)string, &code);
        if (bytes == 0 || cannot_be_shown(code))
            add(t, "\xef\xbf\xbd");
        else
            add_bytes(t, string, (size_t)bytes);
        string += bytes ? bytes : 1;
    }
}

void
add_json_number(text *t, double value)
{
    char digits[40];
    if (!isfinite(value)) {
        add(t, "null");
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    add(t, "%s", digits);
}

void
add_escaped(text *t, const char *string)
{
    for (; *string; string++) {
        switch (*string) {
        case '&': add(t, "&amp;"); break;
        case '<': add(t, "&lt;"); break;
        case '>': add(t, "&gt;"); break;
        case '"': add(t, "&quot;"); break;
        case '\'': add(t, "&#39;"); break;
        default: add_bytes(t, string, 1);
        }
    }
}

void
forget(text *t)
{
    free(t->bytes);
    *t = (text){0};
}

/* ---- files ---- */

static bool
write_all(int file, const char *bytes, size_t count)
{
    while (count) {
        ssize_t written = write(file, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

/* A pipe or a device has no name that another file could take. */
static int
write_through(const command *c, const char *path, const text *t)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return complain(c, FAILED, "%s: cannot be opened: %s", path, strerror(errno));
    bool good = write_all(file, t->bytes, t->length);
    int reason = errno;
    if (close(file) && good)
        good = false, reason = errno;
    return good ? DONE : complain(c, FAILED, "%s: cannot be written: %s", path, strerror(reason));
}

static int
write_and_rename(const command *c, const char *path, const char *temporary, const text *t)
{
    int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0)
        return complain(c, FAILED, "%s: cannot be made: %s", path, strerror(errno));
    struct stat old;
    if (!stat(path, &old)) /* who may not see what is replaced may not see this either */
        fchmod(file, old.st_mode & 0777);
    bool good = write_all(file, t->bytes, t->length) && !fsync(file);
    int reason = errno;
    if (close(file) && good)
        good = false, reason = errno;
    if (good && rename(temporary, path))
        good = false, reason = errno;
    if (good)
        return DONE;
    unlink(temporary);
    return complain(c, FAILED, "%s: cannot be written: %s", path, strerror(reason));
}

int
write_file(const command *c, const char *path, const text *t)
{
    if (t->failed)
        return complain(c, NO_MEMORY, "memory is exhausted");
    struct stat there;
    if (!stat(path, &there) && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode))
        return write_through(c, path, t);
    char *real = realpath(path, NULL); /* a link stays one */
    const char *target = real ? real : path;
    const char *slash = strrchr(target, '/');
    int folder = slash ? (int)(slash + 1 - target) : 0;
    size_t size = (size_t)folder + 48; /* a name of its own: with that of the file it could be too long */
    char *temporary = malloc(size);
    int code = NO_MEMORY;
    if (!temporary) {
        complain(c, NO_MEMORY, "memory is exhausted");
    } else {
        snprintf(temporary, size, "%.*s.conceptdec.%ld.tmp", folder, target, (long)getpid());
        code = write_and_rename(c, target, temporary, t);
    }
    free(temporary);
    free(real);
    return code;
}
