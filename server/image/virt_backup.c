/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A backup job of libvirt's "pull" mode: QEMU serves the disk over NBD as it was when the
 * job began, and copies aside what the guest overwrites. The job is the domain's and not
 * ours: when we are killed it goes on. So the folder notes the domain, and who finds the
 * folder without its owner ends the job that serves a socket in it, and no other.
 */
#include "config.h"
#include "server/image/virt_backup.h"
#include "server/image/virt_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/failpoint.h"
#include "lib/file.h"
#include "server/image/domain_needs.h"

#define DEFAULT_URI "qemu:///system"
#define SOCKET_FILE "disk.sock"
#define NOTE_FILE "domain"
#define NOTE_MAX_BYTES 4096u
#define END_TIMEOUT_US (30 * G_USEC_PER_SEC)
#define END_POLL_US 20000

struct PupVirtBackup {
    virConnectPtr connection;
    virDomainPtr domain;
    GPtrArray *disks;
    const PupVirtDisk *disk; /* one of them */
    char *uri;               /* of the NBD export, once begun */
    gboolean runs, agent, clean;
    PupNeedsChange needs;
    virDomainBlockInfo size;
};

static virConnectPtr
connect_to(const PupSettings *settings, GError **error)
{
    virConnectPtr connection;

    if (settings->libvirt_uri)
        return pup_virt_connect_daemon(settings, error);
    virSetErrorFunc(NULL, pup_virt_swallow_error);
    connection = virConnectOpen(DEFAULT_URI);
    if (!connection)
        pup_error_set(error, PUP_ERROR_NET,
                      "no answer from libvirt at '" DEFAULT_URI "': %s; where it is "
                      "elsewhere, say so in [libvirt] uri",
                      virGetLastErrorMessage());
    return connection;
}

static void
set_several(const PupVirtBackup *backup, const char *name, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);

    for (unsigned i = 0; i < backup->disks->len; i++)
        g_string_append_printf(
            known, "%s%s", i == 0 ? "" : ", ",
            ((const PupVirtDisk *) g_ptr_array_index(backup->disks, i))->target);
    if (backup->disks->len == 0)
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "domain '%s' has no disk", name);
    else
        pup_error_set(error, PUP_ERROR_INVALID,
                      "domain '%s' has the disks %s: say which with --disk", name,
                      known->str);
}

static gboolean
choose_disk(PupVirtBackup *backup, const char *name, const char *target, GError **error)
{
    for (unsigned i = 0; i < backup->disks->len; i++) {
        const PupVirtDisk *disk = g_ptr_array_index(backup->disks, i);
        if (target ? strcmp(disk->target, target) == 0 : backup->disks->len == 1)
            backup->disk = disk;
    }
    if (!backup->disk && target)
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "domain '%s' has no disk '%s'", name,
                      target);
    else if (!backup->disk)
        set_several(backup, name, error);
    else if (!backup->disk->source)
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "the disk '%s' of domain '%s' is neither a file nor a block device",
                      backup->disk->target, name);
    return backup->disk && backup->disk->source;
}

static gboolean
look_at(PupVirtBackup *backup, const char *name, const char *target, GError **error)
{
    g_auto(PupVirtFacts) facts = {0};
    gboolean good;
    char *xml;

    backup->domain = virDomainLookupByName(backup->connection, name);
    xml = backup->domain ? virDomainGetXMLDesc(backup->domain, 0) : NULL;
    if (!xml) {
        pup_virt_set_error(error, "cannot find domain '%s'", name);
        return FALSE;
    }
    backup->disks = pup_virt_xml_disks(xml, error);
    good = backup->disks && choose_disk(backup, name, target, error) &&
           pup_domain_needs_read(xml, backup->disk->target, &backup->needs, error);
    free(xml);
    if (!good)
        return FALSE;
    backup->runs = virDomainIsActive(backup->domain) == 1;
    backup->agent = pup_virt_read_facts(backup->domain, &facts, NULL) && facts.agent;
    if (virDomainGetBlockInfo(backup->domain, backup->disk->target, &backup->size, 0) ==
        0)
        return TRUE;
    pup_virt_set_error(error, "cannot look at the disk '%s' of domain '%s'",
                       backup->disk->target, name);
    return FALSE;
}

PupVirtBackup *
pup_virt_backup_find(const PupSettings *settings, const char *domain, const char *target,
                     GError **error)
{
    g_autoptr(PupVirtBackup) backup = g_new0(PupVirtBackup, 1);

    backup->connection = connect_to(settings, error);
    if (!backup->connection || !look_at(backup, domain, target, error))
        return NULL;
    return g_steal_pointer(&backup);
}

/* TRUE when @domain has a backup job; with @socket, that is served there. */
static gboolean
has_backup(virDomainPtr domain, const char *socket)
{
    char *xml = virDomainBackupGetXMLDesc(domain, 0);
    g_autofree char *named =
        socket ? g_markup_printf_escaped("socket='%s'", socket) : NULL;
    gboolean it_has = xml && (!named || strstr(xml, named));

    free(xml);
    return it_has;
}

/* libvirt returns before the job has ended, and takes no other until then. */
static void
end_job(virDomainPtr domain)
{
    gint64 deadline = g_get_monotonic_time() + END_TIMEOUT_US;

    if (virDomainAbortJob(domain) < 0)
        return;
    while (has_backup(domain, NULL) && g_get_monotonic_time() < deadline)
        g_usleep(END_POLL_US);
}

