/* Unpacking an archive: openat, write, fchown and futimens for each file, from
 * a file by one or more threads, from a pipe by one. */
#include "limit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define RECORD 512
#define MOST_THREADS 16
#define PIPE_SIZE (1024 * 1024)

struct header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, target[100];
  char magic[8], owner[32], group[32], major[8], minor[8], prefix[155], pad[12];
};

struct entry {
  char *name, *target, type;
  int mode, uid, gid, group;
  dev_t device;
  long long mtime, size;
  off_t content;
};

static struct entry *entries;
static int count, room;
static int root, archive, threads;

static long long number(const char *text, int length) {
  long long value = 0;
  if (*text & 0x80) {
    for (int i = 1; i < length; i++) value = value * 256 + (unsigned char)text[i];
    return value;
  }
  for (int i = 0; i < length && text[i] == ' '; i++) text++, length--;
  for (int i = 0; i < length && text[i] >= '0' && text[i] <= '7'; i++) value = value * 8 + text[i] - '0';
  return value;
}

static char *joined(const struct header *h) {
  int has_prefix = h->prefix[0] && memcmp(h->magic, "ustar\0", 6) == 0;
  char *name = malloc(sizeof h->prefix + sizeof h->name + 2);
  sprintf(name, "%.155s%s%.100s", has_prefix ? h->prefix : "", has_prefix ? "/" : "", h->name);
  return name;
}

static void decode(const struct header *h, struct entry *e) {
  e->type = h->type ? h->type : '0';
  e->mode = number(h->mode, sizeof h->mode) & 07777;
  e->uid = number(h->uid, sizeof h->uid);
  e->gid = number(h->gid, sizeof h->gid);
  e->size = number(h->size, sizeof h->size);
  e->mtime = number(h->mtime, sizeof h->mtime);
  e->device = makedev(number(h->major, 8), number(h->minor, 8));
}

/* Directory that is open, so that a file's path is not walked for each. */
struct place {
  int fd;
  char *path;
};

static int place_of(struct place *place, const char *name, const char **base) {
  const char *slash = strrchr(name, '/');
  *base = slash ? slash + 1 : name;
  if (slash == NULL) return root;
  size_t length = slash - name;
  if (place->path && strncmp(place->path, name, length) == 0 && place->path[length] == 0) return place->fd;
  if (place->path) close(place->fd);
  free(place->path);
  place->path = strndup(name, length);
  return place->fd = must(openat(root, place->path, O_PATH | O_DIRECTORY | O_CLOEXEC), place->path);
}

static void leave(struct place *place) {
  if (place->path) close(place->fd);
  free(place->path);
}

static int open_file(struct place *place, const struct entry *e) {
  const char *base;
  int dir = place_of(place, e->name, &base);
  return must(openat(dir, base, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, e->mode), e->name);
}

static void close_file(int file, const struct entry *e) {
  struct timespec times[2] = {{e->mtime, 0}, {e->mtime, 0}};
  must(fchown(file, e->uid, e->gid), e->name);
  if (e->mode & 06000) must(fchmod(file, e->mode), e->name);
  must(futimens(file, times), e->name);
  close(file);
}

static void make_dir(const struct entry *e) {
  must(mkdirat(root, e->name, e->mode), e->name);
  must(fchownat(root, e->name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW), e->name);
}

static void date(const struct entry *e) {
  struct timespec times[2] = {{e->mtime, 0}, {e->mtime, 0}};
  must(utimensat(root, e->name, times, AT_SYMLINK_NOFOLLOW), e->name);
}

/* Makes what is neither a file nor a directory. */
static void make_other(const struct entry *e) {
  if (e->type == '1') {
    must(linkat(root, e->target, root, e->name, 0), e->name);
    return;
  }
  if (e->type == '2') {
    must(symlinkat(e->target, root, e->name), e->name);
  } else {
    mode_t type = e->type == '3' ? S_IFCHR : e->type == '4' ? S_IFBLK : S_IFIFO;
    must(mknodat(root, e->name, type | e->mode, e->device), e->name);
  }
  must(fchownat(root, e->name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW), e->name);
  date(e);
}

static void copy_content(int file, const struct entry *e, char *buffer) {
  for (long long done = 0; done < e->size;) {
    long long left = e->size - done;
    long length = must(pread(archive, buffer, left < BLOCK ? left : BLOCK, e->content + done), e->name);
    if (length == 0) exit(1);
    must(write(file, buffer, length), e->name);
    done += length;
  }
}

/* Makes the files of every so many'th directory. */
static void *make_files(void *argument) {
  int mine = (int)(long)argument;
  char *buffer = malloc(BLOCK);
  struct place place = {0};
  for (int i = 0; i < count; i++) {
    const struct entry *e = &entries[i];
    if (e->type != '0' || e->group % threads != mine) continue;
    int file = open_file(&place, e);
    copy_content(file, e, buffer);
    close_file(file, e);
  }
  leave(&place);
  free(buffer);
  return NULL;
}

