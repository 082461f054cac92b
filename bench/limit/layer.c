/* What making, removing and mounting a layer asks of the kernel at least. */
#include "limit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ID "limit-layer"
#define BESIDE ".limit-layer"
#define SHORT "LIMITLIMITLIMITLIMITLIMITL"
#define LINK "l/" SHORT

/* Numbers of the mount calls, for C libraries older than they. */
#define SYS_FSOPEN 430
#define SYS_FSCONFIG 431
#define SYS_FSMOUNT 432
#define SYS_MOVE_MOUNT 429
#define SET_STRING 1
#define CREATE 6
#define FROM_EMPTY_PATH 4

/* Writes a small file that is on the disk when this returns. */
static void write_file(int dir, const char *name, const char *text, int mode) {
  int file = must(openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode), name);
  must(write(file, text, strlen(text)), name);
  must(fsync(file), name);
  close(file);
}

static long read_file(int dir, const char *name, char *text, size_t room) {
  int file = must(openat(dir, name, O_RDONLY | O_CLOEXEC), name);
  long length = must(read(file, text, room - 1), name);
  text[length] = 0;
  close(file);
  return length;
}

/* Makes the layer beside its place and renames it in, so that one that exists is
 * whole; the parent's mark stays, as it would for the next child. */
static void create(const char *parent) {
  char path[16384], lower[20000] = "l/", rest[16000];
  must(mkdir(BESIDE, 0710), BESIDE);
  int dir = must(open(BESIDE, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ID);
  must(mkdirat(dir, "diff", 0755), "diff");
  must(mkdirat(dir, "work", 0700), "work");
  snprintf(path, sizeof path, "%s/committed", parent);
  if (faccessat(AT_FDCWD, path, F_OK, 0) != 0) write_file(AT_FDCWD, path, "", 0600);
  snprintf(path, sizeof path, "%s/link", parent);
  read_file(AT_FDCWD, path, lower + 2, sizeof lower - 2);
  snprintf(path, sizeof path, "%s/lower", parent);
  if (faccessat(AT_FDCWD, path, F_OK, 0) == 0) {
    read_file(AT_FDCWD, path, rest, sizeof rest);
    snprintf(path, sizeof path, ":%s", rest);
    strcat(lower, path);
  }
  write_file(dir, "link", SHORT, 0644);
  write_file(dir, "lower", lower, 0644);
  must(symlink("../" ID "/diff", LINK), LINK);
  must(rename(BESIDE, ID), ID);
  close(dir);
}

/* Takes the layer out of its place first, so that none is there in part. */
static void destroy(void) {
  char text[64];
  must(rename(ID, BESIDE), BESIDE);
  int dir = must(open(BESIDE, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ID);
  read_file(dir, "link", text, sizeof text);
  must(unlink(LINK), LINK);
  must(unlinkat(dir, "link", 0), "link");
  must(unlinkat(dir, "lower", 0), "lower");
  must(unlinkat(dir, "diff", AT_REMOVEDIR), "diff");
  must(unlinkat(dir, "work", AT_REMOVEDIR), "work");
  close(dir);
  must(rmdir(BESIDE), BESIDE);
}

void create_remove(const char *home, const char *parent, int times) {
  must(chdir(home), home);
  for (int i = 0; i < times; i++) {
    create(parent);
    destroy();
  }
  must(chdir("/"), "/");
}

static void set(int fs, const char *key, const char *value) {
  must(syscall(SYS_FSCONFIG, fs, SET_STRING, key, value, 0), value);
}

/* Mounts a layer whose list of lowers has been read into a text. */
static void mount_layer(const char *id, const char *lowers, const char *merged) {
  char path[512], *list = strdup(lowers);
  int fs = must(syscall(SYS_FSOPEN, "overlay", 1), "fsopen");
  set(fs, "source", "overlay");
  set(fs, "index", "off");
  for (char *lower = strtok(list, ":"); lower; lower = strtok(NULL, ":")) set(fs, "lowerdir+", lower);
  snprintf(path, sizeof path, "%s/diff", id);
  set(fs, "upperdir", path);
  snprintf(path, sizeof path, "%s/work", id);
  set(fs, "workdir", path);
  must(syscall(SYS_FSCONFIG, fs, CREATE, NULL, NULL, 0), "fsconfig");
  int mount = must(syscall(SYS_FSMOUNT, fs, 1, 0), "fsmount");
  must(syscall(SYS_MOVE_MOUNT, mount, "", AT_FDCWD, merged, FROM_EMPTY_PATH), "move_mount");
  close(mount);
  close(fs);
  free(list);
}

void mount_unmount(const char *home, const char *id, int times) {
  char path[512], merged[512], lowers[32768];
  must(chdir(home), home);
  snprintf(path, sizeof path, "%s/lower", id);
  snprintf(merged, sizeof merged, "%s/merged", id);
  for (int i = 0; i < times; i++) {
    read_file(AT_FDCWD, path, lowers, sizeof lowers);
    must(mkdir(merged, 0700), merged);
    mount_layer(id, lowers, merged);
    must(umount2(merged, MNT_DETACH), merged);
    must(rmdir(merged), merged);
  }
  must(chdir("/"), "/");
}
