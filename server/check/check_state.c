/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/check/check.h"

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/error.h"

/* With less, the next publish or import fails. */
#define LOW_BYTES (G_GUINT64_CONSTANT(256) << 20)

static void
add(PupCheckup *checkup, PupFindingSeverity severity, char *problem, char *mend)
{
    pup_checkup_add(
        checkup, severity,
        g_strdup_printf("state folder %s", checkup->shop->settings->state_dir), problem,
        mend);
}

static const char *
network_file_system(long type)
{
    switch ((unsigned long) type) {
    case NFS_SUPER_MAGIC:
        return "NFS";
    case SMB_SUPER_MAGIC:
    case 0xff534d42: /* CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC: newer kernels' headers */
    case 0xfe534d42:
        return "SMB";
    default:
        return NULL;
    }
}

static void
check_file_system(PupCheckup *checkup, const char *dir)
{
    struct statfs fs;
    const char *network;

    if (statfs(dir, &fs) < 0)
        return;
    network = network_file_system((long) fs.f_type);
    if (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC)
        add(checkup, PUP_FINDING_WARNING,
            g_strdup("is in the server's memory: all is lost when it restarts"),
            g_strdup("put the state folder on a disk"));
    if (network)
        add(checkup, PUP_FINDING_WARNING,
            g_strdup_printf("is on a network file system (%s), which SQLite and locks do "
                            "not trust",
                            network),
            g_strdup("put the state folder on a local disk"));
}

static void
check_space(PupCheckup *checkup, const char *dir)
{
    struct statvfs fs;
    guint64 free_bytes;

    if (statvfs(dir, &fs) < 0)
        return;
    free_bytes = (guint64) fs.f_bavail * fs.f_frsize;
    if (fs.f_flag & ST_RDONLY)
        add(checkup, PUP_FINDING_DAMAGE, g_strdup("can only be read, not written to"),
            g_strdup("mount it for writing; see the kernel's log for why it is not"));
    else if (free_bytes < LOW_BYTES || (fs.f_files > 0 && fs.f_favail == 0))
        add(checkup, PUP_FINDING_WARNING,
            g_strdup_printf("is full: %" G_GUINT64_FORMAT " MiB and %lu files are left",
                            free_bytes >> 20, (unsigned long) fs.f_favail),
            g_strdup(
                "`pupitre image usage` says what takes the space, `pupitre gc` frees "
                "what nothing needs"));
}

/* The client image is built by running its programs. */
static void
check_exec(PupCheckup *checkup)
{
    g_autofree char *dir = pup_settings_path(checkup->shop->settings, "client-image");
    struct statvfs fs;

    if (statvfs(dir, &fs) == 0 && fs.f_flag & (ST_NOEXEC | ST_NODEV))
        add(checkup, PUP_FINDING_WARNING,
            g_strdup_printf("'%s' is mounted noexec or nodev: the client image cannot be "
                            "built there",
                            dir),
            g_strdup_printf("run `mount -o remount,exec,dev` on its file system before "
                            "`pupitre image build`"));
}

static void
check_owner(PupCheckup *checkup, const char *dir)
{
    struct stat st;

    if (stat(dir, &st) < 0) {
        add(checkup, PUP_FINDING_DAMAGE,
            g_strdup_printf("cannot be looked at: %s", g_strerror(errno)),
            g_strdup("mount or restore it"));
        return;
    }
    if (st.st_uid != geteuid() && geteuid() == 0)
        add(checkup, PUP_FINDING_WARNING,
            g_strdup_printf("belongs to user %u, who can change what PCs boot",
                            (unsigned) st.st_uid),
            g_strdup_printf("run `chown root: %s`", dir));
    if (st.st_mode & 022)
        add(checkup, PUP_FINDING_WARNING, g_strdup("can be written to by others"),
            g_strdup_printf("run `chmod go-w %s`", dir));
}

/* An overlay names what it stands on by "../masters/...", seen from where its file really
 * is. A mount is where it is mounted, a link is not. */
static void
check_folder(PupCheckup *checkup, const char *sub)
{
    g_autofree char *path = pup_settings_path(checkup->shop->settings, sub);
    g_autofree char *images = pup_settings_path(checkup->shop->settings, "images");
    g_autofree char *above = g_strconcat(path, "/..", NULL);
    struct stat real, expected;

    if (stat(above, &real) < 0 || stat(images, &expected) < 0 ||
        (real.st_dev == expected.st_dev && real.st_ino == expected.st_ino))
        return;
    add(checkup, PUP_FINDING_DAMAGE,
        g_strdup_printf(
            "'%s' is a link to elsewhere, where sub-masters do not find their "
            "masters",
            path),
        g_strdup_printf("move all of '%s' there and make that the link", images));
}

/* A layer is made in images/rooms and linked into images/layers. */
static void
check_one_disk(PupCheckup *checkup)
{
    g_autofree char *rooms = pup_settings_path(checkup->shop->settings, "images/rooms");
    g_autofree char *layers = pup_settings_path(checkup->shop->settings, "images/layers");
    struct stat one, other;

    if (stat(rooms, &one) < 0 || stat(layers, &other) < 0 || one.st_dev == other.st_dev)
        return;
    add(checkup, PUP_FINDING_DAMAGE,
        g_strdup_printf(
            "'%s' and '%s' are on two file systems: no recipe can be followed", rooms,
            layers),
        g_strdup("put all of images/ on one of them"));
}

/* Init makes them, or who needs them first. */
static const char *const folders[] = {
    "images", "images/masters", "images/rooms", "images/layers", "client-image",
    "keys",   "store",          "run",          "profiles",      "tftp",
};

/* An empty folder and one that cannot be read look the same to who only lists it. */
void
pup_check_folders(PupCheckup *checkup)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = pup_settings_path(checkup->shop->settings, folders[i]);
        DIR *dir = opendir(path);
        int problem = errno;

        if (dir)
            closedir(dir);
        else if (problem != ENOENT && access(path, F_OK) == 0)
            pup_checkup_add(checkup, PUP_FINDING_DAMAGE,
                            g_strdup_printf("folder %s", path),
                            g_strdup_printf("cannot be read: %s", g_strerror(problem)),
                            g_strdup("restore it from a backup; once nothing is in its "
                                     "place, `pupitre init` or who needs it makes an "
                                     "empty one"));
    }
}

void
pup_check_state(PupCheckup *checkup)
{
    const char *dir = checkup->shop->settings->state_dir;

    check_owner(checkup, dir);
    check_file_system(checkup, dir);
    check_space(checkup, dir);
    check_exec(checkup);
    check_folder(checkup, "images/rooms");
    check_folder(checkup, "images/layers");
    check_one_disk(checkup);
}
