/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template - strict text templates
 *
 *     {{key}}                 the value, escaped for where it lands
 *     {{#flag}} ... {{/flag}} kept when the flag is on (mustache's section)
 *     {{^flag}} ... {{/flag}} kept when it is off
 *     {{! comment }}          dropped
 *
 * Keys are a-z A-Z 0-9 _ - . without blanks. A tag that stands alone on its line
 * (section, comment) takes the whole line with it. An unknown key (in a section that is
 * off too), a text that was given and stands nowhere in the template, an unclosed
 * section: INVALID with "NAME:LINE: ...". A value that cannot be written safely in the
 * target's syntax is INVALID with its key; nothing is ever passed through unescaped.
 *
 * Pure; any thread.
 */
#pragma once

#include <glib.h>

/* Control characters and what is not UTF-8 are refused everywhere. */
typedef enum {
    PUP_ESCAPE_XML,    /* & < > " ' become entities */
    PUP_ESCAPE_SCRIPT, /* iPXE, GRUB, pxelinux: refuses $ ` ' " \ { } ; # | & < >; blanks
                          are allowed */
    PUP_ESCAPE_CONF,   /* dnsmasq, systemd units, INI: refuses # $ % ' " \ */
    PUP_ESCAPE_NONE,   /* plain text for people */
} PupEscape;

/* TRUE when @text can be written with @escape: for whoever reads a value from an admin
 * and wants to say so early. */
gboolean pup_escape_accepts(PupEscape escape, const char *text);

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

/* Put in what @vars knows and leave everything else for another rendering: sections and
 * values of other names, and comments. What the template does not hold need not be there.
 * New string, NULL on error: INVALID. */
char *pup_template_settle(const char *name, const char *text, PupEscape escape,
                          const PupVars *vars, GError **error);

/* Render the file @path (its base name goes into messages). Errors: INVALID, those of
 * pup_file_read(). */
char *pup_template_render_file(const char *path, PupEscape escape, const PupVars *vars,
                               GError **error);
