/* Preloaded, makes the n-th system call on files below a folder fail, or kills the process there.

   fault_arm("write", 2, ENOSPC): the second write fails. "any" counts all calls; an error of -1
   kills before the call is made. fault_disarm() tells whether it came to that. */
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
#include <sys/types.h>
#include <unistd.h>

static char under[PATH_MAX], wanted[32];
static int left, code, fired;

void fault_arm(const char *folder, const char *call, int nth, int error) {
  snprintf(under, sizeof under, "%s", folder);
  snprintf(wanted, sizeof wanted, "%s", call);
  left = nth;
  code = error;
  fired = 0;
}

int fault_disarm(void) {
  left = 0;
  return fired;
}

static int hit_path(const char *call, const char *path) {
  if (left == 0 || strncmp(path, under, strlen(under)) != 0) return 0;
  if (strcmp(wanted, "any") != 0 && strcmp(wanted, call) != 0) return 0;
  if (--left != 0) return 0;
  fired = 1;
  if (code == -1) kill(getpid(), SIGKILL);
  errno = code;
  return 1;
}

static int hit_fd(const char *call, int fd) {
  char link[64], path[PATH_MAX];
  if (left == 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  return hit_path(call, path);
}

#define NEXT(result, name, ...) ((result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

ssize_t write(int fd, const void *data, size_t size) {
  if (hit_fd("write", fd)) return -1;
  return NEXT(ssize_t, "write", int, const void *, size_t)(fd, data, size);
}

int fsync(int fd) {
  if (hit_fd("fsync", fd)) return -1;
  return NEXT(int, "fsync", int)(fd);
}

int futimens(int fd, const struct timespec times[2]) {
  if (hit_fd("utime", fd)) return -1;
  return NEXT(int, "futimens", int, const struct timespec *)(fd, times);
}

int chmod(const char *path, mode_t mode) {
  if (hit_path("chmod", path)) return -1;
  return NEXT(int, "chmod", const char *, mode_t)(path, mode);
}

int link(const char *from, const char *to) {
  if (hit_path("link", to)) return -1;
  return NEXT(int, "link", const char *, const char *)(from, to);
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
  if (hit_path("link", to)) return -1;
  return NEXT(int, "linkat", int, const char *, int, const char *, int)(a, from, b, to, flags);
}

int rename(const char *from, const char *to) {
  if (hit_path("rename", to)) return -1;
  return NEXT(int, "rename", const char *, const char *)(from, to);
}

int unlink(const char *path) {
  if (hit_path("unlink", path)) return -1;
  return NEXT(int, "unlink", const char *)(path);
}

int open64(const char *path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(more, mode_t) : 0;
  va_end(more);
  /* Of reading nothing is lost. */
  if ((flags & (O_WRONLY | O_RDWR)) && hit_path("open", path)) return -1;
  return NEXT(int, "open64", const char *, int, ...)(path, flags, mode);
}
