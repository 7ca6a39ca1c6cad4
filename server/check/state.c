/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A state folder is chosen once, and what is wrong with the choice would otherwise be
 * told months later by a publish. Paths go into configuration files, libvirt's XML, JSON
 * and messages: control characters and bytes that are no UTF-8 cannot go there.
 */
#include "server/check/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/template.h"
#include "lib/text.h"

#define PROBE ".probe."
#define PROBE_BYTES 4096u
#define PROBE_MAX_S 60
/* Behind it images/rooms/.NAME.edit.qcow2.tmp and the like have to fit into PATH_MAX. */
#define STATE_DIR_MAX_BYTES 3500u

static gboolean
check_text(const char *dir, GError **error)
{
    g_autofree char *shown = pup_text_escape(dir);

    if (!g_path_is_absolute(dir))
        pup_error_set(error, PUP_ERROR_INVALID,
                      "the state folder '%s' is no absolute path", shown);
    else if (!g_utf8_validate(dir, -1, NULL) || !pup_escape_accepts(PUP_ESCAPE_CONF, dir))
        pup_error_set(error, PUP_ERROR_INVALID,
                      "the state folder '%s' holds characters that configuration files "
                      "cannot carry: choose a path without them",
                      shown);
    else if (strlen(dir) > STATE_DIR_MAX_BYTES)
        pup_error_set(error, PUP_ERROR_INVALID,
                      "the path of the state folder has more than %u bytes",
                      STATE_DIR_MAX_BYTES);
    else
        return TRUE;
    return FALSE;
}

/* The folder @dir itself, or the next one above it that is there; new string. */
static char *
there_of(const char *dir)
{
    char *path = g_strdup(dir);

    while (access(path, F_OK) < 0 && strcmp(path, "/") != 0) {
        char *above = g_path_get_dirname(path);
        g_free(path);
        path = above;
    }
    return path;
}

/* What init or a restored backup leaves. */
static gboolean
is_ours(const char *dir)
{
    static const char *const ours[] = {"store", "images", "keys", "client-image",
                                       "catalog.db"};

    for (unsigned i = 0; i < G_N_ELEMENTS(ours); i++) {
        g_autofree char *path = g_build_filename(dir, ours[i], NULL);
        if (access(path, F_OK) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
check_empty_or_ours(const char *dir, GError **error)
{
    g_autoptr(GDir) entries = g_dir_open(dir, 0, NULL);
    const char *entry;

    if (!entries || is_ours(dir))
        return TRUE;
    while ((entry = g_dir_read_name(entries))) {
        if (strcmp(entry, "lost+found") == 0 || g_str_has_prefix(entry, PROBE))
            continue;
        pup_error_set(error, PUP_ERROR_EXISTS,
                      "the folder '%s' holds something else ('%s'): choose an empty one, "
                      "or a new one in it",
                      dir, entry);
        return FALSE;
    }
    return TRUE;
}

gboolean
pup_state_check_path(const char *dir, GError **error)
{
    g_autofree char *there = NULL;
    struct stat st;

    if (!check_text(dir, error))
        return FALSE;
    there = there_of(dir);
    if (stat(there, &st) < 0)
        pup_error_set_errno(error, errno, "cannot look at '%s'", there);
    else if (!S_ISDIR(st.st_mode))
        pup_error_set(error, PUP_ERROR_INVALID,
                      "the state folder cannot be '%s': '%s' is no folder", dir, there);
    else if (access(there, W_OK | X_OK) < 0)
        pup_error_set_errno(error, errno, "the state folder cannot be '%s': '%s'", dir,
                            there);
    else
        return strcmp(there, dir) != 0 || check_empty_or_ours(dir, error);
    return FALSE;
}

static gboolean
cannot(GError **error, int problem, const char *what, const char *dir)
{
    if (problem == ENOSPC || problem == EDQUOT || problem == EACCES || problem == EROFS)
        pup_error_set_errno(error, problem, "cannot %s in '%s'", what, dir);
    else
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "the file system of '%s' cannot %s (%s): put the state folder on a "
                      "local disk",
                      dir, what, g_strerror(problem));
    return FALSE;
}

/* A second descriptor must be kept out, as another process would be. */
static gboolean
probe_lock(int fd, const char *path, const char *dir, GError **error)
{
    int other = open(path, O_RDWR | O_CLOEXEC);
    gboolean locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
    int problem = locked ? EBUSY : errno;
    gboolean kept_out = locked && other >= 0 && flock(other, LOCK_EX | LOCK_NB) < 0 &&
                        errno == EWOULDBLOCK;

    if (other >= 0)
        close(other);
    return kept_out || cannot(error, problem, "lock files", dir);
}

static gboolean
probe_file(int fd, const char *path, const char *moved, const char *dir, GError **error)
{
    static const guint8 bytes[PROBE_BYTES];

    if (!pup_file_write(fd, bytes, sizeof bytes, path, error) ||
        !probe_lock(fd, path, dir, error))
        return FALSE;
    if (fsync(fd) < 0)
        return cannot(error, errno, "sync files", dir);
    if (link(path, moved) < 0 || unlink(moved) < 0)
        return cannot(error, errno, "link files", dir);
    if (rename(path, moved) < 0)
        return cannot(error, errno, "rename files", dir);
    return pup_file_sync_dir(dir, error);
}

/* What a probe that was killed left. Another one may be under way: it takes no minute. */
static void
sweep_probes(const char *dir)
{
    g_auto(GStrv) entries = pup_file_list(dir, NULL);

    for (char **entry = entries; entry && *entry; entry++) {
        g_autofree char *path = g_build_filename(dir, *entry, NULL);
        struct stat st;

        if (g_str_has_prefix(*entry, PROBE) && lstat(path, &st) == 0 &&
            S_ISREG(st.st_mode) &&
            st.st_mtime < g_get_real_time() / G_USEC_PER_SEC - PROBE_MAX_S)
            unlink(path);
    }
}

gboolean
pup_state_probe(const char *dir, GError **error)
{
    g_autofree char *path = g_build_filename(dir, PROBE "XXXXXX", NULL), *moved = NULL;
    gboolean good;
    int fd;

    sweep_probes(dir);
    fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot(error, errno, "make files", dir);
    moved = g_strconcat(path, ".moved", NULL);
    good = probe_file(fd, path, moved, dir, error);
    close(fd);
    unlink(path);
    unlink(moved);
    return good;
}
