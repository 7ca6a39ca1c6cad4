/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/workshop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/virt.h"

char *
pup_master_path(const PupWorkshop *shop, const char *name, unsigned version)
{
    g_autofree char *sub = g_strdup_printf("images/masters/%s@%u.qcow2", name, version);

    return pup_settings_path(shop->settings, sub);
}

char *
pup_room_path(const PupWorkshop *shop, const char *room)
{
    g_autofree char *sub = g_strdup_printf("images/rooms/%s.qcow2", room);

    return pup_settings_path(shop->settings, sub);
}

char *
pup_workshop_temp_path(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);

    return g_strdup_printf("%s/.%s.tmp", folder, base);
}

gboolean
pup_workshop_place(const char *temp, const char *path, unsigned mode, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(temp, O_RDONLY | O_CLOEXEC);
    gboolean synced = fd >= 0 && fchmod(fd, mode) == 0 && fsync(fd) == 0;

    if (!synced)
        pup_error_set_errno(error, errno, "cannot finish '%s'", temp);
    if (fd >= 0)
        close(fd);
    if (!synced)
        return FALSE;
    if (rename(temp, path) < 0) {
        pup_error_set_errno(error, errno, "cannot put '%s' into place", path);
        return FALSE;
    }
    return pup_file_sync_dir(folder, error);
}

gboolean
pup_workshop_check_pools(const PupWorkshop *shop, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *text = NULL;

    if (shop->dry_run || pup_virt_refresh_pools(shop->settings, &why))
        return TRUE;
    if (!g_error_matches(why, PUP_ERROR, PUP_ERROR_UNSUPPORTED)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    text =
        g_strdup_printf("virsh and virt-manager will not show masters and sub-masters: "
                        "libvirt has no storage driver (on Debian 13, the package "
                        "libvirt-daemon-driver-storage): %s",
                        why->message);
    if (shop->note)
        shop->note(text);
    return TRUE;
}

void
pup_workshop_show_pools(const PupWorkshop *shop)
{
    if (!shop->dry_run)
        pup_virt_refresh_pools(shop->settings, NULL);
}

gboolean
pup_workshop_check_key(const PupWorkshop *shop, GError **error)
{
    g_autofree char *path = NULL;

    if (shop->key)
        return TRUE;
    path = pup_settings_path(shop->settings, "keys/server.sec");
    if (access(path, F_OK) == 0)
        pup_error_set(error, PUP_ERROR_DENIED,
                      "the signing key '%s' is another user's: run the command as root",
                      path);
    else
        pup_error_set(error, PUP_ERROR_DENIED,
                      "the signing key '%s' is gone: restore it from a backup; PCs trust "
                      "no other",
                      path);
    return FALSE;
}

unsigned
pup_workshop_next_version(const PupWorkshop *shop, PupKind kind, const char *name,
                          GError **error)
{
    g_autoptr(GArray) versions = pup_store_versions(shop->store, kind, name, error);
    unsigned last, current;

    if (!versions)
        return 0;
    last = versions->len ? g_array_index(versions, unsigned, versions->len - 1) : 0;
    current = pup_store_current(shop->store, kind, name, NULL);
    return MAX(last, current) + 1;
}

gboolean
pup_workshop_has_version(const PupWorkshop *shop, PupKind kind, const char *name,
                         unsigned version)
{
    g_autoptr(GArray) versions = pup_store_versions(shop->store, kind, name, NULL);

    for (unsigned i = 0; versions && i < versions->len; i++)
        if (g_array_index(versions, unsigned, i) == version)
            return TRUE;
    return versions == NULL;
}

static gboolean
verify(const PupWorkshop *shop, GBytes *text, GBytes *signature, GError **error)
{
    g_autoptr(PupPublicKey) key = NULL;

    if (!shop->key)
        return TRUE;
    key = pup_secret_key_public(shop->key);
    return pup_verify(key, g_bytes_get_data(text, NULL), g_bytes_get_size(text),
                      g_bytes_get_data(signature, NULL), g_bytes_get_size(signature),
                      error);
}

PupManifest *
pup_workshop_manifest(const PupWorkshop *shop, PupKind kind, const char *name,
                      unsigned version, GError **error)
{
    g_autoptr(GBytes) text = NULL, signature = NULL;
    PupManifest *manifest = NULL;

    if (version == 0)
        version = pup_store_current(shop->store, kind, name, error);
    if (version == 0 ||
        !pup_store_manifest(shop->store, kind, name, version, &text, &signature, error))
        return NULL;
    if (verify(shop, text, signature, error))
        manifest = pup_manifest_parse(g_bytes_get_data(text, NULL),
                                      g_bytes_get_size(text), error);
    if (!manifest)
        g_prefix_error(error, "manifest of %s@%u: ", name, version);
    return manifest;
}

gboolean
pup_workshop_current(const PupWorkshop *shop, PupKind kind, const char *name,
                     PupManifest **manifest, GError **error)
{
    g_autoptr(GError) failed = NULL;

    *manifest = pup_workshop_manifest(shop, kind, name, 0, &failed);
    if (*manifest || g_error_matches(failed, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&failed));
    return FALSE;
}

gboolean
pup_workshop_commit(const PupWorkshop *shop, PupStoreWrite *write, PupManifest *manifest,
                    GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GBytes) text = NULL, signature = NULL;
    char *sig;

    g_free(manifest->created);
    manifest->created = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
    text = pup_manifest_format(manifest);
    sig = pup_sign(shop->key, g_bytes_get_data(text, NULL), g_bytes_get_size(text));
    signature = g_bytes_new_take(sig, strlen(sig));
    return pup_store_write_commit(write, manifest->kind, manifest->name,
                                  manifest->version, text, signature, error);
}

gboolean
pup_workshop_same_disk(const PupManifest *a, const PupManifest *b)
{
    return a->disk_bytes == b->disk_bytes && a->n_pages == b->n_pages &&
           memcmp(a->pages, b->pages, a->n_pages * sizeof *a->pages) == 0;
}

void
pup_workshop_percent(gpointer data, double percent)
{
    const PupWorkshopPercent *of = data;

    if (of->shop->progress)
        of->shop->progress(of->shop->progress_data, of->what,
                           (guint64) ((double) of->total * percent / 100.0), of->total);
}

gboolean
pup_workshop_check_space(const char *path, guint64 needed_bytes, const char *what,
                         GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    guint64 free_bytes;
    struct statvfs fs;

    if (statvfs(folder, &fs) < 0) {
        pup_error_set_errno(error, errno, "cannot look at '%s'", folder);
        return FALSE;
    }
    free_bytes = (guint64) fs.f_bavail * fs.f_frsize;
    if (needed_bytes <= free_bytes)
        return TRUE;
    pup_error_set(error, PUP_ERROR_NO_SPACE,
                  "%s %" G_GUINT64_FORMAT " MiB and '%s' has only %" G_GUINT64_FORMAT
                  " MiB left",
                  what, needed_bytes >> 20, folder, free_bytes >> 20);
    return FALSE;
}
