/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kernel mode setting with a dumb buffer: the one interface that every KMS driver has,
 * and that needs no user-space driver. One buffer, shown all the time; what changed is
 * copied in and told to the driver (virtio-gpu, QXL, USB monitors send it on from there).
 * No page flips: pages change seldom, and the guest's picture arrives as small damaged
 * parts, where a second buffer would cost a second copy.
 */
#include "client-image/screen/display.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "lib/error.h"

typedef struct {
    PupDisplay display;
    int fd;
    guint32 connector_id, crtc_id;
    drmModeModeInfo mode;
    drmModeCrtc *crtc_before; /* what to put back at the end */
    guint32 handle, fb_id;
    size_t stride_bytes, memory_bytes;
    guint8 *memory;
    gboolean tells_damage;
} Drm;

static void
free_resources(drmModeRes *resources)
{
    drmModeFreeResources(resources);
}
static void
free_connector(drmModeConnector *connector)
{
    drmModeFreeConnector(connector);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(drmModeRes, free_resources)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(drmModeConnector, free_connector)

static void
drm_flush(PupDisplay *display, const PupRect *rect)
{
    Drm *drm = (Drm *) display;
    drmModeClip clip = {(guint16) rect->x, (guint16) rect->y,
                        (guint16) (rect->x + rect->width),
                        (guint16) (rect->y + rect->height)};

    for (int y = rect->y; y < rect->y + rect->height; y++)
        memcpy(drm->memory + (size_t) y * drm->stride_bytes + (size_t) rect->x * 4,
               pup_canvas_row(display->canvas, y) + rect->x, (size_t) rect->width * 4);
    /* Many drivers show the memory as it is and say ENOSYS. */
    if (drm->tells_damage && drmModeDirtyFB(drm->fd, drm->fb_id, &clip, 1) == -ENOSYS)
        drm->tells_damage = FALSE;
}

static const drmModeModeInfo *
preferred_mode(const drmModeConnector *connector)
{
    for (int i = 0; i < connector->count_modes; i++)
        if (connector->modes[i].type & DRM_MODE_TYPE_PREFERRED)
            return &connector->modes[i];
    return connector->count_modes > 0 ? &connector->modes[0] : NULL;
}

static gboolean
drm_check(PupDisplay *display)
{
    Drm *drm = (Drm *) display;
    /* The kernel's own last look: asking the monitor takes long. */
    g_autoptr(drmModeConnector) connector =
        drmModeGetConnectorCurrent(drm->fd, drm->connector_id);

    if (connector == NULL)
        return FALSE;
    /* A monitor that is switched off keeps its picture: it will be on again. */
    if (connector->connection != DRM_MODE_CONNECTED || connector->count_modes == 0)
        return TRUE;
    const drmModeModeInfo *mode = preferred_mode(connector);
    return mode->hdisplay == drm->mode.hdisplay && mode->vdisplay == drm->mode.vdisplay;
}

static void
drm_close(PupDisplay *display)
{
    Drm *drm = (Drm *) display;
    drmModeCrtc *before = drm->crtc_before;

    if (before != NULL && before->mode_valid)
        drmModeSetCrtc(drm->fd, before->crtc_id, before->buffer_id, before->x, before->y,
                       &drm->connector_id, 1, &before->mode);
    if (before != NULL)
        drmModeFreeCrtc(before);
    if (drm->memory != NULL)
        munmap(drm->memory, drm->memory_bytes);
    if (drm->fb_id != 0)
        drmModeRmFB(drm->fd, drm->fb_id);
    if (drm->handle != 0)
        drmModeDestroyDumbBuffer(drm->fd, drm->handle);
    close(drm->fd);
    g_free(drm);
}

/* A CRTC that can drive @connector: the one it has, else the first that its encoders can
 * reach; 0 when there is none. */
static guint32
find_crtc(int fd, const drmModeRes *resources, const drmModeConnector *connector)
{
    guint32 crtc_id = 0;

    for (int i = -1; i < connector->count_encoders && crtc_id == 0; i++) {
        guint32 id = i < 0 ? connector->encoder_id : connector->encoders[i];
        drmModeEncoder *encoder = id != 0 ? drmModeGetEncoder(fd, id) : NULL;
        if (encoder == NULL)
            continue;
        if (i < 0)
            crtc_id = encoder->crtc_id;
        for (int c = 0; crtc_id == 0 && c < resources->count_crtcs; c++)
            if (encoder->possible_crtcs & (1u << c))
                crtc_id = resources->crtcs[c];
        drmModeFreeEncoder(encoder);
    }
    return crtc_id;
}

/* Find the first connector that has a monitor, its mode and a CRTC. */
static gboolean
find_monitor(Drm *drm, const char *path, GError **error)
{
    g_autoptr(drmModeRes) resources = drmModeGetResources(drm->fd);

    if (resources == NULL) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED, "'%s' has no mode setting", path);
        return FALSE;
    }
    for (int i = 0; i < resources->count_connectors; i++) {
        g_autoptr(drmModeConnector) connector =
            drmModeGetConnector(drm->fd, resources->connectors[i]);
        if (connector == NULL || connector->connection != DRM_MODE_CONNECTED)
            continue;
        const drmModeModeInfo *mode = preferred_mode(connector);
        guint32 crtc_id = find_crtc(drm->fd, resources, connector);
        if (mode == NULL || crtc_id == 0 || mode->hdisplay == 0 ||
            mode->hdisplay > PUP_CANVAS_MAX || mode->vdisplay == 0 ||
            mode->vdisplay > PUP_CANVAS_MAX)
            continue;
        drm->connector_id = connector->connector_id;
        drm->crtc_id = crtc_id;
        drm->mode = *mode;
        return TRUE;
    }
    pup_error_set(error, PUP_ERROR_NOT_FOUND, "no monitor is connected to '%s'", path);
    return FALSE;
}

