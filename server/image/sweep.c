/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a killed import or publish leaves behind is named so that its owner can be told:
 * whoever holds the lock of that master or room still works on it. A sub-master is never
 * touched, it may hold work.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/edit.h"
#include "server/image/images.h"
#include "server/image/lock.h"
#include "server/image/rename.h"
#include "server/image/screens.h"
#include "server/image/virt.h"
#include "server/image/virt_backup.h"
#include "server/image/workshop.h"

#define RENAME_PREFIX "rename-"
#define UNFINISHED_OLD_S 3600

typedef struct {
    const PupWorkshop *shop;
    PupSweepReport report;
    GString *held;
} Sweep;

static gboolean
remove_file(Sweep *sweep, const char *folder, const char *file, GError **error)
{
    g_autofree char *path = g_build_filename(folder, file, NULL);
    struct stat st;

    if (lstat(path, &st) < 0)
        return TRUE;
    if (!sweep->shop->dry_run && unlink(path) < 0 && errno != ENOENT) {
        pup_error_set_errno(error, errno, "cannot remove '%s'", path);
        return FALSE;
    }
    sweep->report.n_files++;
    sweep->report.bytes += (guint64) st.st_blocks * 512;
    return TRUE;
}

/* The file of a master's version that the store does not have: an import was killed, the
 * version was removed, or the store is an older one that was restored. */
static gboolean
sweep_master(Sweep *sweep, const char *folder, const char *file, const char *name,
             unsigned version, GError **error)
{
    if (!pup_images_hold_master(sweep->shop, name, version))
        return remove_file(sweep, folder, file, error);
    if (sweep->held->len > 0)
        g_string_append(sweep->held, ", ");
    g_string_append_printf(sweep->held, "%s@%u", name, version);
    return TRUE;
}

/* "NAME@V.qcow2", ".NAME@V.qcow2.tmp", "NAME.qcow2", ".NAME.qcow2.tmp": *@name and
 * *@version (0 for a room). */
static gboolean
parse_file(const char *file, gboolean *temporary, char **name, unsigned *version)
{
    g_autofree char *label = NULL;
    size_t len = strlen(file);

    *temporary = file[0] == '.' && g_str_has_suffix(file, ".tmp");
    if (*temporary) {
        file++;
        len -= strlen(".") + strlen(".tmp");
    }
    label = g_strndup(file, len);
    if (!g_str_has_suffix(label, ".qcow2"))
        return FALSE;
    label[len - strlen(".qcow2")] = '\0';
    return pup_ident_split("image", label, name, version, NULL);
}

static gboolean
sweep_image(Sweep *sweep, const char *kind, const char *folder, const char *file,
            GError **error)
{
    g_autofree char *name = NULL;
    g_autoptr(PupLock) lock = NULL;
    unsigned version = 0;
    gboolean temporary = FALSE;

    if (!parse_file(file, &temporary, &name, &version) ||
        (!temporary && strcmp(kind, "master") != 0))
        return TRUE;
    lock = pup_lock_take(sweep->shop->settings, kind, name, NULL);
    if (!lock)
        return TRUE; /* it is being worked on */
    if (temporary)
        return remove_file(sweep, folder, file, error);
    if (version > 0 &&
        !pup_workshop_has_version(sweep->shop, PUP_KIND_MASTER, name, version))
        return sweep_master(sweep, folder, file, name, version, error);
    return TRUE;
}

static gboolean
sweep_images(Sweep *sweep, const char *kind, const char *sub, GError **error)
{
    g_autofree char *folder = pup_settings_path(sweep->shop->settings, sub);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir)))
        if (!sweep_image(sweep, kind, folder, file, error))
            return FALSE;
    return TRUE;
}

/* Sockets of processes that are gone. */
static gboolean
sweep_sockets(Sweep *sweep, GError **error)
{
    g_autofree char *folder = pup_settings_path(sweep->shop->settings, "run");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir))) {
        int pid = 0;
        if (sscanf(file, "nbd-%d-%*d.sock", &pid) == 1 && pid > 0 && kill(pid, 0) < 0 &&
            errno == ESRCH && !remove_file(sweep, folder, file, error))
            return FALSE;
    }
    return TRUE;
}

/* The NAME of ".NAME.XXXXXX", which pup_file_replace() writes before it has its name;
 * NULL for any other file. New string. */
