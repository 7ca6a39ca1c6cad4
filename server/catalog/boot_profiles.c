/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files, not rows of the catalog's database: an upload is up to 128 KiB that is replaced
 * whole, and a folder a version is forgotten by removing it. What was merged is kept in
 * memory, one result a room, under a text that tells the files it was made of apart from
 * any others.
 *
 * What a version inherited many seats have seen, its first upload only one: so that goes
 * not before it but beside it. From the second upload on the seats outvote it.
 */
#include "config.h"
#include "server/catalog/boot_profiles.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *made_of; /* version, disk size, inherited and uploads, see describe() */
    GBytes *bytes; /* NULL: nothing remained */
    unsigned n_seats;
} Merged;

struct PupBootProfiles {
    char *dir;
    GMutex put_lock;    /* one upload at a time: what is written and what is pruned */
    GMutex lock;        /* of merged, and held while merging: the others wait for it */
    GHashTable *merged; /* room -> Merged */
};

/* A file of a version's folder. */
typedef struct {
    char *mac;
    gint64 written_ns;
    guint64 inode, bytes;
} Upload;

static void
merged_free(gpointer data)
{
    Merged *merged = data;
    g_clear_pointer(&merged->bytes, g_bytes_unref);
    g_free(merged->made_of);
    g_free(merged);
}

PupBootProfiles *
pup_boot_profiles_new(const char *dir)
{
    PupBootProfiles *profiles = g_new0(PupBootProfiles, 1);
    profiles->dir = g_strdup(dir);
    g_mutex_init(&profiles->put_lock);
    g_mutex_init(&profiles->lock);
    profiles->merged =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, merged_free);
    return profiles;
}

void
pup_boot_profiles_free(PupBootProfiles *profiles)
{
    if (!profiles)
        return;
    g_hash_table_unref(profiles->merged);
    g_mutex_clear(&profiles->lock);
    g_mutex_clear(&profiles->put_lock);
    g_free(profiles->dir);
    g_free(profiles);
}

static char *
folder_of(PupBootProfiles *profiles, const char *room, unsigned version)
{
    return g_strdup_printf("%s/%s/%u", profiles->dir, room, version);
}

static void
upload_free(gpointer data)
{
    Upload *upload = data;
    g_free(upload->mac);
    g_free(upload);
}

/* The newest first; those of one moment by their seats. */
static int
compare_uploads(gconstpointer a, gconstpointer b)
{
    const Upload *left = *(Upload *const *) a, *right = *(Upload *const *) b;
    if (left->written_ns != right->written_ns)
        return left->written_ns > right->written_ns ? -1 : 1;
    return strcmp(left->mac, right->mac);
}

static gboolean
is_mac(const char *file)
{
    g_autofree char *mac = pup_mac_parse(file, NULL);
    return mac && strcmp(mac, file) == 0;
}

/* The uploads in @folder, sorted; none where it is not there. */
static GPtrArray *
list_uploads(const char *folder)
{
    GPtrArray *uploads = g_ptr_array_new_with_free_func(upload_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;
    while (dir && (file = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, file, NULL);
        struct stat st;
        if (!is_mac(file) || lstat(path, &st) < 0)
            continue;
        Upload *upload = g_new0(Upload, 1);
        upload->mac = g_strdup(file);
        upload->written_ns =
            st.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + st.st_mtim.tv_nsec;
        upload->inode = st.st_ino;
        upload->bytes = (guint64) st.st_size;
        g_ptr_array_add(uploads, upload);
    }
    g_ptr_array_sort(uploads, compare_uploads);
    return uploads;
}

/* Best effort: an upload too many does no harm. */
static void
prune(const char *folder)
{
    g_autoptr(GPtrArray) uploads = list_uploads(folder);
    for (guint i = PUP_BOOT_PROFILE_UPLOADS; i < uploads->len; i++) {
        const Upload *upload = uploads->pdata[i];
        g_autofree char *path = g_build_filename(folder, upload->mac, NULL);
        unlink(path);
    }
}

gboolean
pup_boot_profiles_put(PupBootProfiles *profiles, const char *room, unsigned version,
                      const char *mac, const GArray *positions, GError **error)
{
    g_autofree char *folder = folder_of(profiles, room, version);
    g_autofree char *path = g_build_filename(folder, mac, NULL);
    g_autoptr(GBytes) bytes =
        pup_boot_profile_format((const guint32 *) positions->data, positions->len);
    g_mutex_lock(&profiles->put_lock);
    gboolean ok = pup_file_make_dir(folder, error) &&
                  pup_file_replace(path, g_bytes_get_data(bytes, NULL),
                                   g_bytes_get_size(bytes), 0644, error);
    if (ok)
        prune(folder);
    g_mutex_unlock(&profiles->put_lock);
    return ok;
}

/* A replaced file has another inode, even within one tick of the file system's clock. */
static char *
describe(unsigned version, guint64 n_chunks, GBytes *inherited, GPtrArray *uploads)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%u %" G_GUINT64_FORMAT " %u", version, n_chunks,
                           inherited ? g_bytes_hash(inherited) : 0);
    for (guint i = 0; i < uploads->len; i++) {
        const Upload *upload = uploads->pdata[i];
        g_string_append_printf(
            text, "\n%s %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT,
            upload->mac, upload->inode, upload->written_ns, upload->bytes);
    }
    return g_string_free(text, FALSE);
}