/* Make the buffer and map it. */
static gboolean
make_buffer(Drm *drm, const char *path, GError **error)
{
    guint32 width = drm->mode.hdisplay, height = drm->mode.vdisplay, stride = 0;
    guint64 size = 0, offset = 0;
    int status = drmModeCreateDumbBuffer(drm->fd, width, height, 32, 0, &drm->handle,
                                         &stride, &size);

    if (status == 0)
        status = drmModeAddFB(drm->fd, width, height, 24, 32, stride, drm->handle,
                              &drm->fb_id);
    if (status == 0)
        status = drmModeMapDumbBuffer(drm->fd, drm->handle, &offset);
    if (status != 0) {
        pup_error_set_errno(error, -status, "'%s': no buffer of %ux%u", path, width,
                            height);
        return FALSE;
    }
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, drm->fd, (off_t) offset);
    if (memory == MAP_FAILED) {
        pup_error_set_errno(error, errno, "'%s': cannot map its buffer", path);
        return FALSE;
    }
    drm->memory = memory;
    drm->memory_bytes = size;
    drm->stride_bytes = stride;
    memset(memory, 0, size);
    return TRUE;
}

static gboolean
set_up(Drm *drm, const char *path, GError **error)
{
    if (!find_monitor(drm, path, error) || !make_buffer(drm, path, error))
        return FALSE;
    drm->crtc_before = drmModeGetCrtc(drm->fd, drm->crtc_id);
    int status = drmModeSetCrtc(drm->fd, drm->crtc_id, drm->fb_id, 0, 0,
                                &drm->connector_id, 1, &drm->mode);
    if (status != 0) {
        pup_error_set(error, status == -EACCES ? PUP_ERROR_BUSY : PUP_ERROR_IO,
                      "'%s' does not take mode %s: %s", path, drm->mode.name,
                      g_strerror(-status));
        return FALSE;
    }
    drm->display.canvas = pup_canvas_new(drm->mode.hdisplay, drm->mode.vdisplay);
    g_message("display: %s shows %ux%u", path, drm->mode.hdisplay, drm->mode.vdisplay);
    return TRUE;
}

PupDisplay *
pup_display_drm_open(const char *path, GError **error)
{
    static const PupDisplayOps ops = {"drm", drm_flush, drm_check, drm_close};
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", path);
        return NULL;
    }
    Drm *drm = g_new0(Drm, 1);
    drm->display.ops = &ops;
    drm->fd = fd;
    drm->tells_damage = TRUE;
    if (!set_up(drm, path, error)) {
        drm_close(&drm->display);
        return NULL;
    }
    return &drm->display;
}
