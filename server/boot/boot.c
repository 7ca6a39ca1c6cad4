/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/boot/boot.h"

#include <string.h>
#include "lib/template.h"

/* What error.ipxe has room for on a screen of 80 characters. */
#define ERROR_LINES 4
#define LINE_MAX_CHARS 62u

static char *
render(const PupBootSite *site, const char *script, const PupVars *vars, GError **error)
{
    g_autofree char *path =
        g_build_filename(site->data_dir, "ipxe-scripts", script, NULL);
    return pup_template_render_file(path, PUP_ESCAPE_SCRIPT, vars, error);
}

/* What all scripts have. */
static PupVars *
new_vars(const PupBootSite *site)
{
    PupVars *vars = pup_vars_new();
    pup_vars_set(vars, "url", site->url);
    pup_vars_setf(vars, "spread_s", "%u", site->spread_s);
    return vars;
}

/* The server as the helpdesk knows it. */
static void
set_server(PupVars *vars, const PupBootSite *site)
{
    const char *scheme_end = strstr(site->url, "://");
    pup_vars_set(vars, "server", scheme_end ? scheme_end + strlen("://") : site->url);
}

static char *
render_general(const PupBootSite *site, const char *script, GError **error)
{
    g_autoptr(PupVars) vars = new_vars(site);
    set_server(vars, site);
    return render(site, script, vars, error);
}

char *
pup_boot_first(const PupBootSite *site, GError **error)
{
    return render_general(site, "boot.ipxe", error);
}

char *
pup_boot_loader(const PupBootSite *site, GError **error)
{
    return render_general(site, "loader.ipxe", error);
}

/* The screen is the student's from the kernel's start on: no messages below a panic, no
 * cursor, letters of the size that the pages have where the text console is a frame
 * buffer, and otherwise the text mode that iPXE left (0x0f04), with its page in it. What
 * the admin adds comes later and counts. */
#define CALM "quiet loglevel=1 vt.global_cursor_default=0 fbcon=font:TER16x32 vga=0x0f04"

/* The client's kernel line, doc/http-api.md. */
static char *
kernel_args(const PupBootSite *site, const PupBootSeat *seat)
{
    GString *args = g_string_new(NULL);
    g_string_printf(
        args,
        "pupitre.server=%s pupitre.mac=%s pupitre.image=%s "
        "pupitre.root_sha256=%s pupitre.root_bytes=%" G_GUINT64_FORMAT " " CALM,
        site->url, seat->mac, seat->image, seat->root_sha256, seat->root_bytes);
    if (seat->kernel_args && *seat->kernel_args)
        g_string_append_printf(args, " %s", seat->kernel_args);
    return g_string_free(args, FALSE);
}

char *
pup_boot_seat(const PupBootSite *site, const PupBootSeat *seat, GError **error)
{
    g_autofree char *args = kernel_args(site, seat);
    g_autoptr(PupVars) vars = new_vars(site);
    set_server(vars, site);
    pup_vars_set(vars, "mac", seat->mac);
    pup_vars_set(vars, "image", seat->image);
    pup_vars_set(vars, "args", args);
    if (seat->seat)
        pup_vars_setf(vars, "who", "%s, room %s", seat->seat, seat->room);
    else
        pup_vars_setf(vars, "who", "Room %s", seat->room);
    return render(site, "seat.ipxe", vars, error);
}

char *
pup_boot_unknown(const PupBootSite *site, const char *mac, GError **error)
{
    g_autoptr(PupVars) vars = new_vars(site);
    pup_vars_set(vars, "mac", mac);
    return render(site, "unknown.ipxe", vars, error);
}

/* Put @text into the values line1 to line4, as much of it as they hold. */
static void
set_lines(PupVars *vars, const char *text)
{
    for (int i = 1; i <= ERROR_LINES; i++) {
        g_autofree char *key = g_strdup_printf("line%d", i);
        size_t len = strlen(text), take = MIN(len, LINE_MAX_CHARS);
        while (take < len && take > 0 && text[take] != ' ')
            take--;
        if (take == 0)
            take = MIN(len, LINE_MAX_CHARS);
        g_autofree char *line = g_strndup(text, take);
        pup_vars_set(vars, key, line);
        text += take;
        text += strspn(text, " ");
    }
}

char *
pup_boot_error(const PupBootSite *site, const char *mac, const char *message,
               GError **error)
{
    /* A message quotes names and paths; iPXE would take some of that for syntax. */
    g_autofree char *printable = g_str_to_ascii(message, "C");
    g_strcanon(printable,
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
               " .,:/@()=+-_[]?!",
               ' ');
    g_autoptr(PupVars) vars = new_vars(site);
    pup_vars_set(vars, "mac", mac);
    set_lines(vars, printable);
    return render(site, "error.ipxe", vars, error);
}
