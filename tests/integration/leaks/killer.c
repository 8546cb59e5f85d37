/* Loaded into hornero before the C library: ends the process at its n-th entry of a journal, when the
   line is written and what it announces has not begun, or what it reports has just happened. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int entries;

static int is_journal(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    return name && strcmp(name, "/journal") == 0;
}

int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    const char *at = getenv("KILL_AT");
    if (at && is_journal(fd) && atomic_fetch_add(&entries, 1) + 1 == atoi(at)) {
        kill(getpid(), SIGKILL);
        pause();
    }
    return real(fd);
}
