/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/kernel_line.h"

#include <string.h>

#include "lib/error.h"
#include "lib/ident.h"

#define PREFIX "pupitre."
#define HOST_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]"

char *
pup_server_url_parse(const char *url, GError **error)
{
    const char *host = g_str_has_prefix(url, "http://") ? url + strlen("http://") : NULL;
    size_t len = host ? strspn(host, HOST_CHARS) : 0;

    if (len == 0 || (host[len] != '\0' && strcmp(host + len, "/") != 0)) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' is not the address of a server (http://ADDRESS:PORT)", url);
        return NULL;
    }
    return g_strndup(url, (size_t) (host - url) + len);
}

static char *
parse_image(const char *value, GError **error)
{
    return pup_ident_check("client image", value, error) ? g_strdup(value) : NULL;
}

typedef char *(*ParseValue)(const char *value, GError **error);

static const struct {
    const char *key;
    ParseValue parse;
    size_t offset;
} keys[] = {
    {"server", pup_server_url_parse, G_STRUCT_OFFSET(PupKernelLine, server)},
    {"mac", pup_mac_parse, G_STRUCT_OFFSET(PupKernelLine, mac)},
    {"image", parse_image, G_STRUCT_OFFSET(PupKernelLine, image)},
};

/* Take the word KEY=VALUE; one whose key is not ours is passed over. */
static gboolean
take_word(PupKernelLine *line, const char *word, GError **error)
{
    const char *equals = strchr(word, '=');
    size_t key_len = equals ? (size_t) (equals - word) : strlen(word);

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        char **field = G_STRUCT_MEMBER_P(line, keys[i].offset);

        if (strlen(keys[i].key) != key_len || strncmp(keys[i].key, word, key_len) != 0)
            continue;
        if (*field) {
            pup_error_set(error, PUP_ERROR_INVALID,
                          "kernel line: " PREFIX "%s is given twice", keys[i].key);
            return FALSE;
        }
        *field = keys[i].parse(equals ? equals + 1 : "", error);
        if (!*field)
            g_prefix_error(error, "kernel line: " PREFIX "%s: ", keys[i].key);
        return *field != NULL;
    }
    return TRUE;
}

PupKernelLine *
pup_kernel_line_parse(const char *text, GError **error)
{
    g_autoptr(PupKernelLine) line = g_new0(PupKernelLine, 1);
    g_auto(GStrv) words = g_strsplit_set(text, " \t\n", -1);

    for (char **word = words; *word; word++) {
        if (g_str_has_prefix(*word, PREFIX) &&
            !take_word(line, *word + strlen(PREFIX), error))
            return NULL;
    }
    return g_steal_pointer(&line);
}

void
pup_kernel_line_free(PupKernelLine *line)
{
    if (!line)
        return;
    g_free(line->server);
    g_free(line->mac);
    g_free(line->image);
    g_free(line);
}
