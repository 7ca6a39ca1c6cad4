/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/virt_xml.h"

#include <string.h>

#include "lib/error.h"

void
pup_virt_owner_clear(PupVirtOwner *owner)
{
    g_clear_pointer(&owner->state_dir, g_free);
    g_clear_pointer(&owner->place, g_free);
}

void
pup_virt_facts_clear(PupVirtFacts *facts)
{
    pup_virt_owner_clear(&facts->owner);
    g_clear_pointer(&facts->spice, g_free);
}

char *
pup_virt_xml_own(const char *xml, const PupVirtOwner *owner, GError **error)
{
    const char *end = g_strrstr(xml, "</domain>");
    g_autofree char *metadata = g_markup_printf_escaped(
        "<metadata><pupitre:owner xmlns:pupitre='" PUP_VIRT_NAMESPACE
        "' state='%s' place='%s'/></metadata>\n",
        owner->state_dir, owner->place);

    if (!end) {
        pup_error_set(error, PUP_ERROR_INVALID, "the description is no <domain>");
        return NULL;
    }
    return g_strdup_printf("%.*s%s%s", (int) (end - xml), xml, metadata, end);
}

static const char *
attribute(const char **names, const char **values, const char *name)
{
    for (unsigned i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return values[i];
    return NULL;
}

static char *
spice_address(const char **names, const char **values)
{
    const char *port = attribute(names, values, "port");
    const char *host = attribute(names, values, "listen");
    const char *socket = attribute(names, values, "socket");

    if (g_strcmp0(attribute(names, values, "type"), "spice") != 0)
        return NULL;
    if (socket)
        return g_strdup_printf("spice+unix://%s", socket);
    if (!port || strcmp(port, "-1") == 0)
        return NULL;
    return g_strdup_printf("spice://%s:%s", host && *host ? host : "127.0.0.1", port);
}

static void
start_element(GMarkupParseContext *context, const char *element, const char **names,
              const char **values, gpointer user, GError **error)
{
    PupVirtFacts *facts = user;

    if (g_str_has_suffix(element, ":owner") && !facts->owner.state_dir) {
        facts->owner.state_dir = g_strdup(attribute(names, values, "state"));
        facts->owner.place = g_strdup(attribute(names, values, "place"));
    } else if (strcmp(element, "graphics") == 0 && !facts->spice) {
        facts->spice = spice_address(names, values);
    } else if (strcmp(element, "target") == 0 &&
               g_strcmp0(attribute(names, values, "name"), "org.qemu.guest_agent.0") ==
                   0) {
        facts->agent = g_strcmp0(attribute(names, values, "state"), "connected") == 0;
    }
}

static gboolean
parse(const char *xml, const GMarkupParser *parser, gpointer user, GError **error)
{
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(parser, 0, user, NULL);
    g_autoptr(GError) bad = NULL;

    if (g_markup_parse_context_parse(context, xml, -1, &bad) &&
        g_markup_parse_context_end_parse(context, &bad))
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID, "libvirt's description: %s", bad->message);
    return FALSE;
}

gboolean
pup_virt_xml_read(const char *xml, PupVirtFacts *facts, GError **error)
{
    static const GMarkupParser parser = {.start_element = start_element};
    g_auto(PupVirtFacts) found = {0};

    if (!parse(xml, &parser, &found, error))
        return FALSE;
    *facts = found;
    memset(&found, 0, sizeof found);
    return TRUE;
}

typedef struct {
    const char *name;
    char *text;
} Wanted;

static void
take_text(GMarkupParseContext *context, const char *text, gsize len, gpointer user,
          GError **error)
{
    Wanted *wanted = user;

    if (!wanted->text &&
        strcmp(g_markup_parse_context_get_element(context), wanted->name) == 0)
        wanted->text = g_strndup(text, len);
}

char *
pup_virt_xml_text(const char *xml, const char *name)
{
    static const GMarkupParser parser = {.text = take_text};
    Wanted wanted = {.name = name};

    parse(xml, &parser, &wanted, NULL);
    return wanted.text;
}

char *
pup_virt_xml_pool(const char *name, const char *path)
{
    return g_markup_printf_escaped("<pool type='dir'><name>%s</name>"
                                   "<target><path>%s</path></target></pool>\n",
                                   name, path);
}
