/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pair that signs versions. The public half is in every client image, and PCs take
 * nothing that the secret half did not sign: a new pair is a new beginning for all of
 * them, so nobody is told to make one while versions are there.
 */
#include "server/check/check.h"

#include <sys/stat.h>

#include "lib/error.h"
#include "lib/file.h"

typedef struct {
    PupCheckup *checkup;
    char *sec_path, *pub_path;
    PupSecretKey *sec;
    PupPublicKey *pub;
} Keys;

static GBytes *
read_half(Keys *keys, const char *path, gboolean *missing)
{
    g_autoptr(GError) why = NULL;
    GBytes *text = pup_file_read(path, PUP_SIGNATURE_TEXT_MAX, &why);

    *missing = g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND);
    if (why && !*missing)
        pup_checkup_add(
            keys->checkup, PUP_FINDING_DAMAGE, g_strdup("signing key"),
            g_strdup(why->message),
            g_strdup_printf("make '%s' readable, or restore it from a backup", path));
    return text;
}

static void
blame_half(Keys *keys, const char *path, const GError *why)
{
    pup_checkup_add(keys->checkup, PUP_FINDING_DAMAGE, g_strdup("signing key"),
                    g_strdup_printf("'%s' is no key: %s", path, why->message),
                    g_strdup("restore it from a backup"));
}

static gboolean
read_secret(Keys *keys)
{
    g_autoptr(GError) why = NULL;
    gboolean missing;
    g_autoptr(GBytes) text = read_half(keys, keys->sec_path, &missing);

    if (text)
        keys->sec = pup_secret_key_parse(g_bytes_get_data(text, NULL),
                                         g_bytes_get_size(text), &why);
    if (why)
        blame_half(keys, keys->sec_path, why);
    return missing;
}

static gboolean
read_public(Keys *keys)
{
    g_autoptr(GError) why = NULL;
    gboolean missing;
    g_autoptr(GBytes) text = read_half(keys, keys->pub_path, &missing);

    if (text)
        keys->pub = pup_public_key_parse(g_bytes_get_data(text, NULL),
                                         g_bytes_get_size(text), &why);
    if (why)
        blame_half(keys, keys->pub_path, why);
    return missing;
}

/* Both were read. */
static void
check_pair(Keys *keys)
{
    g_autoptr(PupPublicKey) public = pup_secret_key_public(keys->sec);
    g_autofree char *derived = pup_public_key_format(public);
    g_autofree char *there = pup_public_key_format(keys->pub);

    if (strcmp(derived, there) != 0)
        pup_checkup_add(
            keys->checkup, PUP_FINDING_DAMAGE, g_strdup("signing key"),
            g_strdup_printf("'%s' and '%s' are no pair", keys->sec_path, keys->pub_path),
            g_strdup("restore both from the backup that the PCs' client image was built "
                     "with"));
}

static void
check_mode(Keys *keys)
{
    struct stat st;

    if (stat(keys->sec_path, &st) < 0 || (st.st_mode & 077) == 0)
        return;
    pup_checkup_add(keys->checkup, PUP_FINDING_WARNING, g_strdup("signing key"),
                    g_strdup_printf("'%s' can be read by others", keys->sec_path),
                    g_strdup_printf("run `chmod 600 %s`", keys->sec_path));
}

static void
say_missing(Keys *keys, gboolean no_sec, gboolean no_pub)
{
    if (no_sec)
        pup_checkup_add(
            keys->checkup, PUP_FINDING_DAMAGE, g_strdup("signing key"),
            g_strdup_printf("there is no '%s': nothing can be published", keys->sec_path),
            g_strdup("restore it from a backup: no other key will do for the "
                     "PCs and versions that are there"));
    else if (no_pub)
        pup_checkup_add(keys->checkup, PUP_FINDING_WARNING, g_strdup("signing key"),
                        g_strdup_printf("there is no '%s', which client images are built "
                                        "with",
                                        keys->pub_path),
                        g_strdup("run `pupitre init`, which makes it out of the secret "
                                 "half"));
}

void
pup_check_keys(PupCheckup *checkup)
{
    Keys keys = {.checkup = checkup};
    gboolean no_sec, no_pub;

    keys.sec_path = pup_settings_path(checkup->shop->settings, "keys/server.sec");
    keys.pub_path = pup_settings_path(checkup->shop->settings, "keys/server.pub");
    no_sec = read_secret(&keys);
    no_pub = read_public(&keys);
    say_missing(&keys, no_sec, no_pub);
    if (keys.sec && keys.pub)
        check_pair(&keys);
    check_mode(&keys);
    pup_secret_key_free(keys.sec);
    pup_public_key_free(keys.pub);
    g_free(keys.sec_path);
    g_free(keys.pub_path);
}
