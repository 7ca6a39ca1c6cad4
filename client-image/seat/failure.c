/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/failure.h"

#include <string.h>

#include "lib/error.h"

/* Failures that are called the same whatever was tried. */
static const struct {
    PupErrorCode error;
    const char *code;
    const char *words; /* NULL: the error's own */
} kinds[] = {
    {PUP_ERROR_DENIED, "NOT-SIGNED",
     "What the server sent is not signed with the right key, so it is not used"},
    {PUP_ERROR_NO_SPACE, "NO-MEMORY", NULL},
    {PUP_ERROR_UNSUPPORTED, "NOT-SUPPORTED", NULL},
};

static const struct {
    const char *code;
    const char *words;
} orders[] = {
    [PUP_ORDER_REGISTER] = {"REGISTER", "The server's answer makes no sense"},
    [PUP_ORDER_LOAD] = {"VERSION", "The room's version cannot be used"},
    [PUP_ORDER_DISK] = {"DISK", "The room's disk cannot be prepared"},
    [PUP_ORDER_GUEST] = {"GUEST", "The virtual machine does not start"},
    [PUP_ORDER_CLEAR] = {"CLEAR", "Cleaning up failed"},
    [PUP_ORDER_NONE] = {"GUEST-CRASHED", "The virtual machine ended unexpectedly"},
};

gboolean
pup_failure_is_absence(const GError *error)
{
    return g_error_matches(error, PUP_ERROR, PUP_ERROR_NET) ||
           g_error_matches(error, PUP_ERROR, PUP_ERROR_BUSY);
}

static int
find_kind(const GError *error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_error_matches(error, PUP_ERROR, (int) kinds[i].error))
            return (int) i;
    }
    return -1;
}

const char *
pup_failure_code(PupSeatOrder order, const GError *error)
{
    int kind = find_kind(error);

    g_return_val_if_fail(order < G_N_ELEMENTS(orders) && orders[order].code, "UNKNOWN");
    if (pup_failure_is_absence(error))
        return "SERVER-AWAY";
    return kind >= 0 ? kinds[kind].code : orders[order].code;
}

char *
pup_failure_words(PupSeatOrder order, const GError *error, const char *server)
{
    int kind = find_kind(error);
    const char *words;

    g_return_val_if_fail(order < G_N_ELEMENTS(orders) && orders[order].words, NULL);
    if (pup_failure_is_absence(error))
        return g_strdup_printf("The server %s does not answer. This PC keeps trying.",
                               server);
    words = kind >= 0 ? kinds[kind].words : orders[order].words;
    return words ? g_strdup_printf("%s: %s.", words, error->message)
                 : g_strdup(error->message);
}

/* common/http.h puts URL and status before the server's own words. */
char *
pup_failure_unknown_words(const GError *error)
{
    static const char mark[] = ": status 404: ";
    const char *own = strstr(error->message, mark);

    return own ? g_strdup(own + strlen(mark))
               : g_strdup("This PC belongs to no room yet. Please give the "
                          "administrator its address.");
}
