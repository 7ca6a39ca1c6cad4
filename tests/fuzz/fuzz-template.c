/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lib/template.h"
#include "tests/fuzz/fuzz.h"

/* The template is the input, and one of its values is too. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const PupEscape escapes[] = {PUP_ESCAPE_XML, PUP_ESCAPE_SCRIPT,
                                        PUP_ESCAPE_CONF, PUP_ESCAPE_NONE};
    g_autofree char *text = g_strndup((const char *) data, size);
    g_autoptr(PupVars) vars = pup_vars_new();

    pup_vars_set(vars, "key", text);
    pup_vars_flag(vars, "flag", size % 2);
    for (unsigned i = 0; i < G_N_ELEMENTS(escapes); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *rendered =
            pup_template_render("fuzz", text, escapes[i], vars, &error);
        fuzz_check(rendered != NULL, &error);
        g_autofree char *settled =
            pup_template_settle("fuzz", text, escapes[i], vars, &error);
        fuzz_check(settled != NULL, &error);
    }
    return 0;
}
