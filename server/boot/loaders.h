/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loaders - the folder of first loaders, for TFTP and UEFI HTTP boot
 *
 * Copies of what the distribution's ipxe package installs, so that the folder can be
 * handed to dnsmasq as it is and nothing else of the system is reachable through it.
 */
#pragma once

#include <glib.h>

/* Make @tftp_dir and copy the loaders there that are missing or not the package's present
 * ones. Errors: NOT_FOUND (the package is not installed: says so), file errors. */
gboolean pup_loaders_prepare(const char *tftp_dir, GError **error);

/* TRUE when @name is a loader that may be served. */
gboolean pup_loaders_known(const char *name);

/* TRUE when every user of the system may enter @dir, so that dnsmasq can drop its
 * privileges and still read it. */
gboolean pup_loaders_public(const char *dir);
