/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virt_xml - what we write into and read from libvirt's XML
 *
 * Pure; any thread. For virt.c and tests.
 */
#pragma once

#include <glib.h>

/* Whose a domain is: the state folder of a server, and the place of a process. */
typedef struct {
    char *state_dir;
    char *place;
} PupVirtOwner;

void pup_virt_owner_clear(PupVirtOwner *owner);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PupVirtOwner, pup_virt_owner_clear)

/* The namespace of our element in a domain's <metadata>. */
#define PUP_VIRT_NAMESPACE "urn:pupitre:domain:1"

/* @xml, a <domain> without <metadata>, with one that says @owner. New string. Errors:
 * INVALID (no <domain>). */
char *pup_virt_xml_own(const char *xml, const PupVirtOwner *owner, GError **error);

/* What stands in a running domain's XML. */
typedef struct {
    PupVirtOwner owner; /* NULLs where it is not ours */
    char *spice;        /* address to watch, or NULL */
    gboolean agent;     /* a guest agent is connected */
} PupVirtFacts;

void pup_virt_facts_clear(PupVirtFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PupVirtFacts, pup_virt_facts_clear)

/* Read libvirt's @xml of a domain. Errors: INVALID. */
gboolean pup_virt_xml_read(const char *xml, PupVirtFacts *facts, GError **error);

/* The text of the first element <@name> of @xml, e.g. "path"; new string, NULL where
 * there is none. */
char *pup_virt_xml_text(const char *xml, const char *name);

/* A storage pool of the folder @path. New string. */
char *pup_virt_xml_pool(const char *name, const char *path);

/* A disk of a domain. */
typedef struct {
    char *target; /* "vda" */
    char *source; /* path of the file or block device; NULL: something else */
    char *format; /* "qcow2"; NULL where it is not told */
} PupVirtDisk;

/* The disks of the domain @xml, no CD-ROMs, in its order: PupVirtDisk, with a free
 * function. Errors: INVALID. */
GPtrArray *pup_virt_xml_disks(const char *xml, GError **error);

/* A backup of the disk @target, one of @disks, and of no other: served as the NBD export
 * @target on the Unix socket @socket, with what the guest overwrites meanwhile kept in
 * the new file @scratch. New string. */
char *pup_virt_xml_backup(const GPtrArray *disks, const char *target, const char *socket,
                          const char *scratch);
