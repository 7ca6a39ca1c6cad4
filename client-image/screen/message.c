/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/message.h"

#include <string.h>

#include "client-image/common/notify.h"
#include "lib/error.h"

/* What follows a verb. */
typedef enum { NOTHING, NUMBER, TEXT, OPTIONAL_TEXT, WORD_AND_TEXT } Arguments;

#define MORE " " PUP_NOTIFY_MORE " "

static const struct {
    const char *verb;
    PupMessageKind kind;
    Arguments arguments;
    gboolean has_more;
} verbs[] = {
    {"stage", PUP_MESSAGE_STAGE, TEXT, TRUE},
    {"progress", PUP_MESSAGE_PROGRESS, NUMBER, FALSE},
    {"info", PUP_MESSAGE_INFO, OPTIONAL_TEXT, FALSE},
    {"notice", PUP_MESSAGE_NOTICE, OPTIONAL_TEXT, TRUE},
    {"error", PUP_MESSAGE_ERROR, WORD_AND_TEXT, TRUE},
    {"mac", PUP_MESSAGE_MAC, WORD_AND_TEXT, TRUE},
    {"spice", PUP_MESSAGE_SPICE, WORD_AND_TEXT, FALSE},
    {"spice-off", PUP_MESSAGE_SPICE_OFF, NOTHING, FALSE},
    {"catch", PUP_MESSAGE_CATCH, OPTIONAL_TEXT, FALSE},
};

/* @line as text that can be drawn: see the header. New string. */
static char *
clean(const char *line)
{
    g_autofree char *valid = g_utf8_make_valid(line, -1);
    g_autoptr(GString) text = g_string_new(NULL);

    for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        gboolean blank = g_unichar_isspace(character) || g_unichar_iscntrl(character);
        if (!blank)
            g_string_append_unichar(text, character);
        else if (text->len > 0 && text->str[text->len - 1] != ' ')
            g_string_append_c(text, ' ');
    }
    return g_strchomp(g_string_free(g_steal_pointer(&text), FALSE));
}

static gboolean
parse_number(const char *text, int *number)
{
    gint64 value;

    if (g_str_equal(text, "-1")) {
        *number = -1;
        return TRUE;
    }
    if (!g_ascii_string_to_signed(text, 10, 0, 100, &value, NULL))
        return FALSE;
    *number = (int) value;
    return TRUE;
}

/* Put @rest, what follows the verb, into @message. FALSE: that is not what belongs. */
static gboolean
parse_arguments(PupMessage *message, Arguments arguments, const char *rest)
{
    const char *end = strchr(rest, ' ');

    if (arguments == NOTHING)
        return *rest == '\0';
    if (arguments == OPTIONAL_TEXT || arguments == TEXT) {
        g_free(message->text);
        message->text = g_strdup(rest);
        return arguments == OPTIONAL_TEXT || *rest != '\0';
    }
    if (arguments == NUMBER)
        return parse_number(rest, &message->progress);
    if (*rest == '\0')
        return FALSE;
    message->word = end != NULL ? g_strndup(rest, (gsize) (end - rest)) : g_strdup(rest);
    if (end != NULL) {
        g_free(message->text);
        message->text = g_strdup(end + 1);
    }
    return TRUE;
}

static void
split_more(PupMessage *message)
{
    char *more = strstr(message->text, MORE);

    if (more == NULL)
        return;
    g_free(message->more);
    message->more = g_strdup(more + strlen(MORE));
    *more = '\0';
}

PupMessage *
pup_message_parse(const char *line, GError **error)
{
    g_autofree char *text = clean(line);
    size_t verb_len = strcspn(text, " ");
    const char *rest = text[verb_len] == ' ' ? text + verb_len + 1 : "";

    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (strlen(verbs[i].verb) != verb_len || strncmp(verbs[i].verb, text, verb_len))
            continue;
        g_autoptr(PupMessage) message = g_new0(PupMessage, 1);
        message->kind = verbs[i].kind;
        message->text = g_strdup("");
        message->more = g_strdup("");
        if (parse_arguments(message, verbs[i].arguments, rest)) {
            if (verbs[i].has_more)
                split_more(message);
            return g_steal_pointer(&message);
        }
        pup_error_set(error, PUP_ERROR_INVALID, "message '%.60s': bad argument", text);
        return NULL;
    }
    pup_error_set(error, PUP_ERROR_INVALID, "message '%.60s': unknown word", text);
    return NULL;
}

void
pup_message_free(PupMessage *message)
{
    if (message == NULL)
        return;
    g_free(message->word);
    g_free(message->text);
    g_free(message->more);
    g_free(message);
}
