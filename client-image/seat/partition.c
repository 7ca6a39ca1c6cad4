/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/partition.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "client-image/seat/child.h"
#include "client-image/seat/hardware.h"
#include "lib/error.h"
#include "lib/file.h"

#define BY_LABEL "/dev/disk/by-label/"
/* Disks appear while the PC starts; one that is slower than this counts as absent. */
#define WAIT "--timeout=3"
#define MIB (1024u * 1024u)

static gboolean
is_there(const char *device)
{
    g_autofree char *exists = g_strconcat("--exit-if-exists=", device, NULL);
    const char *argv[] = {"udevadm", "settle", WAIT, exists, NULL};

    if (access(device, F_OK) != 0)
        pup_child_run(argv, NULL);
    return access(device, F_OK) == 0;
}

/* Its journal is replayed by mounting; what that does not mend, the kernel refuses. */
static gboolean
mount_at(const char *device, const char *path, GError **error)
{
    unsigned long flags = MS_NOATIME | MS_NODEV | MS_NOSUID | MS_NOEXEC;

    if (!pup_file_make_dir(path, error))
        return FALSE;
    umount2(path, MNT_DETACH); /* left behind by one that was killed */
    pup_module_load("ext4");
    if (mount(device, path, "ext4", flags, "errors=remount-ro") == 0)
        return TRUE;
    if (errno == EINVAL)
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' holds no sound ext4 file system: make it anew with "
                      "pupitre-cache create",
                      device);
    else
        pup_error_set_errno(error, errno, "cannot mount '%s'", device);
    return FALSE;
}

static gboolean
check_size(const char *label, const char *path, GError **error)
{
    struct statvfs status;
    guint64 bytes;

    if (statvfs(path, &status) != 0) {
        pup_error_set_errno(error, errno, "cannot look at '%s'", path);
        return FALSE;
    }
    /* What ext4 needs for itself is not counted: an eighth is more than enough. */
    bytes = (guint64) status.f_blocks * status.f_frsize;
    if (bytes >= PUP_PARTITION_MIN_BYTES / 8 * 7)
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID,
                  "the partition %s has %" G_GUINT64_FORMAT
                  " MiB, it must have at least %" G_GUINT64_FORMAT,
                  label, bytes / MIB, PUP_PARTITION_MIN_BYTES / MIB);
    return FALSE;
}

gboolean
pup_partition_mount(const char *label, const char *path, gboolean *found, GError **error)
{
    g_autofree char *device = g_strconcat(BY_LABEL, label, NULL);

    if (!is_there(device)) {
        *found = FALSE;
        return TRUE;
    }
    if (!mount_at(device, path, error))
        return FALSE;
    if (!check_size(label, path, error)) {
        pup_partition_unmount(path);
        return FALSE;
    }
    *found = TRUE;
    return TRUE;
}

void
pup_partition_unmount(const char *path)
{
    if (path)
        umount2(path, MNT_DETACH);
}