static char *
unfinished_name(const char *file)
{
    const char *dot = strrchr(file, '.');

    if (file[0] != '.' || dot <= file + 1 || strlen(dot + 1) != strlen("XXXXXX"))
        return NULL;
    for (const char *c = dot + 1; *c; c++)
        if (!g_ascii_isalnum(*c))
            return NULL;
    return g_strndup(file + 1, (gsize) (dot - file - 1));
}

/* Writing takes no time: what is as old, by nobody's lock, was left. */
static gboolean
is_old(const char *folder, const char *file)
{
    g_autofree char *path = g_build_filename(folder, file, NULL);
    struct stat st;

    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           g_get_real_time() / G_USEC_PER_SEC - st.st_mtime > UNFINISHED_OLD_S;
}

/* Files of run/ whose writer was killed before they had their names. A rename holds its
 * room; of other writers, such as the server, their age tells. */
static gboolean
sweep_unfinished(Sweep *sweep, GError **error)
{
    g_autofree char *folder = pup_settings_path(sweep->shop->settings, "run");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir))) {
        g_autofree char *name = unfinished_name(file);
        const char *room = name && g_str_has_prefix(name, RENAME_PREFIX)
                               ? name + strlen(RENAME_PREFIX)
                               : NULL;
        g_autoptr(PupLock) lock = NULL;
        if (room && pup_ident_check("room", room, NULL))
            lock = pup_lock_take(sweep->shop->settings, "room", room, NULL);
        else
            room = NULL;
        if (name && (room ? lock != NULL : is_old(folder, file)) &&
            !remove_file(sweep, folder, file, error))
            return FALSE;
    }
    return TRUE;
}

static void
sweep_folder(Sweep *sweep, const char *run, const char *file, const char *lock_kind,
             const char *name)
{
    g_autofree char *path = g_build_filename(run, file, NULL);
    g_autoptr(PupLock) lock = NULL;

    if (!g_file_test(path, G_FILE_TEST_IS_DIR))
        return;
    lock = pup_lock_take(sweep->shop->settings, lock_kind, name, NULL);
    if (!lock)
        return; /* it is being worked on */
    if (!sweep->shop->dry_run) {
        pup_virt_backup_end_left(sweep->shop->settings, path);
        pup_file_remove_tree(path);
    }
    sweep->report.n_files++;
}

/* Folders of run/ of machines that are gone. */
static void
sweep_folders(Sweep *sweep)
{
    static const struct {
        const char *prefix, *lock;
    } kinds[] = {{"install-", "master"}, {"import-", "master"}, {"regenerate-", "room"}};
    g_autofree char *folder = pup_settings_path(sweep->shop->settings, "run");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir)))
        for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
            if (g_str_has_prefix(file, kinds[i].prefix))
                sweep_folder(sweep, folder, file, kinds[i].lock,
                             file + strlen(kinds[i].prefix));
}

/* Uploads of versions that are gone, by rooms. */
static gboolean
sweep_boot_profiles(Sweep *sweep, GError **error)
{
    PupBootProfiles *uploads = pup_catalog_boot_profiles(sweep->shop->catalog);
    g_auto(GStrv) rooms = pup_boot_profiles_rooms(uploads);

    for (char **room = rooms; *room; room++) {
        g_autoptr(GArray) versions =
            pup_store_versions(sweep->shop->store, PUP_KIND_ROOM, *room, error);
        if (!versions ||
            !pup_boot_profiles_keep(uploads, *room, versions, sweep->shop->dry_run,
                                    &sweep->report.n_files, &sweep->report.bytes, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
pup_workshop_sweep(const PupWorkshop *shop, PupSweepReport *report, GError **error)
{
    g_autoptr(GString) held = g_string_new(NULL);
    Sweep sweep = {.shop = shop, .held = held};

    /* Machines first: they hold files. */
    if (!pup_virt_sweep(shop->settings, shop->dry_run, &sweep.report.n_machines, error) ||
        !sweep_images(&sweep, "master", "images/masters", error) ||
        !sweep_images(&sweep, "room", "images/rooms", error) ||
        !pup_rename_sweep(shop, &sweep.report.n_files, error) ||
        !pup_edit_sweep(shop, &sweep.report, error) || !sweep_sockets(&sweep, error) ||
        !sweep_unfinished(&sweep, error) || !sweep_boot_profiles(&sweep, error))
        return FALSE;
    sweep_folders(&sweep);
    pup_screens_sweep(shop, &sweep.report.n_files, &sweep.report.bytes);
    *report = sweep.report;
    if (held->len > 0)
        report->held = g_string_free(g_steal_pointer(&held), FALSE);
    return TRUE;
}
