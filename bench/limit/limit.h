/* What the parts of this program share: the works, and how they fail. */
#ifndef LIMIT_H
#define LIMIT_H

#define _GNU_SOURCE
#include <stddef.h>
#include <sys/types.h>

/* Bytes of content that are read and written at once. */
#define BLOCK (256 * 1024)

/* Ends the program with what the kernel said if a call failed. */
long must(long result, const char *what);

/* Makes the files of an archive in a directory that is empty; more than one
 * thread only for an archive that is a regular file. */
void unpack(const char *archive, const char *dir, int threads);

/* What walking a tree shall do besides one stat an entry. */
enum walk { WALK_STAT, WALK_READ };

/* Walks a tree; adds up sizes, so that no call is for nothing. */
long long walk(const char *dir, enum walk what);

/* Walks an upper tree and looks each entry up in the tree below it. */
long long compare(const char *upper, const char *below);

/* Makes and removes a layer on a parent, as it lies in a home. */
void create_remove(const char *home, const char *parent, int times);

/* Mounts a layer of a home and unmounts it, by one lowerdir+ a layer below. */
void mount_unmount(const char *home, const char *id, int times);

#endif