void
pup_virt_backup_free(PupVirtBackup *backup)
{
    if (!backup)
        return;
    if (backup->uri)
        end_job(backup->domain);
    if (backup->domain)
        virDomainFree(backup->domain);
    if (backup->connection)
        virConnectClose(backup->connection);
    g_clear_pointer(&backup->disks, g_ptr_array_unref);
    g_free(backup->uri);
    g_free(backup);
}

gboolean
pup_virt_backup_runs(const PupVirtBackup *backup)
{
    return backup->runs;
}

const char *
pup_virt_backup_target(const PupVirtBackup *backup)
{
    return backup->disk->target;
}

const char *
pup_virt_backup_file(const PupVirtBackup *backup)
{
    return backup->disk->source;
}

const char *
pup_virt_backup_format(const PupVirtBackup *backup)
{
    return backup->disk->format;
}

guint64
pup_virt_backup_virtual_bytes(const PupVirtBackup *backup)
{
    return backup->size.capacity;
}

guint64
pup_virt_backup_allocated_bytes(const PupVirtBackup *backup)
{
    return backup->size.allocation;
}

const PupNeedsChange *
pup_virt_backup_needs(const PupVirtBackup *backup)
{
    return &backup->needs;
}

const char *
pup_virt_backup_uri(const PupVirtBackup *backup)
{
    return backup->uri;
}

gboolean
pup_virt_backup_is_clean(const PupVirtBackup *backup)
{
    return backup->clean;
}

/* QEMU makes the socket: give its user the folder. */
static gboolean
give_folder(const PupVirtBackup *backup, const char *folder, GError **error)
{
    virSecurityLabelPtr labels = NULL;
    int n = virDomainGetSecurityLabelList(backup->domain, &labels);
    unsigned uid = 0, gid = 0;

    for (int i = 0; i < n; i++)
        if (sscanf(labels[i].label, "+%u:+%u", &uid, &gid) == 2)
            break;
    free(labels);
    if (chmod(folder, 0711) == 0 && (uid == 0 || chown(folder, uid, gid) == 0))
        return TRUE;
    pup_error_set(error, PUP_ERROR_IO, "cannot give '%s' to the user %u of QEMU", folder,
                  uid);
    return FALSE;
}

static gboolean
note_domain(const PupVirtBackup *backup, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, NOTE_FILE, NULL);
    const char *name = virDomainGetName(backup->domain);

    return pup_file_replace(path, name, strlen(name), 0600, error);
}

/* Frozen as briefly as can be, and thawed whatever happens. */
static gboolean
begin_frozen(PupVirtBackup *backup, const char *xml, GError **error)
{
    const char *name = virDomainGetName(backup->domain);
    gboolean frozen = backup->agent && virDomainFSFreeze(backup->domain, NULL, 0, 0) >= 0;
    gboolean begun = pup_failpoint("backup-frozen", error) &&
                     virDomainBackupBegin(backup->domain, xml, NULL, 0) == 0;

    if (!begun && error && !*error)
        pup_virt_set_error(error, "cannot begin to copy the disk '%s' of domain '%s'",
                           backup->disk->target, name);
    if (frozen)
        backup->clean = virDomainFSThaw(backup->domain, NULL, 0, 0) >= 0;
    return begun;
}

static gboolean
check_free(const PupVirtBackup *backup, GError **error)
{
    const char *name = virDomainGetName(backup->domain);

    if (!has_backup(backup->domain, NULL))
        return TRUE;
    pup_error_set(error, PUP_ERROR_BUSY,
                  "a backup of domain '%s' is running; wait for its end, or end it with "
                  "`virsh domjobabort %s`",
                  name, name);
    return FALSE;
}

gboolean
pup_virt_backup_begin(PupVirtBackup *backup, const char *folder, const char *scratch,
                      GError **error)
{
    const char *target = backup->disk->target;
    g_autofree char *socket = g_build_filename(folder, SOCKET_FILE, NULL);
    g_autofree char *escaped = g_uri_escape_string(socket, "/", FALSE);
    g_autofree char *xml = pup_virt_xml_backup(backup->disks, target, socket, scratch);
    g_autoptr(GError) why = NULL;

    if (strlen(socket) >= sizeof((struct sockaddr_un *) NULL)->sun_path) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "the state folder's path is too long for a socket in it: '%s'",
                      socket);
        return FALSE;
    }
    if (has_backup(backup->domain, socket))
        end_job(backup->domain); /* of one that was killed */
    unlink(socket);
    if (!check_free(backup, error) || !give_folder(backup, folder, error) ||
        !note_domain(backup, folder, error))
        return FALSE;
    if (!begin_frozen(backup, xml, &why)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    backup->uri = g_strdup_printf("nbd+unix:///%s?socket=%s", target, escaped);
    return pup_failpoint("backup-begun", error);
}

void
pup_virt_backup_end_left(const PupSettings *settings, const char *folder)
{
    g_autofree char *path = g_build_filename(folder, NOTE_FILE, NULL);
    g_autofree char *socket = g_build_filename(folder, SOCKET_FILE, NULL);
    g_autoptr(GBytes) bytes = pup_file_read(path, NOTE_MAX_BYTES, NULL);
    g_autofree char *name =
        bytes ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) : NULL;
    virConnectPtr connection = name ? connect_to(settings, NULL) : NULL;
    virDomainPtr domain = connection ? virDomainLookupByName(connection, name) : NULL;

    if (domain) {
        virDomainFSThaw(domain, NULL, 0, 0); /* fails where nothing is frozen */
        if (has_backup(domain, socket))
            end_job(domain);
        virDomainFree(domain);
    }
    if (connection)
        virConnectClose(connection);
}
