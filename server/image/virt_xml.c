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

static void
disk_free(gpointer data)
{
    PupVirtDisk *disk = data;

    g_free(disk->target);
    g_free(disk->source);
    g_free(disk->format);
    g_free(disk);
}

typedef struct {
    GPtrArray *disks;
    PupVirtDisk *disk; /* whose element is open, or NULL */
} Disks;

/* TRUE when the open element stands in one called @name. */
static gboolean
is_in(GMarkupParseContext *context, const char *name)
{
    const GSList *stack = g_markup_parse_context_get_element_stack(context);

    return stack->next && strcmp(stack->next->data, name) == 0;
}

static void
start_of_disk(GMarkupParseContext *context, const char *element, const char **names,
              const char **values, gpointer user, GError **error)
{
    Disks *found = user;
    const char *device = attribute(names, values, "device");
    PupVirtDisk *disk = found->disk;

    if (strcmp(element, "disk") == 0 && is_in(context, "devices") &&
        (!device || strcmp(device, "disk") == 0)) {
        found->disk = g_new0(PupVirtDisk, 1);
        g_ptr_array_add(found->disks, found->disk);
    } else if (!disk || !is_in(context, "disk")) {
        return; /* of a backing file, or of a copy that is under way */
    } else if (strcmp(element, "target") == 0 && !disk->target) {
        disk->target = g_strdup(attribute(names, values, "dev"));
    } else if (strcmp(element, "driver") == 0 && !disk->format) {
        disk->format = g_strdup(attribute(names, values, "type"));
    } else if (strcmp(element, "source") == 0 && !disk->source) {
        const char *file = attribute(names, values, "file");
        disk->source = g_strdup(file ? file : attribute(names, values, "dev"));
    }
}

static void
end_of_disk(GMarkupParseContext *context, const char *element, gpointer user,
            GError **error)
{
    Disks *found = user;

    if (strcmp(element, "disk") == 0)
        found->disk = NULL;
}

GPtrArray *
pup_virt_xml_disks(const char *xml, GError **error)
{
    static const GMarkupParser parser = {.start_element = start_of_disk,
                                         .end_element = end_of_disk};
    g_autoptr(GPtrArray) disks = g_ptr_array_new_with_free_func(disk_free);
    Disks found = {.disks = disks};

    if (!parse(xml, &parser, &found, error))
        return NULL;
    for (unsigned i = disks->len; i > 0; i--)
        if (!((PupVirtDisk *) g_ptr_array_index(disks, i - 1))->target)
            g_ptr_array_remove_index(disks, i - 1);
    return g_steal_pointer(&disks);
}

char *
pup_virt_xml_backup(const GPtrArray *disks, const char *target, const char *socket,
                    const char *scratch)
{
    g_autoptr(GString) xml = g_string_new("<domainbackup mode='pull'>");
    g_autofree char *server =
        g_markup_printf_escaped("<server transport='unix' socket='%s'/><disks>", socket);

    g_string_append(xml, server);
    for (unsigned i = 0; i < disks->len; i++) {
        const PupVirtDisk *disk = g_ptr_array_index(disks, i);
        g_autofree char *text =
            strcmp(disk->target, target) == 0
                ? g_markup_printf_escaped(
                      "<disk name='%s' backup='yes' type='file' exportname='%s'>"
                      "<driver type='qcow2'/><scratch file='%s'/></disk>",
                      target, target, scratch)
                : g_markup_printf_escaped("<disk name='%s' backup='no'/>", disk->target);
        g_string_append(xml, text);
    }
    g_string_append(xml, "</disks></domainbackup>");
    return g_string_free(g_steal_pointer(&xml), FALSE);
}
