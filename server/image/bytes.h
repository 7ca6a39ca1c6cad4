/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bytes - integers of the headers that disk images have, at any alignment
 */
#pragma once

#include <glib.h>
#include <string.h>

static inline guint32
pup_le32(const guint8 *p)
{
    guint32 value;

    memcpy(&value, p, sizeof value);
    return GUINT32_FROM_LE(value);
}

static inline guint64
pup_le64(const guint8 *p)
{
    guint64 value;

    memcpy(&value, p, sizeof value);
    return GUINT64_FROM_LE(value);
}

static inline guint32
pup_be32(const guint8 *p)
{
    guint32 value;

    memcpy(&value, p, sizeof value);
    return GUINT32_FROM_BE(value);
}

static inline guint64
pup_be64(const guint8 *p)
{
    guint64 value;

    memcpy(&value, p, sizeof value);
    return GUINT64_FROM_BE(value);
}
