/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * import_domain - a master out of the disk of a libvirt domain, which may be running
 *
 * Files while it runs: images/masters/.NAME.qcow2.tmp (what the guest overwrites
 * meanwhile) and those of an import, run/import-NAME/. Killed, pup_workshop_sweep() ends
 * what the domain still does for it.
 */
#pragma once

#include "server/image/image.h"

typedef struct {
    PupPublishReport report;
    gboolean ran;   /* the domain was running */
    gboolean clean; /* and its file systems were frozen for the moment of the copy */
} PupDomainImport;

/* Import the disk @target (NULL: the only one) of @domain as the next version of master
 * @name. With shop->dry_run only tell. Errors: those of virt_backup.h and of
 * pup_master_import(). */
gboolean pup_master_import_domain(const PupWorkshop *shop, const char *name,
                                  const char *domain, const char *target,
                                  PupDomainImport *made, GError **error);
