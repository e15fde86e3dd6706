/* Loaded before a program (LD_PRELOAD), it lets one operation on the files of a folder fail, or kills there.

   An operation is what changes a disk: to create, write, cut, sync, rename, make or remove. They are counted from 1,
   and `fault_arm` says at which of them what is to happen. What that one was is written to a note. `code` is an error's
   number, or a signal's: one that is sent just before the operation, or there and at each one after it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOTHING, FAIL_ONCE, FAIL_FROM, KILL_BEFORE, KILL_HALFWAY, KILL_AFTER, SIGNAL, SIGNALS };

static char under[PATH_MAX], note[PATH_MAX];
static long count, at;
static int how, code;

void fault_arm(const char *folder, const char *note_file, long which, int manner, int error) {
    snprintf(under, sizeof under, "%s/", folder);
    snprintf(note, sizeof note, "%s", note_file);
    count = 0, at = which, how = manner, code = error;
}

long fault_count(void) { return count; }

/* The next definition of a function: libc's. */
#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

static void tell(const char *what, const char *path) {
    char line[PATH_MAX + 32];
    int length = snprintf(line, sizeof line, "%s %s", what, path), file = REAL(open)(note, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (REAL(write)(file, line, (size_t)length) != length) _exit(99);
    close(file);
}

static const char *path_at(int folder, const char *name, char *whole) {
    char link[64];
    if (name && (name[0] == '/' || folder == AT_FDCWD)) return name;
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, whole, PATH_MAX - 1);
    if (length < 0) return "";
    whole[length] = 0;
    if (name && (size_t)length + strlen(name) + 2 < PATH_MAX) strcat(strcat(whole, "/"), name);
    return whole;
}

/* Count this operation; true where it is to fail. `*half` is set where it is to be done by half and then killed,
   `*last` where it is to be done and then killed. */
static int struck(const char *what, int folder, const char *name, int *half, int *last) {
    char whole[PATH_MAX];
    *half = *last = 0;
    if (!under[0]) return 0;
    const char *path = path_at(folder, name, whole);
    if (strncmp(path, under, strlen(under)) != 0) return 0;
    count++;
    if (how == NOTHING || (how == FAIL_FROM || how == SIGNALS ? count < at : count != at)) return 0;
    if (count == at) tell(what, path);
    if (how == KILL_BEFORE) kill(getpid(), SIGKILL), pause();
    if (how == SIGNAL || how == SIGNALS) kill(getpid(), code);
    *half = how == KILL_HALFWAY, *last = how == KILL_HALFWAY || how == KILL_AFTER;
    if (how != FAIL_ONCE && how != FAIL_FROM) return 0;
    errno = code;
    return 1;
}

#define DO(what, folder, name, call)                          \
    int half, last;                                           \
    if (struck(what, folder, name, &half, &last)) return -1;  \
    __typeof__(call) done = (call);                           \
    if (last) kill(getpid(), SIGKILL), pause();               \
    return done

ssize_t write(int file, const void *bytes, size_t size) {
    DO("write", file, NULL, REAL(write)(file, bytes, half ? size / 2 : size));
}
int fsync(int file) { DO("sync", file, NULL, REAL(fsync)(file)); }
int ftruncate(int file, off_t size) { DO("cut", file, NULL, REAL(ftruncate)(file, size)); }
int ftruncate64(int file, off64_t size) { DO("cut", file, NULL, REAL(ftruncate64)(file, size)); }
int rename(const char *from, const char *to) { DO("rename", AT_FDCWD, to, REAL(rename)(from, to)); }
int unlink(const char *path) { DO("remove", AT_FDCWD, path, REAL(unlink)(path)); }
int unlinkat(int folder, const char *name, int flags) {
    DO("remove", folder, name, REAL(unlinkat)(folder, name, flags));
}
int rmdir(const char *path) { DO("remove", AT_FDCWD, path, REAL(rmdir)(path)); }
int mkdir(const char *path, mode_t mode) { DO("make", AT_FDCWD, path, REAL(mkdir)(path, mode)); }
int chmod(const char *path, mode_t mode) { DO("mode", AT_FDCWD, path, REAL(chmod)(path, mode)); }

static mode_t mode_of(int flags, va_list rest) { return flags & O_CREAT ? va_arg(rest, mode_t) : 0; }

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    if (!(flags & (O_WRONLY | O_RDWR))) return REAL(open)(path, flags, mode);
    DO("open", AT_FDCWD, path, REAL(open)(path, flags, mode));
}
int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    if (!(flags & (O_WRONLY | O_RDWR))) return REAL(open64)(path, flags, mode);
    DO("open", AT_FDCWD, path, REAL(open64)(path, flags, mode));
}