/* Add the profile @bytes (NULL: none) to @votes, unless it is none. */
static void
add_vote(GPtrArray *votes, GBytes *bytes, guint64 n_chunks)
{
    GArray *positions =
        bytes ? pup_boot_profile_parse(g_bytes_get_data(bytes, NULL),
                                       g_bytes_get_size(bytes), n_chunks, NULL)
              : NULL;
    if (positions)
        g_ptr_array_add(votes, positions);
}

static void
add_upload(GPtrArray *votes, const char *folder, const Upload *upload, guint64 n_chunks)
{
    g_autofree char *path = g_build_filename(folder, upload->mac, NULL);
    g_autoptr(GBytes) bytes = pup_file_read(path, PUP_BOOT_PROFILE_MAX_BYTES, NULL);
    add_vote(votes, bytes, n_chunks);
}

/* What @uploads and @inherited merge to. */
static Merged *
merge(const char *folder, GPtrArray *uploads, guint64 n_chunks, GBytes *inherited)
{
    g_autoptr(GPtrArray) votes =
        g_ptr_array_new_with_free_func((GDestroyNotify) g_array_unref);
    for (guint i = 0; i < MIN(uploads->len, PUP_BOOT_PROFILE_UPLOADS); i++)
        add_upload(votes, folder, uploads->pdata[i], n_chunks);
    Merged *merged = g_new0(Merged, 1);
    merged->n_seats = votes->len;
    if (merged->n_seats == 0)
        return merged;
    add_vote(votes, inherited, n_chunks);
    g_autoptr(GArray) positions = pup_boot_profile_merge(votes);
    if (positions->len > 0)
        merged->bytes =
            pup_boot_profile_format((const guint32 *) positions->data, positions->len);
    return merged;
}

GBytes *
pup_boot_profiles_merged(PupBootProfiles *profiles, const char *room, unsigned version,
                         guint64 n_chunks, GBytes *inherited, unsigned *n_seats)
{
    g_autofree char *folder = folder_of(profiles, room, version);
    g_mutex_lock(&profiles->lock);
    g_autoptr(GPtrArray) uploads = list_uploads(folder);
    g_autofree char *made_of = describe(version, n_chunks, inherited, uploads);
    const Merged *merged = g_hash_table_lookup(profiles->merged, room);
    if (uploads->len > 0 && (!merged || strcmp(merged->made_of, made_of) != 0)) {
        Merged *made = merge(folder, uploads, n_chunks, inherited);
        made->made_of = g_steal_pointer(&made_of);
        g_hash_table_replace(profiles->merged, g_strdup(room), made);
        merged = made;
    }
    GBytes *bytes = NULL;
    if (uploads->len > 0 && merged->bytes) {
        bytes = g_bytes_ref(merged->bytes);
        *n_seats = merged->n_seats;
    }
    g_mutex_unlock(&profiles->lock);
    return bytes;
}

char **
pup_boot_profiles_rooms(PupBootProfiles *profiles)
{
    g_autoptr(GDir) dir = g_dir_open(profiles->dir, 0, NULL);
    GPtrArray *rooms = g_ptr_array_new();
    const char *room;
    while (dir && (room = g_dir_read_name(dir)))
        if (pup_ident_check("room", room, NULL))
            g_ptr_array_add(rooms, g_strdup(room));
    g_ptr_array_add(rooms, NULL);
    return (char **) g_ptr_array_free(rooms, FALSE);
}

typedef struct {
    gboolean dry_run;
    unsigned n_files;
    guint64 bytes;
} Forget;

/* Remove a file, or a folder that is empty by now; one that is gone is fine. */
static gboolean
remove_path(const char *path, GError **error)
{
    if (g_remove(path) == 0 || errno == ENOENT)
        return TRUE;
    pup_error_set_errno(error, errno, "cannot remove '%s'", path);
    return FALSE;
}

static gboolean
forget_version(Forget *forget, const char *folder, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;
    while (dir && (file = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, file, NULL);
        struct stat st;
        if (lstat(path, &st) < 0)
            continue;
        if (!forget->dry_run && !remove_path(path, error))
            return FALSE;
        forget->n_files++;
        forget->bytes += (guint64) st.st_blocks * 512;
    }
    return forget->dry_run || remove_path(folder, error);
}

static gboolean
is_kept(const GArray *versions, const char *name)
{
    unsigned version;
    if (!pup_version_parse(name, &version, NULL))
        return FALSE;
    for (guint i = 0; versions && i < versions->len; i++)
        if (g_array_index(versions, unsigned, i) == version)
            return TRUE;
    return FALSE;
}

gboolean
pup_boot_profiles_keep(PupBootProfiles *profiles, const char *room,
                       const GArray *versions, gboolean dry_run, unsigned *n_files,
                       guint64 *bytes, GError **error)
{
    g_autofree char *folder = g_build_filename(profiles->dir, room, NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    Forget forget = {.dry_run = dry_run};
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (!is_kept(versions, name) && !forget_version(&forget, path, error))
            return FALSE;
    }
    if (!dry_run)
        g_rmdir(folder); /* where it is empty */
    if (n_files)
        *n_files += forget.n_files;
    if (bytes)
        *bytes += forget.bytes;
    return TRUE;
}
