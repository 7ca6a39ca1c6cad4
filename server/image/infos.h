/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * infos - what qemu-img said of each file, for as long as the file is the same
 *
 * Whoever follows what stands on what comes by the same masters and layers again and
 * again, and each answer costs a process. pup_file_is_same() says what is the same.
 * Threads: any.
 */
#pragma once

#include "server/image/image.h"
#include "server/image/qemu_img.h"

PupImageInfos *pup_image_infos_new(void);
void pup_image_infos_free(PupImageInfos *infos);

/* pup_image_info() of the qcow2 @path, from @shop's memory where it has one. New; errors
 * are not remembered. */
PupImageInfo *pup_image_infos_ask(const PupWorkshop *shop, const char *path,
                                  GError **error);
