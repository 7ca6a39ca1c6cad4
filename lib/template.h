/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template - strict text templates
 *
 *     {{key}}                 the value, escaped for where it lands
 *     {{#flag}} ... {{/flag}} kept when the flag is on (mustache's section)
 *     {{^flag}} ... {{/flag}} kept when it is off
 *     {{! comment }}          dropped
 *
 * A tag that stands alone on its line (section, comment) takes the whole line with it. An
 * unknown key, a key that was given and never used, an unclosed section: INVALID with
 * "NAME:LINE: ...". A value that cannot be written safely in the target's syntax is
 * INVALID with its key; nothing is ever passed through unescaped.
 *
 * Pure; any thread.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_ESCAPE_XML,    /* & < > " ' escaped; control characters refused */
    PUP_ESCAPE_SCRIPT, /* iPXE, GRUB, pxelinux: no control characters, $ ` ' " \ { } ; # |
                          & ; blanks are allowed */
    PUP_ESCAPE_CONF,   /* dnsmasq, systemd units, INI: no control characters, no # */
    PUP_ESCAPE_NONE,   /* plain text for people; control characters refused */
} PupEscape;

typedef struct PupVars PupVars;

PupVars *pup_vars_new(void);
void pup_vars_free(PupVars *vars);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupVars, pup_vars_free)
/* Set the text (copied) of {{key}}. */
void pup_vars_set(PupVars *vars, const char *key, const char *text);
void pup_vars_setf(PupVars *vars, const char *key, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* Set a flag for sections. */
void pup_vars_flag(PupVars *vars, const char *key, gboolean on);

/* Render @text; @name is the template's name for messages. A flag that the template does
 * not use is fine (templates of one family share flags), an unused text is not. New
 * string, NULL on error: INVALID. */
char *pup_template_render(const char *name, const char *text, PupEscape escape,
                          const PupVars *vars, GError **error);

/* Render the file @path (its base name goes into messages). Errors: INVALID, those of
 * pup_file_read(). */
char *pup_template_render_file(const char *path, PupEscape escape, const PupVars *vars,
                               GError **error);
