/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The end of single versions, and the pins that keep them from it. A version is there as
 * long as its manifest is, so that goes first, and its signature once that is durable.
 * The whole store's lock keeps gc and fsck from stumbling over a version that they have
 * listed; the name's lock keeps a rollback from moving to one that goes.
 *
 * The newest version never goes: its number must not be given to another.
 */
#include "config.h"
#include "server/store/dir.h"

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"

#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

#define PIN ".pin"
#define NAME_WAIT_MS 10000

static char *
pin_path(const PupDirStore *store, PupKind kind, const char *name, unsigned version)
{
    g_autofree char *folder = pup_dir_versions_path(store, kind, name);
    return g_strdup_printf("%s/%u" PIN, folder, version);
}

static gboolean
remove_file(const char *path, GError **error)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return TRUE;
    pup_error_set_errno(error, errno, "cannot remove '%s'", path);
    return FALSE;
}

/* The version that is served beside the one that the name stands at; 0: none. */
static unsigned
on_trial(PupDirStore *store, PupKind kind, const char *name)
{
    PupCanary canary = {0};
    if (kind == PUP_KIND_ROOM)
        pup_dir_canary(&store->base, name, &canary, NULL);
    return canary.version;
}

static gboolean
may_go(PupDirStore *store, PupKind kind, const char *name, unsigned version,
       unsigned current, unsigned newest)
{
    g_autofree char *pin = pin_path(store, kind, name, version);
    g_autofree char *manifest = pup_dir_manifest_path(store, kind, name, version);
    return version != current && version != newest &&
           version != on_trial(store, kind, name) && access(pin, F_OK) < 0 &&
           access(manifest, F_OK) == 0;
}

/* Those of @versions that may go; NULL on error. */
static GArray *
find_leaving(PupDirStore *store, PupKind kind, const char *name, const GArray *versions,
             GError **error)
{
    g_autoptr(GError) why = NULL;
    unsigned current = pup_dir_current(&store->base, kind, name, &why);
    /* A removal that was cut short leaves versions without a name. */
    if (why && !g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return NULL;
    }
    g_autoptr(GArray) all = pup_dir_versions(&store->base, kind, name, error);
    GArray *leaving = g_array_new(FALSE, FALSE, sizeof(unsigned));
    for (guint i = 0; all && all->len > 0 && i < versions->len; i++) {
        unsigned version = g_array_index(versions, unsigned, i);
        if (may_go(store, kind, name, version, current,
                   g_array_index(all, unsigned, all->len - 1)))
            g_array_append_val(leaving, version);
    }
    if (!all)
        g_clear_pointer(&leaving, g_array_unref);
    return leaving;
}

/* The files of @leaving that end in @suffix, durably. */
static gboolean
remove_files(PupDirStore *store, PupKind kind, const char *name, const GArray *leaving,
             const char *suffix, GError **error)
{
    g_autofree char *folder = pup_dir_versions_path(store, kind, name);
    for (guint i = 0; i < leaving->len; i++) {
        g_autofree char *path =
            pup_dir_manifest_path(store, kind, name, g_array_index(leaving, unsigned, i));
        g_autofree char *file = g_strconcat(path, suffix, NULL);
        if (!remove_file(file, error) || !pup_failpoint("version-file-removed", error))
            return FALSE;
    }
    return pup_file_sync_dir(folder, error);
}

static gboolean
retire_locked(PupDirStore *store, PupKind kind, const char *name, const GArray *versions,
              unsigned *n_gone, GError **error)
{
    g_autoptr(GArray) leaving = find_leaving(store, kind, name, versions, error);
    if (!leaving || !remove_files(store, kind, name, leaving, "", error) ||
        !pup_failpoint("versions-gone", error) ||
        !remove_files(store, kind, name, leaving, ".sig", error))
        return FALSE;
    *n_gone = leaving->len;
    return TRUE;
}

gboolean
pup_dir_remove_versions(PupStore *base, PupKind kind, const char *name,
                        const GArray *versions, unsigned *n_gone, GError **error)
{
    PupDirStore *store = (PupDirStore *) base;
    int lock = pup_dir_lock_store(store, LOCK_EX, 0, NULL, error);
    if (lock < 0)
        return FALSE;
    int fd = pup_dir_lock_name(store, kind, name, NAME_WAIT_MS, NULL, error);
    gboolean ok = fd >= 0 && retire_locked(store, kind, name, versions, n_gone, error);
    if (fd >= 0)
        close(fd);
    close(lock);
    return ok;
}

static gboolean
pin_locked(PupDirStore *store, PupKind kind, const char *name, unsigned version,
           gboolean pinned, GError **error)
{
    g_autofree char *folder = pup_dir_versions_path(store, kind, name);
    g_autofree char *path = pin_path(store, kind, name, version);
    g_autofree char *manifest = pup_dir_manifest_path(store, kind, name, version);
    if (access(manifest, F_OK) < 0) {
        pup_dir_set_no_version(error, kind, name, version);
        return FALSE;
    }
    if (pinned)
        return access(path, F_OK) == 0 || pup_file_replace(path, "", 0, 0644, error);
    return remove_file(path, error) && pup_file_sync_dir(folder, error);
}

gboolean
pup_dir_pin(PupStore *base, PupKind kind, const char *name, unsigned version,
            gboolean pinned, GError **error)
{
    PupDirStore *store = (PupDirStore *) base;
    g_autoptr(GError) why = NULL;
    int fd = pup_dir_lock_name(store, kind, name, NAME_WAIT_MS, NULL, &why);
    if (fd < 0) {
        if (g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
            pup_dir_set_no_version(&why, kind, name, version);
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    gboolean ok = pin_locked(store, kind, name, version, pinned, error);
    close(fd);
    return ok;
}

gboolean
pup_dir_is_pinned(PupStore *base, PupKind kind, const char *name, unsigned version)
{
    g_autofree char *path = pin_path((PupDirStore *) base, kind, name, version);
    return access(path, F_OK) == 0;
}
