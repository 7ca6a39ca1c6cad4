/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * file - the one full read, the one full write, the one atomic file
 *
 * Everything here retries EINTR and short transfers. Errors: those of
 * pup_error_set_errno(), with the path in the message.
 *
 * Threads: any; two writers of one path: the last rename wins, each file whole.
 */
#pragma once

#include <glib.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Open the regular file @path to read, without ever waiting for somebody: what is none (a
 * pipe, a folder, a socket, a device) is refused with INVALID. *@size_bytes may be NULL.
 * New descriptor, -1 on error. */
int pup_file_open(const char *path, guint64 *size_bytes, GError **error);

/* Refuse @path, with INVALID, when it is neither a regular file nor a block device: a
 * program that is given a pipe waits for ever. What cannot be looked at passes, as
 * whoever opens it says more of it. */
gboolean pup_file_check_disk(const char *path, GError **error);

/* Read all of the regular file @path, refused with INVALID when it is none or larger than
 * @max_bytes. Returns a new GBytes, or NULL. */
GBytes *pup_file_read(const char *path, size_t max_bytes, GError **error);

/* TRUE when @a and @b are of one file that nobody wrote to in between: its inode, size
 * and time of the last write are the same. */
gboolean pup_file_is_same(const struct stat *a, const struct stat *b);

/* Read exactly @len bytes at @offset of @fd into @buf. End of file before that is
 * CORRUPT.
 * @what names the object in messages. */
gboolean pup_file_pread(int fd, void *buf, size_t len, off_t offset, const char *what,
                        GError **error);

/* Write exactly @len bytes to @fd at @offset. */
gboolean pup_file_pwrite(int fd, const void *buf, size_t len, off_t offset,
                         const char *what, GError **error);

/* Write exactly @len bytes to @fd at its position. */
gboolean pup_file_write(int fd, const void *buf, size_t len, const char *what,
                        GError **error);

/* Put @len bytes of @data into place as @path with @mode: temporary file beside it,
 * fsync, rename, fsync of the folder. On failure the old file is untouched and the
 * temporary file is gone. */
gboolean pup_file_replace(const char *path, const void *data, size_t len, mode_t mode,
                          GError **error);

/* fsync the folder @path, so that renames in it survive a power cut. */
gboolean pup_file_sync_dir(const char *path, GError **error);

/* Remove the file or folder @path and all in it, as far as that can be; links are not
 * followed. One that is not there is fine. */
void pup_file_remove_tree(const char *path);

/* Names in the folder @path, sorted by their bytes, without "." and ".."; g_strfreev(). A
 * folder that is missing has none. NULL, never a part of them, where it cannot be read to
 * its end: what is not named may be removed by who asks. */
char **pup_file_list(const char *path, GError **error);

/* Make the folder @path and its parents (0755). Existing ones are fine. */
gboolean pup_file_make_dir(const char *path, GError **error);
