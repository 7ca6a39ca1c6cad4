/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/name.h"

#include "lib/error.h"

#include <openssl/evp.h>

/* Fetched once: OpenSSL 3 looks an algorithm up by its text at every EVP_sha256() use. */
static gpointer
fetch_sha256(gpointer unused)
{
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!md)
        g_error("libcrypto has no SHA-256");
    return md;
}

void
pup_name_of(const void *data, size_t len, PupName *name)
{
    static GOnce once = G_ONCE_INIT;
    const EVP_MD *md = g_once(&once, fetch_sha256, NULL);
    if (!EVP_Digest(data, len, name->bytes, NULL, md, NULL))
        g_error("SHA-256 failed: out of memory");
}

guint
pup_name_hash(gconstpointer name)
{
    /* A SHA-256 is as good a hash as there is: any four bytes of it do. */
    guint hash;
    memcpy(&hash, ((const PupName *) name)->bytes, sizeof hash);
    return hash;
}

gboolean
pup_name_hash_equal(gconstpointer a, gconstpointer b)
{
    return pup_name_equal(a, b);
}

void
pup_name_to_hex(const PupName *name, char hex[PUP_NAME_HEX_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < PUP_NAME_BYTES; i++) {
        hex[2 * i] = digits[name->bytes[i] >> 4];
        hex[2 * i + 1] = digits[name->bytes[i] & 15];
    }
    hex[PUP_NAME_HEX_LEN] = '\0';
}

static int
digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

gboolean
pup_name_from_hex(const char *hex, size_t len, PupName *name, GError **error)
{
    PupName parsed;
    gboolean ok = len == PUP_NAME_HEX_LEN;
    for (unsigned i = 0; ok && i < PUP_NAME_BYTES; i++) {
        int high = digit_value(hex[2 * i]), low = digit_value(hex[2 * i + 1]);
        ok = high >= 0 && low >= 0;
        if (ok)
            parsed.bytes[i] = (guint8) (high << 4 | low);
    }
    if (!ok) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "a chunk name is 64 lower-case hex digits");
        return FALSE;
    }
    *name = parsed;
    return TRUE;
}
