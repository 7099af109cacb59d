/* Stands between a process and its files (LD_PRELOAD): records what would reach the disk, and fails
 * calls on demand. Only files in FAULTS_DIR count, and of them neither `*-shm`, which is memory, nor
 * `*-queue`, which is empty. What is written to `acks*` there is recorded but never failed.
 *
 *   FAULTS_RECORD   file for the record: entries of the layout of `struct entry`, name and data
 *   FAULTS_SYNC_US  microseconds that a sync sleeps instead of syncing
 *   FAULTS_FAIL_AT  number (from 1) of the counted call that fails; FAULTS_STICKY=1: all after, too
 *   FAULTS_ERRNO    with what; 5 (EIO) where it is not given
 *   FAULTS_SPACE    bytes by which files may grow before ENOSPC
 *   FAULTS_COUNT    file to which the number of counted calls is written at the end
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define FDS 4096
struct entry { uint8_t op, name; uint64_t at, size; } __attribute__((packed));

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char names[FDS][64];
static char dir[PATH_MAX];
static size_t dir_length;
static int record = -1;
static long fail_at, calls, sync_us = -1, space = -1;
static int fail_with = EIO, sticky;
static uint64_t syncs;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);

static long number(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text ? atol(text) : otherwise;
}

static void start(void) {
    real_open = dlsym(RTLD_NEXT, "open64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_rename = dlsym(RTLD_NEXT, "rename");
    const char *place = getenv("FAULTS_DIR");
    if (!place) return;
    snprintf(dir, sizeof dir, "%s/", place);
    dir_length = strlen(dir);
    sync_us = number("FAULTS_SYNC_US", -1);
    fail_at = number("FAULTS_FAIL_AT", 0);
    fail_with = (int)number("FAULTS_ERRNO", EIO);
    sticky = (int)number("FAULTS_STICKY", 0);
    space = number("FAULTS_SPACE", -1);
    const char *path = getenv("FAULTS_RECORD");
    if (path) record = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void begin(void) { pthread_once(&once, start); }

__attribute__((destructor)) static void finish(void) {
    const char *path = getenv("FAULTS_COUNT");
    begin();
    if (!path) return;
    int fd = real_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    char text[32];
    int length = snprintf(text, sizeof text, "%ld", calls);
    if (fd >= 0 && real_write(fd, text, (size_t)length) == length) real_close(fd);
}

static int ends(const char *name, const char *end) {
    size_t a = strlen(name), b = strlen(end);
    return a >= b && strcmp(name + a - b, end) == 0;
}

/* The name in the folder, "." for the folder itself, or nothing. */
static const char *watched(const char *path) {
    begin();
    if (!dir_length || !path) return NULL;
    if (strncmp(path, dir, dir_length - 1) == 0 && path[dir_length - 1] == 0) return ".";
    if (strncmp(path, dir, dir_length) != 0) return NULL;
    const char *name = path + dir_length;
    if (strlen(name) >= 64 || ends(name, "-shm") || ends(name, "-queue")) return NULL;
    return name;
}

static const char *name_of(int fd) {
    begin();
    return fd >= 0 && fd < FDS && names[fd][0] ? names[fd] : NULL;
}

/* Under the mutex, so that the record has the order of what happened. */
static void note(char op, const char *name, uint64_t at, const void *data, uint64_t size, int has_data) {
    if (record < 0) return;
    struct entry entry = { (uint8_t)op, (uint8_t)strlen(name), at, size };
    size_t length = sizeof entry + entry.name + (has_data ? size : 0);
    char *bytes = malloc(length);
    if (!bytes) abort();
    memcpy(bytes, &entry, sizeof entry);
    memcpy(bytes + sizeof entry, name, entry.name);
    if (has_data) memcpy(bytes + sizeof entry + entry.name, data, size);
    if (real_write(record, bytes, length) != (ssize_t)length) abort();
    free(bytes);
}

static int fails(const char *name) {
    if (strncmp(name, "acks", 4) == 0) return 0;
    long call = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    if (fail_at && (call == fail_at || (sticky && call > fail_at))) {
        errno = fail_with;
        return 1;
    }
    return 0;
}

/* Whether the file may grow to `end`. */
static int is_full(int fd, const char *name, uint64_t end) {
    struct stat info;
    if (space < 0 || strncmp(name, "acks", 4) == 0 || fstat(fd, &info) != 0) return 0;
    long grows = end > (uint64_t)info.st_size ? (long)(end - (uint64_t)info.st_size) : 0;
    if (grows > space) { errno = ENOSPC; return 1; }
    space -= grows;
    return 0;
}

