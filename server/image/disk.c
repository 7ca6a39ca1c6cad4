/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an image holds is asked of qemu-nbd rather than read out of the qcow2 by
 * ourselves: QEMU knows every feature of its format (subclusters, internal snapshots,
 * zero clusters) and takes the locks that keep a running machine's disk from being read
 * half-written. "qemu:allocation-depth" tells the overlay's own bytes (1) from those of
 * what it stands on (2 and so on, its master's the last) and from nobody's (0);
 * "base:allocation" tells zeros from data. Both are asked in pieces of 1 GiB, so that 40
 * GB of untouched disk are 40 questions.
 *
 * The bytes of a raw image, which are the file's own, are read from the file: qemu-nbd
 * would only copy them twice. It serves that one, too, for its lock and the questions.
 *
 * qemu-nbd runs without --persistent: when our connections go, it goes, even if we were
 * killed before it could be told.
 */
#include "config.h"

#include "server/image/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <libnbd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "server/image/child.h"
#include "server/image/qemu_img.h"
#include "server/image/runs.h"

#define DEPTH "qemu:allocation-depth"
#define STATUS_BYTES (G_GUINT64_CONSTANT(1) << 30)
#define START_TIMEOUT_US (30 * G_USEC_PER_SEC)
#define START_POLL_US 2000

struct PupDisk {
    char *path;
    char *socket;  /* the file */
    char *address; /* how it is reached, short enough for a socket */
    int folder_fd; /* that the address goes through; -1: through none */
    int raw_fd;    /* a raw image's file; -1: its server is asked */
    int copy_fd;   /* the file that is written; -1: none */
    guint64 bytes;
    GSubprocess *server;
    /* For questions, one a context: each question costs the answers of all contexts of
     * its connection. The first also keeps the server alive. */
    struct nbd_handle *allocation, *depth;
};

/* A connection of one thread. */
typedef struct {
    char *path;
    guint64 bytes;
    struct nbd_handle *nbd; /* NULL: of a reader of raw_fd */
    int raw_fd;             /* the disk's */
} Link;

struct PupDiskReader {
    Link link;
};

struct PupDiskWriter {
    Link link;
};

static void
set_nbd_error(GError **error, const char *what, const char *path)
{
    PupErrorCode code = nbd_get_errno() == ENOSPC ? PUP_ERROR_NO_SPACE : PUP_ERROR_IO;

    pup_error_set(error, code, "%s '%s': %s", what, path, nbd_get_error());
}

/* Connect to @disk's server, for questions about @context or, where that is NULL, to
 * read. */
static struct nbd_handle *
connect_handle(const PupDisk *disk, const char *context, GError **error)
{
    struct nbd_handle *nbd = nbd_create();

    if (nbd && (!context || nbd_add_meta_context(nbd, context) == 0) &&
        nbd_set_pread_initialize(nbd, false) == 0 &&
        nbd_connect_unix(nbd, disk->address) == 0)
        return nbd;
    set_nbd_error(error, "cannot read", disk->path);
    nbd_close(nbd);
    return NULL;
}

static GSubprocess *
start_server(const PupDisk *disk, const char *format, gboolean writable, unsigned n_links,
             GError **error)
{
    g_autofree char *shared = g_strdup_printf("--shared=%u", n_links + 2);
    /* What is written is synchronised by who puts the file into its place. */
    const char *const argv[] = {"qemu-nbd", writable ? "--cache=unsafe" : "--read-only",
                                shared,     "--allocation-depth",
                                "--format", format,
                                "--socket", disk->address,
                                disk->path, NULL};

    return pup_child_spawn(argv, G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
}

/* The server ended: with its own words. */
static void
set_server_error(PupDisk *disk, GError **error)
{
    g_autofree char *what = g_strdup_printf("cannot read the image '%s'", disk->path);
    g_autofree char *words = pup_child_words(disk->server);

    pup_child_set_error(error, what, words);
}

static gboolean
server_runs(PupDisk *disk)
{
    return g_subprocess_get_identifier(disk->server) != NULL;
}

/* Wait until the server listens: it says so by nothing but its socket. */
static gboolean
connect_first(PupDisk *disk, GCancellable *cancellable, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + START_TIMEOUT_US;

    for (;;) {
        disk->allocation = connect_handle(disk, LIBNBD_CONTEXT_BASE_ALLOCATION, NULL);
        if (disk->allocation)
            return TRUE;
        if (!server_runs(disk)) {
            set_server_error(disk, error);
            return FALSE;
        }
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return FALSE;
        if (g_get_monotonic_time() > deadline) {
            pup_error_set(error, PUP_ERROR_IO, "qemu-nbd does not begin to serve '%s'",
                          disk->path);
            return FALSE;
        }
        g_usleep(START_POLL_US);
    }
}

/* A path that a socket's address cannot hold goes through a descriptor of ours, by which
 * the server finds the folder, too. */
static gboolean
set_socket(PupDisk *disk, const char *folder, GError **error)
{
    static int counter;
    g_autofree char *file =
        g_strdup_printf("nbd-%d-%d.sock", (int) getpid(), g_atomic_int_add(&counter, 1));

    disk->socket = g_build_filename(folder, file, NULL);
    if (strlen(disk->socket) < sizeof((struct sockaddr_un *) NULL)->sun_path) {
        disk->address = g_strdup(disk->socket);
        return TRUE;
    }
    disk->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (disk->folder_fd < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", folder);
        return FALSE;
    }
    disk->address =
        g_strdup_printf("/proc/%d/fd/%d/%s", (int) getpid(), disk->folder_fd, file);
    return TRUE;
}

static PupDisk *
serve(const PupSettings *settings, const char *path, const char *format,
      gboolean writable, unsigned n_links, GError **error)
{
    g_autoptr(PupDisk) disk = g_new0(PupDisk, 1);
    g_autofree char *folder = pup_settings_path(settings, "run");

    disk->folder_fd = -1;
    disk->raw_fd = disk->copy_fd = -1;
    if (!pup_image_check_chain(path, error) || !pup_file_make_dir(folder, error))
        return NULL;
    disk->path = g_strdup(path);
    if (!set_socket(disk, folder, error))
        return NULL;
    disk->server = start_server(disk, format, writable, n_links, error);
    return disk->server ? g_steal_pointer(&disk) : NULL;
}

static gboolean
connect_disk(PupDisk *disk, GCancellable *cancellable, GError **error)
{
    gint64 bytes;

    if (!connect_first(disk, cancellable, error))
        return FALSE;
    bytes = nbd_get_size(disk->allocation);
    if (bytes < 0) {
        set_nbd_error(error, "cannot read", disk->path);
        return FALSE;
    }
    disk->bytes = (guint64) bytes;
    return TRUE;
}

PupDisk *
pup_disk_open(const PupSettings *settings, const char *path, unsigned n_readers,
              GCancellable *cancellable, GError **error)
{
    return pup_disk_open_as(settings, path, "qcow2", n_readers, cancellable, error);
}

/* The file of a raw image; -1 for what QEMU alone can reach. */
static int
open_raw(const char *path)
{
    return pup_file_check_disk(path, NULL) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

PupDisk *
pup_disk_open_as(const PupSettings *settings, const char *path, const char *format,
                 unsigned n_readers, GCancellable *cancellable, GError **error)
{
    g_autoptr(PupDisk) disk = serve(settings, path, format, FALSE, n_readers, error);

    if (!disk || !connect_disk(disk, cancellable, error))
        return NULL;
    if (strcmp(format, "raw") == 0)
        disk->raw_fd = open_raw(path);
    return g_steal_pointer(&disk);
}

PupDisk *
pup_disk_create(const PupSettings *settings, const char *path, guint64 bytes,
                unsigned n_writers, GCancellable *cancellable, GError **error)
{
    g_autoptr(PupDisk) disk = NULL;

    if (!pup_image_create(path, bytes, cancellable, error))
        return NULL;
    disk = serve(settings, path, "qcow2", TRUE, n_writers, error);
    if (!disk || !connect_disk(disk, cancellable, error))
        return NULL;
    disk->copy_fd = open(path, O_RDONLY | O_CLOEXEC);
    return g_steal_pointer(&disk);
}

void
pup_disk_write_back(PupDisk *disk)
{
    if (disk->copy_fd >= 0)
        sync_file_range(disk->copy_fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* The server ends with its last connection, its tables written. */
gboolean
pup_disk_finish(PupDisk *disk, GError **error)
{
    g_autofree char *what = g_strdup_printf("cannot write '%s'", disk->path);
    g_autofree char *words = NULL;

    if (nbd_flush(disk->allocation, 0) < 0 || nbd_shutdown(disk->allocation, 0) < 0) {
        set_nbd_error(error, "cannot write", disk->path);
        return FALSE;
    }
    g_clear_pointer(&disk->allocation, nbd_close);
    g_clear_pointer(&disk->depth, nbd_close);
    words = pup_child_words(disk->server);
    if (g_subprocess_get_successful(disk->server))
        return TRUE;
    pup_child_set_error(error, what, words);
    return FALSE;
}

void
pup_disk_free(PupDisk *disk)
{
    if (!disk)
        return;
    nbd_close(disk->depth);
    nbd_close(disk->allocation);
    if (disk->server) {
        g_subprocess_force_exit(disk->server);
        g_subprocess_wait(disk->server, NULL, NULL);
        g_object_unref(disk->server);
    }
    if (disk->socket)
        unlink(disk->socket);
    if (disk->folder_fd >= 0)
        close(disk->folder_fd);
    if (disk->raw_fd >= 0)
        close(disk->raw_fd);
    if (disk->copy_fd >= 0)
        close(disk->copy_fd);
    g_free(disk->address);
    g_free(disk->socket);
    g_free(disk->path);
    g_free(disk);
}

guint64
pup_disk_bytes(const PupDisk *disk)
{
    return disk->bytes;
}

/* What is asked: how deep in the chain bytes are, or whether they are data. */
typedef gboolean (*Wanted)(guint32 flags, unsigned n_files);

static gboolean
is_within(guint32 depth, unsigned n_files)
{
    return depth > 0 && depth <= n_files;
}

static gboolean
is_data(guint32 flags, unsigned n_files)
{
    return !(flags & LIBNBD_STATE_ZERO);
}

/* One question about [at, end). */
typedef struct {
    struct nbd_handle *nbd;
    const char *context;
    Wanted wanted;
    unsigned n_files;
    GArray *runs;
    guint64 at, end;
} Question;

static int
take_extents(void *data, const char *context, uint64_t offset, uint32_t *entries,
             size_t n_entries, int *error)
{
    Question *question = data;

    if (strcmp(context, question->context) != 0 || offset != question->at)
        return 0;
    for (size_t i = 0; i + 1 < n_entries && question->at < question->end; i += 2) {
        guint64 len = MIN(entries[i], question->end - question->at);
        if (question->wanted(entries[i + 1], question->n_files))
            pup_runs_add(question->runs, question->at, len);
        question->at += len;
    }
    return 0;
}

/* Add what is wanted of [first, end) bytes to @question's runs. */
static gboolean
ask(PupDisk *disk, Question *question, guint64 first, guint64 end,
    GCancellable *cancellable, GError **error)
{
    question->at = first;
    while (question->at < end) {
        guint64 before = question->at;
        nbd_extent_callback callback = {.callback = take_extents, .user_data = question};

        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return FALSE;
        question->end = MIN(end, before + STATUS_BYTES);
        if (nbd_block_status(question->nbd, question->end - before, before, callback, 0) <
            0) {
            set_nbd_error(error, "cannot read the map of", disk->path);
            return FALSE;
        }
        if (question->at == before) {
            pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                          "qemu-nbd does not tell the '%s' of '%s'", question->context,
                          disk->path);
            return FALSE;
        }
    }
    return TRUE;
}

/* The whole disk as one run, or the runs that the topmost @n_files hold. */
static GArray *
whole_runs(PupDisk *disk, unsigned n_files, GCancellable *cancellable, GError **error)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(PupRun));
    Question question = {
        .context = DEPTH, .wanted = is_within, .n_files = n_files, .runs = runs};

    if (n_files == 0) {
        pup_runs_add(runs, 0, disk->bytes);
        return g_steal_pointer(&runs);
    }
    if (!disk->depth)
        disk->depth = connect_handle(disk, DEPTH, error);
    question.nbd = disk->depth;
    if (!disk->depth || !ask(disk, &question, 0, disk->bytes, cancellable, error))
        return NULL;
    return g_steal_pointer(&runs);
}

GArray *
pup_disk_runs(PupDisk *disk, unsigned n_files, GCancellable *cancellable, GError **error)
{
    g_autoptr(GArray) whole = whole_runs(disk, n_files, cancellable, error);
    g_autoptr(GArray) data = g_array_new(FALSE, FALSE, sizeof(PupRun));
    Question question = {.nbd = disk->allocation,
                         .context = LIBNBD_CONTEXT_BASE_ALLOCATION,
                         .wanted = is_data,
                         .runs = data};

    if (!whole)
        return NULL;
    for (unsigned i = 0; i < whole->len; i++) {
        const PupRun *run = &g_array_index(whole, PupRun, i);
        guint64 end = MIN((run->first + run->n) * PUP_CHUNK_BYTES, disk->bytes);
        if (!ask(disk, &question, run->first * PUP_CHUNK_BYTES, end, cancellable, error))
            return NULL;
    }
    return pup_runs_mark_zero(whole, data);
}

static void
link_begin(Link *link, const PupDisk *disk)
{
    link->path = g_strdup(disk->path);
    link->bytes = disk->bytes;
    link->raw_fd = disk->raw_fd;
}

static gboolean
link_connect(Link *link, const PupDisk *disk, GError **error)
{
    link_begin(link, disk);
    link->nbd = connect_handle(disk, NULL, error);
    return link->nbd != NULL;
}

static void
link_end(Link *link)
{
    nbd_close(link->nbd);
    g_free(link->path);
}

/* How many of @len bytes at @offset lie on the disk. */
static size_t
link_clip(const Link *link, guint64 offset, size_t len)
{
    return offset < link->bytes ? MIN(len, link->bytes - offset) : 0;
}

static void
set_link_error(GError **error, const Link *link, const char *what, guint64 offset,
               size_t len)
{
    g_autofree char *where = g_strdup_printf(
        "cannot %s %zu bytes at %" G_GUINT64_FORMAT " of", what, len, offset);

    set_nbd_error(error, where, link->path);
}

PupDiskReader *
pup_disk_reader_new(const PupDisk *disk, GError **error)
{
    g_autoptr(PupDiskReader) reader = g_new0(PupDiskReader, 1);

    if (disk->raw_fd >= 0)
        link_begin(&reader->link, disk);
    else if (!link_connect(&reader->link, disk, error))
        return NULL;
    return g_steal_pointer(&reader);
}

void
pup_disk_reader_free(PupDiskReader *reader)
{
    if (reader)
        link_end(&reader->link);
    g_free(reader);
}

gboolean
pup_disk_read(PupDiskReader *reader, guint64 offset, guint8 *buf, size_t len,
              GError **error)
{
    const Link *link = &reader->link;
    size_t there = link_clip(link, offset, len);

    memset(buf + there, 0, len - there);
    if (!link->nbd)
        return pup_file_pread(link->raw_fd, buf, there, (off_t) offset, link->path,
                              error);
    if (there == 0 || nbd_pread(link->nbd, buf, there, offset, 0) == 0)
        return TRUE;
    set_link_error(error, link, "read", offset, there);
    return FALSE;
}

PupDiskWriter *
pup_disk_writer_new(const PupDisk *disk, GError **error)
{
    g_autoptr(PupDiskWriter) writer = g_new0(PupDiskWriter, 1);

    return link_connect(&writer->link, disk, error) ? g_steal_pointer(&writer) : NULL;
}

void
pup_disk_writer_free(PupDiskWriter *writer)
{
    if (writer)
        link_end(&writer->link);
    g_free(writer);
}

gboolean
pup_disk_write(PupDiskWriter *writer, guint64 offset, const guint8 *buf, size_t len,
               GError **error)
{
    size_t there = link_clip(&writer->link, offset, len);

    if (there == 0 || nbd_pwrite(writer->link.nbd, buf, there, offset, 0) == 0)
        return TRUE;
    set_link_error(error, &writer->link, "write", offset, there);
    return FALSE;
}
