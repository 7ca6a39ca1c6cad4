/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/image/virt_place.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"

#define PREFIX "virt-"
#define SUFFIX ".place"
#define KEPT "keep-"
#define PATH_MAX_BYTES 4096u
#define END_TIMEOUT_MS 10000
/* Who sweeps or asks has a place for a moment only. */
#define TAKE_WAIT_MS 1000
#define TRIED_AGAIN_MS 20

static char *
place_file(const PupSettings *settings, const char *id)
{
    g_autofree char *sub = g_strdup_printf("run/" PREFIX "%s" SUFFIX, id);

    return pup_settings_path(settings, sub);
}

/* Open and lock @file; -1 with errno EWOULDBLOCK when another process has it. */
static int
lock_file(const char *file, int flags)
{
    for (;;) {
        int fd = open(file, O_RDWR | O_CLOEXEC | flags, 0600);
        struct stat st;

        if (fd < 0)
            return -1;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
            int problem = errno;
            close(fd);
            errno = problem;
            return -1;
        }
        /* It may have been removed between the two. */
        if (fstat(fd, &st) == 0 && st.st_nlink > 0)
            return fd;
        close(fd);
    }
}

/* As lock_file(), and try again for a moment. */
static int
lock_file_waiting(const char *file, int flags)
{
    gint64 end_us = g_get_monotonic_time() + TAKE_WAIT_MS * 1000;

    for (;;) {
        int fd = lock_file(file, flags);
        if (fd >= 0 || errno != EWOULDBLOCK || g_get_monotonic_time() >= end_us)
            return fd;
        g_usleep(TRIED_AGAIN_MS * 1000);
    }
}

/* The root that an open place's file names; NULL where it names none. */
static char *
read_root(int fd)
{
    char text[PATH_MAX_BYTES];
    ssize_t n = pread(fd, text, sizeof text, 0);

    return n > 1 && text[0] == '/' ? g_strndup(text, (gsize) n) : NULL;
}

static gboolean
make_root(PupVirtPlace *place, GError **error)
{
    const char *base = access("/run", W_OK) == 0 ? "/run" : "/tmp";
    g_autofree char *root = g_strdup_printf("%s/pupitre-XXXXXX", base);

    if (!g_mkdtemp_full(root, 0700)) {
        pup_error_set_errno(error, errno, "cannot make the folder '%s'", root);
        return FALSE;
    }
    if (ftruncate(place->fd, 0) < 0 ||
        !pup_file_pwrite(place->fd, root, strlen(root), 0, place->file, error)) {
        rmdir(root);
        return FALSE;
    }
    place->root = g_steal_pointer(&root);
    return TRUE;
}

/* A kept place's root goes with the machine's restart. */
static gboolean
find_root(PupVirtPlace *place, GError **error)
{
    g_autofree char *root = read_root(place->fd);

    if (!root || access(root, W_OK) != 0)
        return make_root(place, error);
    place->root = g_steal_pointer(&root);
    return TRUE;
}

PupVirtPlace *
pup_virt_place_take(const PupSettings *settings, const char *keep, gboolean embedded,
                    GError **error)
{
    g_autoptr(PupVirtPlace) place = g_new0(PupVirtPlace, 1);
    g_autofree char *run = pup_settings_path(settings, "run");

    place->fd = -1;
    if ((keep && !pup_ident_check("place", keep, error)) ||
        !pup_file_make_dir(run, error))
        return NULL;
    place->kept = keep != NULL;
    place->id = keep ? g_strconcat(KEPT, keep, NULL)
                     : g_strdup_printf("%d-%08x", (int) getpid(), g_random_int());
    place->file = place_file(settings, place->id);
    place->fd = lock_file_waiting(place->file, O_CREAT);
    if (place->fd < 0 && errno == EWOULDBLOCK)
        pup_error_set(error, PUP_ERROR_BUSY,
                      "the virtual machines of '%s' are in the hands of another pupitre; "
                      "try again when it is done",
                      place->id);
    else if (place->fd < 0)
        pup_error_set_errno(error, errno, "cannot open '%s'", place->file);
    if (place->fd < 0 || (embedded && !find_root(place, error)))
        return NULL;
    return g_steal_pointer(&place);
}

/* TRUE when an argument of process @pid names a file under @root. */
static gboolean
names_root(int pid, const char *root)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", pid);
    g_autofree char *text = NULL, *under = g_strconcat(root, "/", NULL);
    gsize len = 0;

    return g_file_get_contents(path, &text, &len, NULL) &&
           memmem(text, len, under, strlen(under));
}

/* Kill @pid unless another process has got its number meanwhile, and wait for its end. */
static void
end_process(int pid, const char *root)
{
    struct pollfd gone = {.fd = (int) syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

    if (gone.fd < 0)
        return;
    if (names_root(pid, root)) {
        syscall(SYS_pidfd_send_signal, gone.fd, SIGKILL, NULL, 0);
        poll(&gone, 1, END_TIMEOUT_MS);
    }
    close(gone.fd);
}

/* How many processes run under @root; with @end they are ended. */
static unsigned
processes_of(const char *root, gboolean end)
{
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
    const char *entry;
    unsigned n = 0;

    while (proc && (entry = g_dir_read_name(proc))) {
        int pid = (int) g_ascii_strtoull(entry, NULL, 10);
        if (pid <= 0 || pid == (int) getpid() || !names_root(pid, root))
            continue;
        n++;
        if (end)
            end_process(pid, root);
    }
    return n;
}

static void
remove_place(const char *file, const char *root)
{
    if (root) {
        processes_of(root, TRUE);
        pup_file_remove_tree(root);
    }
    unlink(file);
}

void
pup_virt_place_free(PupVirtPlace *place)
{
    if (!place)
        return;
    if (place->fd >= 0 && !place->kept)
        remove_place(place->file, place->root);
    if (place->fd >= 0)
        close(place->fd);
    g_free(place->id);
    g_free(place->file);
    g_free(place->root);
    g_free(place);
}

gboolean
pup_virt_place_is_wanted(const PupSettings *settings, const char *id)
{
    g_autofree char *file = place_file(settings, id);
    int fd;

    if (g_str_has_prefix(id, KEPT))
        return TRUE;
    fd = lock_file(file, 0);
    if (fd < 0)
        return errno == EWOULDBLOCK;
    close(fd);
    return FALSE;
}

/* TRUE when @file is a place that was left behind. */
static gboolean
sweep_place(const char *file, gboolean dry_run)
{
    g_autofree char *name = g_path_get_basename(file), *root = NULL;
    gboolean kept = g_str_has_prefix(name, PREFIX KEPT), dead;
    int fd = lock_file(file, 0);

    if (fd < 0)
        return FALSE; /* its process lives */
    root = read_root(fd);
    /* With a libvirt daemon a kept place has no root, and the daemon has its domains. */
    dead = !kept || (root && processes_of(root, FALSE) == 0);
    if (dead && !dry_run)
        remove_place(file, root);
    close(fd);
    return dead && !kept;
}

unsigned
pup_virt_places_sweep(const PupSettings *settings, gboolean dry_run)
{
    g_autofree char *run = pup_settings_path(settings, "run");
    g_autoptr(GDir) dir = g_dir_open(run, 0, NULL);
    const char *entry;
    unsigned n = 0;

    while (dir && (entry = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(run, entry, NULL);
        if (g_str_has_prefix(entry, PREFIX) && g_str_has_suffix(entry, SUFFIX) &&
            sweep_place(file, dry_run))
            n++;
    }
    return n;
}