static int do_open(const char *path, int flags, mode_t mode) {
    const char *name = watched(path);
    if (!name) return real_open(path, flags, mode);
    int writes = (flags & O_ACCMODE) != O_RDONLY;
    if (writes && fails(name)) return -1;
    pthread_mutex_lock(&mutex);
    int is_new = (flags & O_CREAT) && access(path, F_OK) != 0;
    int fd = real_open(path, flags, mode);
    if (fd >= 0 && fd < FDS) {
        strcpy(names[fd], name);
        if (is_new) note('C', name, 0, NULL, 0, 0);
        if (flags & O_TRUNC) note('T', name, 0, NULL, 0, 0);
    }
    pthread_mutex_unlock(&mutex);
    return fd;
}

#define OPEN(symbol)                                        \
    int symbol(const char *path, int flags, ...) {          \
        mode_t mode = 0;                                    \
        if (flags & (O_CREAT | __O_TMPFILE)) {              \
            va_list rest;                                   \
            va_start(rest, flags);                          \
            mode = va_arg(rest, mode_t);                    \
            va_end(rest);                                   \
        }                                                   \
        begin();                                            \
        return do_open(path, flags, mode);                  \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    begin();
    if (fd >= 0 && fd < FDS) {
        pthread_mutex_lock(&mutex);
        names[fd][0] = 0;
        pthread_mutex_unlock(&mutex);
    }
    return real_close(fd);
}

static ssize_t do_write(int fd, const void *data, size_t size, off64_t at, int has_place) {
    const char *name = name_of(fd);
    if (!name) return has_place ? real_pwrite(fd, data, size, at) : real_write(fd, data, size);
    if (fails(name)) return -1;
    pthread_mutex_lock(&mutex);
    ssize_t written = -1;
    if (!has_place) {
        at = fcntl(fd, F_GETFL) & O_APPEND ? lseek64(fd, 0, SEEK_END) : lseek64(fd, 0, SEEK_CUR);
    }
    if (!is_full(fd, name, (uint64_t)at + size)) {
        written = has_place ? real_pwrite(fd, data, size, at) : real_write(fd, data, size);
        if (written > 0) note('W', name, (uint64_t)at, data, (uint64_t)written, 1);
    }
    pthread_mutex_unlock(&mutex);
    return written;
}

ssize_t write(int fd, const void *data, size_t size) { return do_write(fd, data, size, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return do_write(fd, data, size, at, 1); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { return do_write(fd, data, size, at, 1); }

static int do_truncate(int fd, off64_t size) {
    const char *name = name_of(fd);
    if (!name) return real_ftruncate(fd, size);
    if (fails(name)) return -1;
    pthread_mutex_lock(&mutex);
    int done = real_ftruncate(fd, size);
    if (done == 0) note('T', name, (uint64_t)size, NULL, 0, 0);
    pthread_mutex_unlock(&mutex);
    return done;
}

int ftruncate(int fd, off_t size) { return do_truncate(fd, size); }
int ftruncate64(int fd, off64_t size) { return do_truncate(fd, size); }

/* What was written before a sync began is on the disk when it has ended. */
static int do_sync(int fd, int (*real)(int)) {
    const char *known = name_of(fd);
    if (!known) return real(fd);
    char name[64];
    strcpy(name, known);
    if (fails(name)) return -1;
    pthread_mutex_lock(&mutex);
    uint64_t number = ++syncs;
    note('B', name, number, NULL, 0, 0);
    pthread_mutex_unlock(&mutex);
    int done = 0;
    if (sync_us >= 0) usleep((useconds_t)sync_us); else done = real(fd);
    pthread_mutex_lock(&mutex);
    if (done == 0) note('E', name, number, NULL, 0, 0);
    pthread_mutex_unlock(&mutex);
    return done;
}

int fsync(int fd) { begin(); return do_sync(fd, real_fsync); }
int fdatasync(int fd) { begin(); return do_sync(fd, real_fdatasync); }

int unlink(const char *path) {
    const char *name = watched(path);
    if (!name) return real_unlink(path);
    if (fails(name)) return -1;
    pthread_mutex_lock(&mutex);
    int done = real_unlink(path);
    if (done == 0) note('U', name, 0, NULL, 0, 0);
    pthread_mutex_unlock(&mutex);
    return done;
}

int rename(const char *from, const char *to) {
    const char *name = watched(from), *other = watched(to);
    if (!name || !other) return real_rename(from, to);
    if (fails(name)) return -1;
    pthread_mutex_lock(&mutex);
    int done = real_rename(from, to);
    if (done == 0) note('R', name, 0, other, strlen(other), 1);
    pthread_mutex_unlock(&mutex);
    return done;
}
