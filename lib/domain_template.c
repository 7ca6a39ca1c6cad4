/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/domain_template.h"

#include "lib/template.h"

char *
pup_domain_template_settle(const char *text, const PupRoomProfile *profile,
                           const char *rule, GError **error)
{
    g_autoptr(PupVars) vars = pup_vars_new();

    g_return_val_if_fail(pup_room_profile_wants_local_time(profile) == (rule != NULL),
                         NULL);
    pup_vars_flag(vars, "localtime", rule != NULL);
    pup_vars_flag(vars, "bridge", profile->guest.net == PUP_NET_BRIDGE);
    pup_vars_flag(vars, "kept", profile->guest.kept);
    pup_vars_flag(vars, "shares", profile->shares != NULL);
    if (profile->shares)
        pup_vars_set(vars, "shares", profile->shares);
    if (rule)
        pup_vars_set(vars, "timezone", rule);
    return pup_template_settle("domain.xml", text, PUP_ESCAPE_XML, vars, error);
}