static void run_threads(void) {
  pthread_t others[MOST_THREADS];
  for (long i = 1; i < threads; i++) must(-pthread_create(&others[i], NULL, make_files, (void *)i), "pthread_create");
  make_files(NULL);
  for (int i = 1; i < threads; i++) pthread_join(others[i], NULL);
}

static struct entry *add(void) {
  if (count == room) entries = realloc(entries, (room = room ? room * 2 : 1024) * sizeof *entries);
  memset(&entries[count], 0, sizeof *entries);
  return &entries[count++];
}

static char *without_slash(char *name) {
  while (strncmp(name, "./", 2) == 0) name += 2;
  size_t length = strlen(name);
  if (length > 0 && name[length - 1] == '/') name[length - 1] = 0;
  return name;
}

/* Lists what a mapped archive holds and makes the directories. */
static void read_headers(const char *map, off_t size) {
  char *long_name = NULL, *long_target = NULL;
  int group = 0;
  for (off_t at = 0; at + RECORD <= size && map[at];) {
    const struct header *h = (const struct header *)(map + at);
    struct entry read = {0};
    decode(h, &read);
    read.content = at + RECORD;
    at += RECORD + (read.size + RECORD - 1) / RECORD * RECORD;
    if (read.type == 'L') long_name = strndup(map + read.content, read.size);
    if (read.type == 'K') long_target = strndup(map + read.content, read.size);
    if (read.type == 'L' || read.type == 'K') continue;
    read.name = without_slash(long_name ? long_name : joined(h));
    char *target = long_target ? long_target : strndup(h->target, sizeof h->target);
    read.target = read.type == '1' ? without_slash(target) : target;
    long_name = long_target = NULL;
    if (read.name[0] == 0) continue;
    struct entry *e = add();
    *e = read;
    if (e->type == '5') make_dir(e), group++;
    e->group = group ? group : count;
  }
}

static void unpack_file(off_t size) {
  char *map = mmap(NULL, size, PROT_READ, MAP_SHARED, archive, 0);
  count = 0;
  read_headers(map, size);
  run_threads();
  for (int i = 0; i < count; i++) {
    if (entries[i].type != '0' && entries[i].type != '5') make_other(&entries[i]);
  }
  for (int i = count - 1; i >= 0; i--) {
    if (entries[i].type == '5') date(&entries[i]);
  }
  munmap(map, size);
}

/* Bytes of a pipe that have been read and not yet used. */
struct pipe {
  char *buffer;
  long start, end;
};

static long fill(struct pipe *pipe) {
  if (pipe->start == pipe->end) {
    pipe->start = 0;
    pipe->end = must(read(archive, pipe->buffer, BLOCK), "pipe");
  }
  return pipe->end - pipe->start;
}

static void take(struct pipe *pipe, char *to, long length) {
  while (length > 0) {
    long part = fill(pipe);
    if (part == 0) exit(1);
    if (part > length) part = length;
    memcpy(to, pipe->buffer + pipe->start, part);
    pipe->start += part;
    to += part;
    length -= part;
  }
}

static void drain(struct pipe *pipe, int file, long long length) {
  while (length > 0) {
    long part = fill(pipe);
    if (part == 0) exit(1);
    if (part > length) part = length;
    if (file >= 0) must(write(file, pipe->buffer + pipe->start, part), "write");
    pipe->start += part;
    length -= part;
  }
}

/* Unpacks files and directories; large files are what a pipe is timed with. */
static void unpack_pipe(void) {
  struct pipe pipe = {malloc(BLOCK), 0, 0};
  struct place place = {0};
  struct header h;
  fcntl(archive, F_SETPIPE_SZ, PIPE_SIZE);
  for (;;) {
    struct entry e = {0};
    take(&pipe, (char *)&h, RECORD);
    if (h.name[0] == 0) break;
    decode(&h, &e);
    e.name = without_slash(joined(&h));
    if (e.type == '5') make_dir(&e);
    if (e.type == '0') {
      int file = open_file(&place, &e);
      drain(&pipe, file, e.size);
      close_file(file, &e);
      drain(&pipe, -1, (RECORD - e.size % RECORD) % RECORD);
    }
  }
  while (fill(&pipe) > 0) pipe.start = pipe.end;
  leave(&place);
  free(pipe.buffer);
}

void unpack(const char *path, const char *dir, int how_many) {
  struct stat stat;
  threads = how_many;
  must(mkdir(dir, 0755), dir);
  root = must(open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), dir);
  archive = must(open(path, O_RDONLY | O_CLOEXEC), path);
  must(fstat(archive, &stat), path);
  if (S_ISREG(stat.st_mode)) unpack_file(stat.st_size);
  else unpack_pipe();
  close(archive);
  close(root);
}
