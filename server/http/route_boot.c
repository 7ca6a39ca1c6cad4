/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a PC fetches before it runs anything of ours. A script is always a 200: firmware
 * shows nothing of an error's body, so what went wrong is itself a script.
 */
#include "config.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/boot/client_image.h"
#include "server/boot/loaders.h"
#include "server/http/routes.h"
#include "server/log.h"

/* Seconds that a PC's pauses may be longer than another's. */
#define SPREAD_S 6

static PupBootSite
boot_site(const PupService *service)
{
    return (PupBootSite){service->data_dir, service->url,
                         (unsigned) g_random_int_range(0, SPREAD_S)};
}

typedef char *(*RenderFunc)(const PupBootSite *site, GError **error);

/* A script that is the same for every PC. */
static gboolean
send_general(PupService *service, RenderFunc render, PupResponse *res, GError **error)
{
    pup_service_settings(service);
    PupBootSite site = boot_site(service);
    char *text = render(&site, error);
    pup_service_done(service);
    if (text)
        pup_response_text(res, "text/plain", text);
    return text != NULL;
}

gboolean
pup_get_first_script(gpointer data, const PupRequest *req, PupResponse *res,
                     GError **error)
{
    return send_general(data, pup_boot_first, res, error);
}

gboolean
pup_get_loader_script(gpointer data, const PupRequest *req, PupResponse *res,
                      GError **error)
{
    return send_general(data, pup_boot_loader, res, error);
}

/* The script of a PC that has a room. */
static char *
seat_script(PupService *service, const char *mac, const char *room, const char *seat,
            GError **error)
{
    const PupSettings *settings = pup_service_settings(service);
    PupBootSite site = boot_site(service);
    g_autofree char *images = pup_settings_path(settings, "client-image");
    g_autoptr(PupClientImage) image = pup_client_image_current(images, error);
    char *text = NULL;
    if (image) {
        PupBootSeat boot = {mac,
                            room,
                            seat,
                            image->id,
                            image->root_sha256,
                            image->root_bytes,
                            settings->kernel_args};
        text = pup_boot_seat(&site, &boot, error);
    }
    pup_service_done(service);
    return text;
}

static char *
unknown_script(PupService *service, const char *mac, GError **error)
{
    pup_service_settings(service);
    PupBootSite site = boot_site(service);
    char *text = pup_boot_unknown(&site, mac, error);
    pup_service_done(service);
    return text;
}

static char *
problem_script(PupService *service, const char *mac, const char *message, GError **error)
{
    pup_service_settings(service);
    PupBootSite site = boot_site(service);
    char *text = pup_boot_error(&site, mac, message, error);
    pup_service_done(service);
    return text;
}

/* The first asking of a boot counts; a script that waits asks with ?again=1, which must
 * fill neither log nor catalog, but says that the PC is still there. */
static void
record_asking(PupService *service, const PupRequest *req, const char *mac,
              const char *room, const GError *why)
{
    g_autofree char *again = pup_request_query(req, "again");
    gboolean told = FALSE;
    if (req->head)
        return;
    if (!again) {
        told =
            pup_service_stage(service, mac, PUP_STAGE_LOADER, why ? why->message : NULL);
        pup_dhcp_log_loaded(service->dhcp_log, mac);
    }
    if (why && told)
        pup_log(LOG_WARNING, "not-served", "mac", mac, "message", why->message, NULL);
    if (why)
        pup_service_waits(service, req, mac, room, why->message);
}

gboolean
pup_get_script(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    PupService *service = data;
    g_autofree char *mac = pup_mac_parse(req->args[0], error);
    if (!mac)
        return FALSE;
    g_autofree char *room = NULL;
    g_autofree char *seat = NULL;
    g_autoptr(GError) why = NULL;
    char *text = NULL;
    gboolean known = pup_service_find_seat(service, mac, &room, &seat, &why);
    if (known)
        text = seat_script(service, mac, room, seat, &why);
    record_asking(service, req, mac, room, why);
    if (!text && !known && g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        text = unknown_script(service, mac, error);
    else if (!text)
        text = problem_script(service, mac, why->message, error);
    if (text)
        pup_response_text(res, "text/plain", text);
    return text != NULL;
}

static gboolean
send_file(PupService *service, const PupRequest *req, PupResponse *res, const char *sub,
          char *etag, GError **error)
{
    g_autofree char *path = pup_settings_path(pup_service_settings(service), sub);
    pup_service_done(service);
    g_autofree char *owned_etag = etag;
    guint64 size;
    int fd = pup_file_open(path, &size, error);
    if (fd < 0)
        return FALSE;
    pup_response_file(res, req, fd, size, g_steal_pointer(&owned_etag));
    return TRUE;
}

/* Who fetches what tells how far a PC has come; of a file fetched in parts, the first
 * one. */
static void
record_fetch(PupService *service, const PupRequest *req, const PupResponse *res,
             const char *file)
{
    if (req->head || res->fd < 0 || res->offset > 0)
        return;
    g_autofree char *text = pup_request_query(req, "mac");
    g_autofree char *mac = text ? pup_mac_parse(text, NULL) : NULL;
    if (!mac)
        return;
    /* A kernel is on its way: whatever kept the PC from booting is over. */
    if (g_str_equal(file, "vmlinuz"))
        pup_service_stage(service, mac, PUP_STAGE_KERNEL, "");
    else if (g_str_equal(file, "root.img"))
        pup_service_stage(service, mac, PUP_STAGE_CLIENT_IMAGE, NULL);
}

gboolean
pup_get_image_file(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    PupService *service = data;
    const char *id = req->args[0], *file = req->args[1];
    if (!pup_ident_check("client image", id, error))
        return FALSE;
    if (!pup_client_image_has(file)) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "a client image has no '%s'", file);
        return FALSE;
    }
    g_autofree char *sub = g_build_filename("client-image", id, file, NULL);
    char *etag = g_strdup_printf("\"%s-%s\"", id, file);
    if (!send_file(service, req, res, sub, etag, error))
        return FALSE;
    res->immutable = TRUE;
    record_fetch(service, req, res, file);
    return TRUE;
}

gboolean
pup_get_loader(gpointer data, const PupRequest *req, PupResponse *res, GError **error)
{
    const char *file = req->args[0];
    if (!pup_loaders_known(file)) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "there is no loader '%s'", file);
        return FALSE;
    }
    g_autofree char *sub = g_build_filename("tftp", file, NULL);
    return send_file(data, req, res, sub, NULL, error);
}
