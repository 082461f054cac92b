/* The bare system calls of the driver's works, and nothing else: how fast they
 * could be. Takes one work a line from standard input, its words apart by one
 * blank, and answers each with the time it took, in microseconds:
 *
 *   unpack THREADS ARCHIVE DIR
 *   stat DIR
 *   read DIR
 *   compare UPPER BELOW
 *   create-remove TIMES HOME PARENT
 *   mount TIMES HOME ID
 */
#include "limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define WORDS 4

long must(long result, const char *what) {
  if (result >= 0) return result;
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  must(clock_gettime(CLOCK_MONOTONIC, &time), "clock_gettime");
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int is(const char *word, const char *name, int words, int needed) {
  return words == needed && strcmp(word, name) == 0;
}

static long long run(char *word[], int words) {
  if (is(word[0], "unpack", words, 4)) {
    unpack(word[2], word[3], atoi(word[1]));
    return 0;
  }
  if (is(word[0], "stat", words, 2)) return walk(word[1], WALK_STAT);
  if (is(word[0], "read", words, 2)) return walk(word[1], WALK_READ);
  if (is(word[0], "compare", words, 3)) return compare(word[1], word[2]);
  if (is(word[0], "create-remove", words, 4)) {
    create_remove(word[2], word[3], atoi(word[1]));
    return 0;
  }
  if (is(word[0], "mount", words, 4)) {
    mount_unmount(word[2], word[3], atoi(word[1]));
    return 0;
  }
  fprintf(stderr, "limit: unknown work %s\n", word[0]);
  exit(2);
}

int main(void) {
  char *line = NULL;
  size_t room = 0;
  umask(0);
  while (getline(&line, &room, stdin) > 0) {
    char *word[WORDS];
    int words = 0;
    for (char *w = strtok(line, " \n"); w && words < WORDS; w = strtok(NULL, " \n")) word[words++] = w;
    if (words == 0) continue;
    double start = now();
    long long sum = run(word, words);
    printf("%.1f %lld\n", now() - start, sum);
    fflush(stdout);
  }
  free(line);
  return 0;
}
