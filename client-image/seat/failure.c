/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/failure.h"

#include <string.h>

#include "lib/error.h"

static const PupFailure away = {"SERVER-AWAY", PUP_SAY_SERVER_AWAY};

/* Failures that are called after what is the matter, whatever was tried. */
static const struct {
    PupErrorCode error;
    PupFailure failure;
} kinds[] = {
    {PUP_ERROR_DENIED, {"NOT-SIGNED", PUP_SAY_NOT_GENUINE}},
    {PUP_ERROR_UNSUPPORTED, {"NOT-SUPPORTED", PUP_SAY_NOT_ABLE}},
};

static const PupFailure no_memory = {"NO-MEMORY", PUP_SAY_NO_MEMORY};
static const PupFailure no_space = {"NO-SPACE", PUP_SAY_NO_SPACE};

static const PupFailure orders[] = {
    [PUP_ORDER_REGISTER] = {"REGISTER", PUP_SAY_BAD_ANSWER},
    [PUP_ORDER_LOAD] = {"VERSION", PUP_SAY_BAD_VERSION},
    [PUP_ORDER_DISK] = {"DISK", PUP_SAY_NO_DISK},
    [PUP_ORDER_GUEST] = {"GUEST", PUP_SAY_NO_GUEST},
    [PUP_ORDER_CLEAR] = {"CLEAR", PUP_SAY_NOT_CLEARED},
    [PUP_ORDER_NONE] = {"GUEST-CRASHED", PUP_SAY_CRASHED},
};

gboolean
pup_failure_is_absence(const GError *error)
{
    return g_error_matches(error, PUP_ERROR, PUP_ERROR_NET) ||
           g_error_matches(error, PUP_ERROR, PUP_ERROR_BUSY);
}

const PupFailure *
pup_failure_find(PupSeatOrder order, const GError *error)
{
    g_return_val_if_fail(order < G_N_ELEMENTS(orders) && orders[order].code,
                         &orders[PUP_ORDER_REGISTER]);
    if (pup_failure_is_absence(error))
        return &away;
    /* The memory is shared out with LOAD; what is full later is a disk. */
    if (g_error_matches(error, PUP_ERROR, PUP_ERROR_NO_SPACE))
        return order == PUP_ORDER_LOAD ? &no_memory : &no_space;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_error_matches(error, PUP_ERROR, (int) kinds[i].error))
            return &kinds[i].failure;
    return &orders[order];
}

/* The server tells the two apart in its words only (doc/http-api.md). */
gboolean
pup_failure_is_unpublished(const GError *error)
{
    return strstr(error->message, " has not been published") != NULL;
}

/* common/http.h puts URL and status before the server's own words. */
const char *
pup_failure_unknown_why(const GError *error)
{
    static const char mark[] = ": status 404: ";
    const char *own = strstr(error->message, mark);

    return own ? own + strlen(mark) : NULL;
}
