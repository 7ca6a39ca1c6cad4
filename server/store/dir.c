/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Chunks are found in a snapshot of all packs. A miss looks whether the folder of packs
 * changed since, so a running server serves what another process published without being
 * told; so does every question for a name's version, so that packs which gc has removed
 * are let go. Times of folders are coarse: one that changed a moment before we read it is
 * read again next time.
 */
#include "config.h"
#include "server/store/dir.h"

#include "lib/error.h"
#include "lib/file.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT_TEXT "pupitre store 1\n"
#define FORMAT_PREFIX "pupitre store "
/* Coarser than any clock that file systems take their times from. */
#define SETTLED_NS G_GINT64_CONSTANT(100000000)
/* How often to start over when packs go away while we list them. */
#define MAX_SCANS 5

static gboolean
make_folders(const char *path, GError **error)
{
    static const char *const folders[] = {
        "packs",         "manifests/masters", "manifests/rooms",
        "names/masters", "names/rooms",       PUP_DIR_CANARIES,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *folder = g_build_filename(path, folders[i], NULL);
        if (!pup_file_make_dir(folder, error))
            return FALSE;
    }
    return TRUE;
}

/* The format file comes last: without it there is no store. */
static gboolean
dir_create(const char *path, GError **error)
{
    g_autofree char *format = g_build_filename(path, "format", NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    if (access(format, F_OK) == 0) {
        pup_error_set(error, PUP_ERROR_EXISTS, "there is a store in '%s'", path);
        return FALSE;
    }
    return make_folders(path, error) && pup_file_sync_dir(parent, error) &&
           pup_file_replace(format, FORMAT_TEXT, strlen(FORMAT_TEXT), 0644, error);
}

static gboolean
check_format(const char *path, GError **error)
{
    g_autofree char *file = g_build_filename(path, "format", NULL);
    g_autoptr(GBytes) bytes = pup_file_read(file, 64, error);
    if (!bytes) {
        g_prefix_error(error, "no store in '%s': ", path);
        return FALSE;
    }
    g_autofree char *text =
        g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    if (strcmp(text, FORMAT_TEXT) == 0 && strlen(text) == g_bytes_get_size(bytes))
        return TRUE;
    gboolean newer = g_str_has_prefix(text, FORMAT_PREFIX);
    pup_error_set(error, newer ? PUP_ERROR_UNSUPPORTED : PUP_ERROR_CORRUPT,
                  "'%s' says '%s', we know '" FORMAT_PREFIX "1'", file, g_strchomp(text));
    return FALSE;
}

static void
unref_pack(gpointer pack)
{
    pup_pack_unref(pack);
}

/* Add the pack with index file @file to @packs, the one that is open already if any.
 * *@vanished: it went away under our hands. */
static gboolean
add_pack(PupDirStore *store, const PupPackId *id, GPtrArray *packs, gboolean *vanished,
         GError **error)
{
    g_autoptr(GError) why = NULL;
    PupPack *pack = store->set ? pup_pack_set_by_id(store->set, id) : NULL;
    if (pack) {
        g_ptr_array_add(packs, pup_pack_ref(pack));
        return TRUE;
    }
    pack = pup_pack_open(store->packs, id, &why);
    if (pack) {
        g_ptr_array_add(packs, pack);
        return TRUE;
    }
    if (g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        *vanished = TRUE;
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static GPtrArray *
scan_once(PupDirStore *store, gboolean *vanished, GError **error)
{
    g_autoptr(GPtrArray) packs = g_ptr_array_new_with_free_func(unref_pack);
    g_auto(GStrv) files = pup_file_list(store->packs, error);
    *vanished = FALSE;
    if (!files)
        return NULL;
    for (char **file = files; *file; file++) {
        PupPackId id;
        if (pup_pack_id_from_file(*file, ".idx", &id) &&
            !add_pack(store, &id, packs, vanished, error))
            return NULL;
    }
    return g_steal_pointer(&packs);
}

/* An index without its pack after several looks is damage: fsck names it, and what other
 * packs hold is served. */
static GPtrArray *
scan(PupDirStore *store, GError **error)
{
    gboolean vanished = TRUE;
    g_autoptr(GPtrArray) packs = NULL;
    for (int i = 0; i < MAX_SCANS && vanished; i++) {
        g_clear_pointer(&packs, g_ptr_array_unref);
        packs = scan_once(store, &vanished, error);
        if (!packs)
            return NULL;
    }
    return g_steal_pointer(&packs);
}

static gboolean
look_at_folder(PupDirStore *store, struct timespec *stamp, gboolean *settled,
               GError **error)
{
    struct stat st;
    struct timespec now;
    if (stat(store->packs, &st) < 0) {
        pup_error_set_errno(error, errno, "cannot look at '%s'", store->packs);
        return FALSE;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    gint64 age_ns = (now.tv_sec - st.st_mtim.tv_sec) * G_GINT64_CONSTANT(1000000000) +
                    (now.tv_nsec - st.st_mtim.tv_nsec);
    *stamp = st.st_mtim;
    *settled = age_ns > SETTLED_NS || age_ns < -SETTLED_NS;
    return TRUE;
}

static void
swap_set(PupDirStore *store, GPtrArray *packs)
{
    PupPackSet *set = pup_pack_set_new(packs);
    g_rw_lock_writer_lock(&store->set_lock);
    PupPackSet *old = store->set;
    store->set = set;
    g_rw_lock_writer_unlock(&store->set_lock);
    pup_pack_set_unref(old);
}

/* TRUE when @packs are just those that are open. */
static gboolean
same_packs(const PupDirStore *store, const GPtrArray *packs)
{
    if (!store->set || pup_pack_set_n_packs(store->set) != packs->len)
        return FALSE;
    for (guint i = 0; i < packs->len; i++) {
        const PupPack *pack = g_ptr_array_index(packs, i);
        if (pup_pack_set_by_id(store->set, &pack->id) != pack)
            return FALSE;
    }
    return TRUE;
}

static gboolean
refresh_locked(PupDirStore *store, gboolean force, GError **error)
{
    struct timespec stamp;
    gboolean settled;
    if (!look_at_folder(store, &stamp, &settled, error))
        return FALSE;
    if (!force && store->stamped && stamp.tv_sec == store->stamp.tv_sec &&
        stamp.tv_nsec == store->stamp.tv_nsec)
        return TRUE;
    g_autoptr(GPtrArray) packs = scan(store, error);
    if (!packs)
        return FALSE;
    if (!same_packs(store, packs))
        swap_set(store, packs);
    store->stamp = stamp;
    store->stamped = settled;
    return TRUE;
}

gboolean
pup_dir_refresh(PupDirStore *store, gboolean force, GError **error)
{
    g_mutex_lock(&store->load_lock);
    gboolean ok = refresh_locked(store, force, error);
    g_mutex_unlock(&store->load_lock);
    return ok;
}

PupPackSet *
pup_dir_packs(PupDirStore *store)
{
    g_rw_lock_reader_lock(&store->set_lock);
    PupPackSet *set = pup_pack_set_ref(store->set);
    g_rw_lock_reader_unlock(&store->set_lock);
    return set;
}

static void
dir_free(PupStore *base)
{
    PupDirStore *store = (PupDirStore *) base;
    pup_pack_set_unref(store->set);
    g_rw_lock_clear(&store->set_lock);
    g_mutex_clear(&store->load_lock);
    g_free(store->packs);
    g_free(store->path);
    g_free(store);
}

/* Every pack stays open, and a year of daily publishes is more than the customary 1024
 * files: take what the system grants. */
static void
allow_many_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static PupStore *
dir_open(const char *path, GError **error)
{
    if (!check_format(path, error))
        return NULL;
    allow_many_files();
    PupDirStore *store = g_new0(PupDirStore, 1);
    store->path = g_strdup(path);
    store->packs = g_build_filename(path, "packs", NULL);
    g_rw_lock_init(&store->set_lock);
    g_mutex_init(&store->load_lock);
    if (!pup_dir_refresh(store, TRUE, error)) {
        dir_free(&store->base);
        return NULL;
    }
    return &store->base;
}

static gboolean
find(PupDirStore *store, const PupName *name, PupExtent *extent)
{
    PupPlace place;
    PupPackEntry entry;
    g_rw_lock_reader_lock(&store->set_lock);
    gboolean found = pup_pack_set_find(store->set, name, &place);
    if (found) {
        PupPack *pack = pup_pack_set_pack(store->set, place.pack);
        pup_pack_index_get(pack->index, place.entry, &entry);
        *extent = (PupExtent){
            .fd = pack->fd,
            .offset = entry.offset,
            .length = entry.length,
            .hold = pup_pack_ref(pack),
        };
    }
    g_rw_lock_reader_unlock(&store->set_lock);
    return found;
}

static gboolean
dir_locate(PupStore *base, const PupName *name, PupExtent *extent, GError **error)
{
    PupDirStore *store = (PupDirStore *) base;
    if (find(store, name, extent))
        return TRUE;
    if (!pup_dir_refresh(store, FALSE, error))
        return FALSE;
    if (find(store, name, extent))
        return TRUE;
    char hex[PUP_NAME_HEX_LEN + 1];
    pup_name_to_hex(name, hex);
    pup_error_set(error, PUP_ERROR_NOT_FOUND, "no chunk %s in '%s'", hex, store->path);
    return FALSE;
}

const PupStoreOps pup_dir_ops = {
    .scheme = "dir",
    .create = dir_create,
    .open = dir_open,
    .free = dir_free,
    .locate = dir_locate,
    .manifest = pup_dir_manifest,
    .current = pup_dir_current,
    .names = pup_dir_names,
    .owners = pup_dir_owners,
    .versions = pup_dir_versions,
    .set_current = pup_dir_set_current,
    .canary = pup_dir_canary,
    .set_canary = pup_dir_set_canary,
    .remove = pup_dir_remove,
    .remove_versions = pup_dir_remove_versions,
    .pin = pup_dir_pin,
    .is_pinned = pup_dir_is_pinned,
    .begin = pup_dir_begin,
    .write_has = pup_dir_write_has,
    .write_put = pup_dir_write_put,
    .write_bytes = pup_dir_write_bytes,
    .write_commit = pup_dir_write_commit,
    .write_keep = pup_dir_write_keep,
    .write_free = pup_dir_write_free,
    .sweep_begin = pup_dir_sweep_begin,
    .sweep_mark = pup_dir_sweep_mark,
    .sweep_run = pup_dir_sweep_run,
    .sweep_free = pup_dir_sweep_free,
    .check_begin = pup_dir_check_begin,
    .check_run = pup_dir_check_run,
    .check_state = pup_dir_check_state,
    .check_free = pup_dir_check_free,
};
