/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/boot/boot.h"

#include "lib/template.h"

static char *
render(const PupBootSite *site, const char *script, const PupVars *vars, GError **error)
{
    g_autofree char *path =
        g_build_filename(site->data_dir, "ipxe-scripts", script, NULL);
    return pup_template_render_file(path, PUP_ESCAPE_SCRIPT, vars, error);
}

char *
pup_boot_first(const PupBootSite *site, GError **error)
{
    g_autoptr(PupVars) vars = pup_vars_new();
    pup_vars_set(vars, "url", site->url);
    return render(site, "boot.ipxe", vars, error);
}

/* The client's kernel line, doc/http-api.md. */
static char *
kernel_args(const PupBootSite *site, const PupBootSeat *seat)
{
    GString *args = g_string_new(NULL);
    g_string_printf(args,
                    "pupitre.server=%s pupitre.mac=%s pupitre.image=%s "
                    "pupitre.root_sha256=%s pupitre.root_bytes=%" G_GUINT64_FORMAT,
                    site->url, seat->mac, seat->image, seat->root_sha256,
                    seat->root_bytes);
    if (seat->kernel_args && *seat->kernel_args)
        g_string_append_printf(args, " %s", seat->kernel_args);
    return g_string_free(args, FALSE);
}

char *
pup_boot_seat(const PupBootSite *site, const PupBootSeat *seat, GError **error)
{
    g_autofree char *args = kernel_args(site, seat);
    g_autoptr(PupVars) vars = pup_vars_new();
    pup_vars_set(vars, "url", site->url);
    pup_vars_set(vars, "mac", seat->mac);
    pup_vars_set(vars, "image", seat->image);
    pup_vars_set(vars, "args", args);
    if (seat->seat)
        pup_vars_setf(vars, "who", "seat %s of room %s", seat->seat, seat->room);
    else
        pup_vars_setf(vars, "who", "room %s", seat->room);
    return render(site, "seat.ipxe", vars, error);
}

char *
pup_boot_unknown(const PupBootSite *site, const char *mac, GError **error)
{
    g_autoptr(PupVars) vars = pup_vars_new();
    pup_vars_set(vars, "url", site->url);
    pup_vars_set(vars, "mac", mac);
    return render(site, "unknown.ipxe", vars, error);
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
    g_autoptr(PupVars) vars = pup_vars_new();
    pup_vars_set(vars, "url", site->url);
    pup_vars_set(vars, "mac", mac);
    pup_vars_set(vars, "message", printable);
    return render(site, "error.ipxe", vars, error);
}
