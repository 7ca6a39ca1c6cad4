/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A room's canary: a file beside its name, replaced as that is, with the version and the
 * seat in one, so that neither is ever without the other. It is read without a lock and
 * counts only as long as the name stands elsewhere: a crash between the move of the name
 * and the end of the trial leaves a file that nobody heeds, and that goes before the name
 * moves on.
 */
#include "config.h"
#include "server/store/dir.h"

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "lib/ident.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define NAME_WAIT_MS 10000
/* "4294967295 52:54:00:00:00:01\n" */
#define CANARY_FILE_MAX 29

static char *
canary_path(const PupDirStore *store, const char *room)
{
    return g_build_filename(store->path, PUP_DIR_CANARIES, room, NULL);
}

static gboolean
parse(const char *path, GBytes *bytes, PupCanary *canary, GError **error)
{
    size_t len;
    const char *data = g_bytes_get_data(bytes, &len);
    g_autofree char *text = g_strndup(data, len);
    g_auto(GStrv) words = g_strsplit(text, " ", 2);
    char *end = words[0] && words[1] ? strchr(words[1], '\n') : NULL;
    if (end && end[1] == '\0') {
        *end = '\0';
        g_autofree char *mac = pup_mac_parse(words[1], NULL);
        canary->version = pup_dir_parse_version(words[0], strlen(words[0]));
        g_strlcpy(canary->seat, mac ? mac : "", sizeof canary->seat);
        if (canary->version > 0 && mac)
            return TRUE;
    }
    pup_error_set(error, PUP_ERROR_CORRUPT,
                  "'%s' does not hold a version and a seat; roll the canary back", path);
    return FALSE;
}

/* What the file says; version 0 where there is none. */
static gboolean
read_canary(PupDirStore *store, const char *room, PupCanary *canary, GError **error)
{
    g_autofree char *path = canary_path(store, room);
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) bytes = pup_file_read(path, CANARY_FILE_MAX, &why);
    if (bytes)
        return parse(path, bytes, canary, error);
    if (g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        return TRUE;
    if (g_error_matches(why, PUP_ERROR, PUP_ERROR_INVALID))
        why->code = PUP_ERROR_CORRUPT;
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

gboolean
pup_dir_canary(PupStore *base, const char *room, PupCanary *canary, GError **error)
{
    PupDirStore *store = (PupDirStore *) base;
    PupCanary found = {0};
    if (!read_canary(store, room, &found, error))
        return FALSE;
    if (found.version > 0) {
        g_autofree char *manifest =
            pup_dir_manifest_path(store, PUP_KIND_ROOM, room, found.version);
        /* In this order: the name moves before the trial ends. */
        if (found.version == pup_dir_current(base, PUP_KIND_ROOM, room, NULL)) {
            found = (PupCanary){0};
        } else if (access(manifest, F_OK) < 0) {
            pup_error_set(error, PUP_ERROR_CORRUPT,
                          "version %u of room '%s' is on trial, and is not there; roll "
                          "the canary back",
                          found.version, room);
            return FALSE;
        }
    }
    *canary = found;
    return TRUE;
}

gboolean
pup_dir_put_canary(const PupDirStore *store, const char *room, const PupCanary *canary,
                   GError **error)
{
    g_autofree char *path = canary_path(store, room);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *text = g_strdup_printf("%u %s\n", canary->version, canary->seat);
    /* A store that an older Pupitre made has no such folder. */
    if (access(folder, F_OK) < 0 &&
        (!pup_file_make_dir(folder, error) || !pup_file_sync_dir(store->path, error)))
        return FALSE;
    return pup_file_replace(path, text, strlen(text), 0644, error);
}

gboolean
pup_dir_drop_canary(const PupDirStore *store, const char *room, GError **error)
{
    g_autofree char *path = canary_path(store, room);
    g_autofree char *folder = g_path_get_dirname(path);
    if (unlink(path) == 0)
        return pup_file_sync_dir(folder, error) && pup_failpoint("canary-gone", error);
    if (errno == ENOENT)
        return TRUE;
    pup_error_set_errno(error, errno, "cannot remove '%s'", path);
    return FALSE;
}

gboolean
pup_dir_end_trial_of(PupDirStore *store, const char *room, unsigned version,
                     GError **error)
{
    PupCanary canary = {0};
    /* One that cannot be read stays for fsck to tell. */
    return !read_canary(store, room, &canary, NULL) || canary.version != version ||
           pup_dir_drop_canary(store, room, error);
}

static gboolean
set_locked(PupDirStore *store, const char *room, const PupCanary *canary, GError **error)
{
    g_autofree char *manifest = NULL;
    if (canary->version == 0)
        return pup_dir_drop_canary(store, room, error);
    manifest = pup_dir_manifest_path(store, PUP_KIND_ROOM, room, canary->version);
    if (access(manifest, F_OK) == 0)
        return pup_dir_put_canary(store, room, canary, error);
    pup_dir_set_no_version(error, PUP_KIND_ROOM, room, canary->version);
    return FALSE;
}

gboolean
pup_dir_set_canary(PupStore *base, const char *room, const PupCanary *canary,
                   GError **error)
{
    PupDirStore *store = (PupDirStore *) base;
    int fd = pup_dir_lock_name(store, PUP_KIND_ROOM, room, NAME_WAIT_MS, NULL, error);
    gboolean ok = fd >= 0 && set_locked(store, room, canary, error);
    if (fd >= 0)
        close(fd);
    return ok;
}
