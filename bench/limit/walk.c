/* Walking trees by descriptor: one openat a directory, one fstatat an entry. */
#include "limit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAMES (32 * 1024)
#define CHUNK (1024 * 1024)

struct entry {
  unsigned long inode;
  long offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

typedef long long (*visit)(int dir, struct entry *entry, void *with);

static int is_dot(const char *name) {
  return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

/* Calls a function for each entry of an open directory and adds up what it says. */
static long long each(int dir, visit call, void *with) {
  char *names = malloc(NAMES);
  long long sum = 0;
  long length;
  while ((length = must(syscall(SYS_getdents64, dir, names, NAMES), "getdents64")) > 0) {
    for (long at = 0; at < length;) {
      struct entry *entry = (struct entry *)(names + at);
      at += entry->length;
      if (!is_dot(entry->name)) sum += call(dir, entry, with);
    }
  }
  free(names);
  return sum;
}

static int open_dir(int dir, const char *name) {
  return must(openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), name);
}

static long long read_file(int dir, const char *name, off_t size, char *buffer) {
  int file = must(openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), name);
  long long done = 0;
  while (done < size) {
    long length = must(read(file, buffer, CHUNK), name);
    if (length == 0) break;
    done += length;
  }
  close(file);
  return done;
}

/* Adds up the sizes of files; reads them if there is a buffer. */
static long long look(int dir, struct entry *entry, void *buffer) {
  struct stat stat;
  must(fstatat(dir, entry->name, &stat, AT_SYMLINK_NOFOLLOW), entry->name);
  if (S_ISDIR(stat.st_mode)) {
    int below = open_dir(dir, entry->name);
    long long sum = each(below, look, buffer);
    close(below);
    return sum;
  }
  if (!S_ISREG(stat.st_mode)) return 0;
  if (buffer == NULL) return stat.st_size;
  return read_file(dir, entry->name, stat.st_size, buffer);
}

long long walk(const char *path, enum walk what) {
  char *buffer = what == WALK_READ ? malloc(CHUNK) : NULL;
  int dir = open_dir(AT_FDCWD, path);
  long long sum = each(dir, look, buffer);
  close(dir);
  free(buffer);
  return sum;
}

/* Counts the entries that are there below as well. */
static long long look_below(int dir, struct entry *entry, void *with) {
  int below = *(int *)with;
  struct stat upper, lower;
  must(fstatat(dir, entry->name, &upper, AT_SYMLINK_NOFOLLOW), entry->name);
  long long found = below >= 0 && fstatat(below, entry->name, &lower, AT_SYMLINK_NOFOLLOW) == 0;
  if (!S_ISDIR(upper.st_mode)) return found;
  int under = found ? openat(below, entry->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
  int over = open_dir(dir, entry->name);
  found += each(over, look_below, &under);
  close(over);
  if (under >= 0) close(under);
  return found;
}

long long compare(const char *upper, const char *below) {
  int over = open_dir(AT_FDCWD, upper);
  int under = open_dir(AT_FDCWD, below);
  long long found = each(over, look_below, &under);
  close(over);
  close(under);
  return found;
}
