/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A publish. What it holds shared, the store's lock, keeps gc away from the chunks that
 * pup_dir_write_has() has promised; that is why the packs are looked at anew once the
 * lock is there. The version's folder is locked from before the pack becomes visible
 * until the name has moved (or the canary is set): of two that publish one version, the
 * second stops before it leaves anything behind.
 */
#include "config.h"
#include "server/store/dir.h"

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"

#include <sys/file.h>
#include <unistd.h>

typedef struct {
    PupStoreWrite base;
    PupDirStore *store;
    GCancellable *cancellable;
    int lock;
    PupPackSet *packs; /* as of the beginning: none of these can go */
    PupPackWriter *pack;
} DirWrite;

PupStoreWrite *
pup_dir_begin(PupStore *base, GCancellable *cancellable, GError **error)
{
    PupDirStore *store = (PupDirStore *) base;
    int lock = pup_dir_lock_store(store, LOCK_SH, -1, cancellable, error);
    if (lock < 0)
        return NULL;
    if (!pup_dir_refresh(store, TRUE, error) || !pup_failpoint("write-begun", error)) {
        close(lock);
        return NULL;
    }
    DirWrite *write = g_new0(DirWrite, 1);
    write->store = store;
    write->cancellable = cancellable ? g_object_ref(cancellable) : NULL;
    write->lock = lock;
    write->packs = pup_dir_packs(store);
    write->pack = pup_pack_writer_new(store->packs);
    return &write->base;
}

gboolean
pup_dir_write_has(PupStoreWrite *base, const PupName *name)
{
    DirWrite *write = (DirWrite *) base;
    PupPlace place;
    return pup_pack_set_find(write->packs, name, &place) ||
           pup_pack_writer_has(write->pack, name);
}

gboolean
pup_dir_write_put(PupStoreWrite *base, const PupName *name, const guint8 *encoded,
                  size_t len, GError **error)
{
    DirWrite *write = (DirWrite *) base;
    return pup_pack_writer_put(write->pack, name, encoded, len, error);
}

guint64
pup_dir_write_bytes(const PupStoreWrite *base)
{
    return pup_pack_writer_bytes(((const DirWrite *) base)->pack);
}

static gboolean
write_bytes(const char *path, GBytes *bytes, GError **error)
{
    return pup_file_replace(path, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                            0644, error);
}

/* The manifest's file is what makes the version exist, so its signature is there first.
 */
static gboolean
add_version(DirWrite *write, const char *path, GBytes *manifest, GBytes *signature,
            GError **error)
{
    g_autofree char *sig_path = g_strconcat(path, ".sig", NULL);
    return pup_pack_writer_finish(write->pack, error) &&
           write_bytes(sig_path, signature, error) &&
           pup_failpoint("signature-in-place", error) &&
           write_bytes(path, manifest, error) &&
           pup_failpoint("manifest-in-place", error);
}

/* Let what was added be served: to all of the room, or to the seat that tries it out. */
static gboolean
show_version(DirWrite *write, PupKind kind, const char *name, unsigned version,
             GError **error)
{
    PupCanary canary = {.version = version};
    if (!*write->base.seat)
        return pup_dir_move_name(write->store, kind, name, version, error) &&
               pup_failpoint("name-moved", error);
    g_strlcpy(canary.seat, write->base.seat, sizeof canary.seat);
    return pup_dir_put_canary(write->store, name, &canary, error) &&
           pup_failpoint("canary-placed", error);
}

static gboolean
check_new(const char *path, const char *name, unsigned version, GError **error)
{
    if (access(path, F_OK) < 0)
        return TRUE;
    pup_error_set(error, PUP_ERROR_EXISTS,
                  "%s@%u exists: somebody else published it meanwhile", name, version);
    return FALSE;
}

gboolean
pup_dir_write_commit(PupStoreWrite *base, PupKind kind, const char *name,
                     unsigned version, GBytes *manifest, GBytes *signature,
                     GError **error)
{
    DirWrite *write = (DirWrite *) base;
    g_autofree char *path = pup_dir_manifest_path(write->store, kind, name, version);
    if (!pup_failpoint("commit-begun", error) ||
        !pup_dir_make_versions(write->store, kind, name, error))
        return FALSE;
    int lock = pup_dir_lock_name(write->store, kind, name, -1, write->cancellable, error);
    if (lock < 0)
        return FALSE;
    gboolean ok = pup_failpoint("name-locked", error) &&
                  check_new(path, name, version, error) &&
                  add_version(write, path, manifest, signature, error) &&
                  show_version(write, kind, name, version, error);
    close(lock);
    return ok;
}

gboolean
pup_dir_write_keep(PupStoreWrite *base, GError **error)
{
    return pup_pack_writer_finish(((DirWrite *) base)->pack, error);
}

void
pup_dir_write_free(PupStoreWrite *base)
{
    DirWrite *write = (DirWrite *) base;
    pup_pack_writer_free(write->pack);
    pup_pack_set_unref(write->packs);
    g_clear_object(&write->cancellable);
    close(write->lock);
    g_free(write);
}
