/* Runs one statically linked program on an emulated processor that has nothing else to run: no operating system, one
 * thread, what it prints goes to the serial port. The system calls are those that such a program of Debian 12 makes.
 *
 * Memory: this at 0x10000, the environment at 0x8000 (strings, then an empty one), the program where it wants to lie,
 * its heap behind it up to HEAP_END, its stack up to IMAGE, from where on its file was loaded. */
#include <asm/prctl.h>
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>

#define ENVIRONMENT ((const char *)0x8000)
#define HEAP_END 0x37000000u
#define IMAGE 0x38000000u
#define SERIAL 0x3f8
#define MOST_VARIABLES 32

void prepare(uint64_t stubs);
struct entry {
    uint64_t address, stack;
} load_program(void);
int64_t serve(uint64_t a, uint64_t b, uint64_t c, uint64_t number);
_Noreturn void trapped(uint64_t number, const uint64_t *frame);
void system_call(void);

static uint64_t heap_begin, heap;

void *
memset(void *to, int value, uint64_t n)
{
    void *at = to;
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(value) : "memory");
    return to;
}

void *
memcpy(void *restrict to, const void *restrict from, uint64_t n)
{
    void *at = to;
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
    return to;
}

static void
out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t
in(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void
write_register(uint32_t which, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(which), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static uint64_t
clock_now(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* ---- what is printed ---- */

static void
put(const char *text, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        while (!(in(SERIAL + 5) & 0x20))
            ;
        out(SERIAL, (uint8_t)text[i]);
    }
}

static uint64_t
length(const char *text)
{
    uint64_t n = 0;
    while (text[n])
        n++;
    return n;
}

static void
put_number(const char *before, uint64_t value)
{
    char digits[16];
    for (int i = 0; i < 16; i++)
        digits[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    put(before, length(before));
    put(digits, sizeof digits);
}

/* The last line is what the caller looks for; then the emulator is told to end. */
static _Noreturn void
stop(uint64_t status)
{
    put_number("\nstatus ", status);
    put("\n", 1);
    while (!(in(SERIAL + 5) & 0x40))
        ;
    for (const char *c = "Shutdown"; *c; c++)
        out(0x8900, (uint8_t)*c);
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Some exceptions have an error code before the address. */
void
trapped(uint64_t number, const uint64_t *frame)
{
    put_number("\nexception ", number);
    for (int i = 0; i < 3; i++)
        put_number(" ", frame[i]);
    uint64_t address;
    __asm__ volatile("movq %%cr2, %0" : "=r"(address));
    put_number(" address ", address);
    stop(0xff);
}

/* ---- the start ---- */

void
prepare(uint64_t stubs)
{
    static struct gate {
        uint16_t low, segment, kind, middle;
        uint32_t high, none;
    } gates[32];
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) table = {sizeof gates - 1, (uint64_t)gates};
    for (uint64_t i = 0; i < 32; i++)
        gates[i] = (struct gate){.low = (uint16_t)(stubs + 16 * i),
                                 .segment = 0x10,
                                 .kind = 0x8e00,
                                 .middle = (uint16_t)((stubs + 16 * i) >> 16)};
    __asm__ volatile("lidt %0" : : "m"(table));
    write_register(0xc0000081, (uint64_t)0x10 << 32);
    write_register(0xc0000082, (uint64_t)system_call);
    write_register(0xc0000084, 0);
    out(SERIAL + 3, 3); /* 8 bits */
}

/* argc, argv, the environment, the auxiliary vector */
static uint64_t
make_stack(const Elf64_Ehdr *header)
{
    static char name[] = "program";
    static const uint64_t random[2] = {20240607, 0x9e3779b97f4a7c15};
    static uint64_t words[3 + MOST_VARIABLES + 1 + 16];
    int n = 0;
    words[n++] = 1;
    words[n++] = (uint64_t)name;
    words[n++] = 0;
    const char *variable = ENVIRONMENT;
    for (int i = 0; i < MOST_VARIABLES && *variable; i++, variable += length(variable) + 1)
        words[n++] = (uint64_t)variable;
    words[n++] = 0;
    const uint64_t facts[] = {AT_PHDR,   IMAGE + header->e_phoff, AT_PHENT,  header->e_phentsize,
                              AT_PHNUM,  header->e_phnum,         AT_PAGESZ, 4096,
                              AT_ENTRY,  header->e_entry,         AT_SECURE, 0,
                              AT_RANDOM, (uint64_t)random,        AT_NULL,   0};
    memcpy(words + n, facts, sizeof facts);
    return (uint64_t)memcpy((void *)(uint64_t)(IMAGE - 4096), words, sizeof words);
}

/* Bochs 2.7 gives out its memory in blocks of 128 KB, in the order of their first use, and has read the whole file to
 * where its first block lies: the others must come next. */
static void
touch_image(const Elf64_Ehdr *header)
{
    const uint64_t size = header->e_shoff + (uint64_t)header->e_shnum * header->e_shentsize;
    for (uint64_t at = 0; at < size; at += 1 << 17)
        (void)*(const volatile char *)(IMAGE + at);
}

struct entry
load_program(void)
{
    const Elf64_Ehdr *header = (const void *)(uint64_t)IMAGE;
    touch_image(header);
    const Elf64_Phdr *part = (const void *)(IMAGE + header->e_phoff);
    for (int i = 0; i < header->e_phnum; i++)
        if (part[i].p_type == PT_LOAD) {
            memset((void *)part[i].p_vaddr, 0, part[i].p_memsz);
            memcpy((void *)part[i].p_vaddr, (const char *)header + part[i].p_offset, part[i].p_filesz);
            heap_begin = heap = (part[i].p_vaddr + part[i].p_memsz + 4095) / 4096 * 4096;
        }
    return (struct entry){header->e_entry, make_stack(header)};
}

/* ---- system calls ---- */

static int64_t
set_heap(uint64_t end)
{
    if (end < heap_begin || end > HEAP_END)
        return (int64_t)heap;
    if (end > heap)
        memset((void *)heap, 0, end - heap);
    return (int64_t)(heap = end);
}

static int64_t
write_out(uint64_t file, const char *text, uint64_t n)
{
    if (file != 1 && file != 2)
        return -EBADF;
    put(text, n);
    return (int64_t)n;
}

static int64_t
write_parts(uint64_t file, const uint64_t *parts, uint64_t n)
{
    int64_t sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += write_out(file, (const char *)parts[2 * i], parts[2 * i + 1]);
    return sum;
}

/* A terminal, as far as anyone asks. */
static int64_t
file_state(void *state)
{
    memset(state, 0, 144);
    ((uint32_t *)state)[6] = 0020620;
    return 0;
}

static int64_t
system_name(char *name)
{
    memset(name, 0, 6 * 65);
    memcpy(name, "Linux", 5);
    memcpy(name + 2 * 65, "6.1.0", 5);
    return 0;
}

static int64_t
tell_time(uint64_t *seconds, uint64_t parts)
{
    const uint64_t now = clock_now();
    seconds[0] = now / 1000000000;
    seconds[1] = now % 1000000000 / (1000000000 / parts);
    return 0;
}

static int64_t
give_random(uint8_t *to, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        to[i] = (uint8_t)(i * 167 + 13);
    return (int64_t)n;
}

static int64_t
set_thread(uint64_t what, uint64_t address)
{
    if (what != ARCH_SET_FS)
        return -EINVAL;
    write_register(0xc0000100, address);
    return 0;
}

/* Memory comes from the heap alone, and there are no other threads. */
int64_t
serve(uint64_t a, uint64_t b, uint64_t c, uint64_t number)
{
    switch (number) {
    case SYS_write:
        return write_out(a, (const char *)b, c);
    case SYS_fstat:
        return a < 3 ? file_state((void *)b) : -EBADF;
    case SYS_mmap:
        return -ENOMEM;
    case SYS_brk:
        return set_heap(a);
    case SYS_ioctl:
        return -ENOTTY;
    case SYS_writev:
        return write_parts(a, (const uint64_t *)b, c);
    case SYS_getpid:
    case SYS_gettid:
    case SYS_set_tid_address:
        return 1; /* process and thread */
    case SYS_exit:
    case SYS_exit_group:
        stop(a);
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
        stop(0x86); /* abort */
    case SYS_uname:
        return system_name((char *)a);
    case SYS_readlink:
        return -ENOENT;
    case SYS_gettimeofday:
        return tell_time((uint64_t *)a, 1000000);
    case SYS_arch_prctl:
        return set_thread(a, b);
    case SYS_sched_getaffinity:
        return *(uint64_t *)c = 1, 8; /* one processor */
    case SYS_clock_gettime:
        return tell_time((uint64_t *)b, 1000000000);
    case SYS_newfstatat:
        return *(const char *)b == 0 ? file_state((void *)c) : -ENOENT;
    case SYS_prlimit64:
        return -EINVAL;
    case SYS_getrandom:
        return give_random((uint8_t *)a, b);
    case SYS_read:
    case SYS_close:
    case SYS_mprotect:
    case SYS_munmap:
    case SYS_rt_sigaction:
    case SYS_rt_sigprocmask:
    case SYS_sched_yield:
    case SYS_madvise:
    case SYS_nanosleep:
    case SYS_sigaltstack:
    case SYS_futex:
    case SYS_sched_setaffinity:
    case SYS_clock_nanosleep:
    case SYS_set_robust_list:
        return 0; /* nothing to do */
    default:
        return -ENOSYS;
    }
}
