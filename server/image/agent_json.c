/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/agent_json.h"

#include <jansson.h>
#include <stdlib.h>

#include "lib/error.h"
#include "lib/json.h"

/* {"execute": @command, "arguments": @arguments}; takes @arguments over. */
static char *
command_text(const char *command, json_t *arguments)
{
    g_autoptr(PupJsonValue) root = json_pack("{s:s}", "execute", command);
    char *text;
    char *copy;

    if (arguments)
        json_object_set_new(root, "arguments", arguments);
    text = json_dumps(root, JSON_COMPACT);
    copy = g_strdup(text);
    free(text);
    return copy;
}

char *
pup_agent_json_ping(void)
{
    return command_text("guest-ping", NULL);
}

char *
pup_agent_json_open(const char *path)
{
    return command_text("guest-file-open",
                        json_pack("{s:s, s:s}", "path", path, "mode", "w"));
}

char *
pup_agent_json_write(gint64 handle, const void *bytes, gsize len)
{
    g_autofree char *text = g_base64_encode(bytes, len);

    return command_text(
        "guest-file-write",
        json_pack("{s:I, s:s}", "handle", (json_int_t) handle, "buf-b64", text));
}

char *
pup_agent_json_close(gint64 handle)
{
    return command_text("guest-file-close",
                        json_pack("{s:I}", "handle", (json_int_t) handle));
}

char *
pup_agent_json_exec(const char *const *argv)
{
    json_t *args = json_array();

    for (unsigned i = 1; argv[i]; i++)
        json_array_append_new(args, json_string(argv[i]));
    return command_text("guest-exec", json_pack("{s:s, s:o, s:b}", "path", argv[0], "arg",
                                                args, "capture-output", 1));
}

char *
pup_agent_json_exec_status(gint64 pid)
{
    return command_text("guest-exec-status", json_pack("{s:I}", "pid", (json_int_t) pid));
}

static gboolean
refuse(const char *answer, GError **error)
{
    pup_error_set(error, PUP_ERROR_INVALID,
                  "the guest agent's answer is not understood: %.200s", answer);
    return FALSE;
}

/* The "return" of @answer, borrowed from *@root. */
static json_t *
read_return(const char *answer, json_t **root)
{
    *root = json_loads(answer, 0, NULL);
    return json_object_get(*root, "return");
}

/* An integer: "return" itself, or its member @key. */
static gboolean
read_number(const char *answer, const char *key, gint64 *number, GError **error)
{
    g_autoptr(PupJsonValue) root = NULL;
    json_t *value = read_return(answer, &root);

    if (key)
        value = json_object_get(value, key);
    if (!json_is_integer(value))
        return refuse(answer, error);
    *number = json_integer_value(value);
    return TRUE;
}

gboolean
pup_agent_json_read_handle(const char *answer, gint64 *handle, GError **error)
{
    return read_number(answer, NULL, handle, error);
}

gboolean
pup_agent_json_read_pid(const char *answer, gint64 *pid, GError **error)
{
    return read_number(answer, "pid", pid, error);
}

gboolean
pup_agent_json_read_count(const char *answer, gint64 *count, GError **error)
{
    return read_number(answer, "count", count, error);
}

void
pup_agent_status_clear(PupAgentStatus *status)
{
    g_clear_pointer(&status->output, g_byte_array_unref);
}

static void
append_base64(GByteArray *output, const json_t *value)
{
    const char *text = json_string_value(value);
    gsize len = 0;
    g_autofree guchar *bytes = text && *text ? g_base64_decode(text, &len) : NULL;

    if (bytes)
        g_byte_array_append(output, bytes, (guint) len);
}

gboolean
pup_agent_json_read_status(const char *answer, PupAgentStatus *status, GError **error)
{
    g_autoptr(PupJsonValue) root = NULL;
    json_t *value = read_return(answer, &root);
    json_t *exited = json_object_get(value, "exited");
    json_t *number = json_object_get(value, "signal");
    json_t *code = json_object_get(value, "exitcode");

    if (!json_is_boolean(exited))
        return refuse(answer, error);
    status->exited = json_is_true(exited);
    status->exit_status = (int) json_integer_value(code);
    if (json_is_integer(number))
        status->exit_status = 128 + (int) json_integer_value(number);
    status->output = g_byte_array_new();
    append_base64(status->output, json_object_get(value, "out-data"));
    append_base64(status->output, json_object_get(value, "err-data"));
    status->truncated = json_is_true(json_object_get(value, "out-truncated")) ||
                        json_is_true(json_object_get(value, "err-truncated"));
    return TRUE;
}
