/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection is a SpiceSession; it is never used a second time. When it ends by itself,
 * it is let go from an idle callback, because the library is still inside it when it
 * tells us, and a new one is made a moment later.
 *
 * Deliberately left out: more than one monitor, the clipboard, folder sharing, file
 * transfer and recording: a seat has nothing but the guest to share with.
 */
#include "client-image/screen/spice.h"

#include <spice-client.h>

#include "client-image/screen/keymap.h"
#include "client-image/screen/sound.h"

/* How long to wait before another try: at first, and at most. */
#define RETRY_MS 250u
#define RETRY_MAX_MS 2000u
/* The program beside ours that lets the library open USB devices: usb_open.c. */
#define USB_HELPER "pupitre-usb-open"
/* More steps of a wheel at once are a broken mouse. */
#define WHEEL_MAX 10

struct PupSpice {
    PupSpiceEvents events;
    char *path; /* NULL: nothing wanted */
    PupUsb usb; /* what the guest gets */
    guint retry_source, retry_ms;
    SpiceSession *session;
    SpiceMainChannel *main;
    SpiceChannel *display;
    SpiceInputsChannel *inputs;
    PupSurface surface;
    PupSound *sound;
    int buttons; /* SPICE_MOUSE_BUTTON_MASK_... held */
    int want_width, want_height;
};

static gboolean start_session(gpointer user);

static void
tell_surface(PupSpice *spice)
{
    PupRect shown = {0, 0, spice->surface.width, spice->surface.height};
    g_autoptr(GArray) monitors = NULL;

    if (spice->display != NULL)
        g_object_get(spice->display, "monitors", &monitors, NULL);
    if (monitors != NULL && monitors->len > 0) {
        const SpiceDisplayMonitorConfig *first =
            &g_array_index(monitors, SpiceDisplayMonitorConfig, 0);
        PupRect head = {(int) MIN(first->x, PUP_CANVAS_MAX),
                        (int) MIN(first->y, PUP_CANVAS_MAX),
                        (int) MIN(first->width, PUP_CANVAS_MAX),
                        (int) MIN(first->height, PUP_CANVAS_MAX)};
        PupRect part = pup_rect_intersect(&head, &shown);
        if (!pup_rect_is_empty(&part))
            shown = part;
    }
    spice->events.surface(spice->events.user, &spice->surface, shown);
}

static void
forget_surface(PupSpice *spice)
{
    if (spice->surface.data == NULL)
        return;
    spice->surface = (PupSurface){0};
    tell_surface(spice);
}

/* TRUE when a picture of that form is one that we can show. */
static gboolean
describe_surface(PupSurface *surface, int format, int width, int height, int stride)
{
    int pixel_bytes = 2;

    if (format == SPICE_SURFACE_FMT_16_555)
        surface->pixels = PUP_PIXELS_RGB555;
    else if (format == SPICE_SURFACE_FMT_16_565)
        surface->pixels = PUP_PIXELS_RGB565;
    else if (format == SPICE_SURFACE_FMT_32_xRGB || format == SPICE_SURFACE_FMT_32_ARGB) {
        surface->pixels = PUP_PIXELS_XRGB8888;
        pixel_bytes = 4;
    } else
        return FALSE;
    surface->width = width;
    surface->height = height;
    surface->stride_bytes = stride;
    return width > 0 && width <= PUP_CANVAS_MAX && height > 0 &&
           height <= PUP_CANVAS_MAX && stride >= width * pixel_bytes;
}

static void
on_primary_create(SpiceChannel *channel, gint format, gint width, gint height,
                  gint stride, gint shmid, gpointer data, PupSpice *spice)
{
    forget_surface(spice);
    if (!describe_surface(&spice->surface, format, width, height, stride)) {
        g_warning("guest: a picture of %dx%d in format %d cannot be shown", width, height,
                  format);
        return;
    }
    spice->surface.data = data;
    tell_surface(spice);
}

static void
on_primary_destroy(SpiceChannel *channel, PupSpice *spice)
{
    forget_surface(spice);
}

static void
on_invalidate(SpiceChannel *channel, gint x, gint y, gint width, gint height,
              PupSpice *spice)
{
    if (spice->surface.data != NULL)
        spice->events.damage(spice->events.user, (PupRect){x, y, width, height});
}

static void
on_monitors(SpiceChannel *channel, GParamSpec *param, PupSpice *spice)
{
    if (spice->surface.data != NULL)
        tell_surface(spice);
}

static void
on_cursor(SpiceChannel *channel, GParamSpec *param, PupSpice *spice)
{
    SpiceCursorShape *shape = NULL;
    PupCursor cursor = {0};

    g_object_get(channel, "cursor", &shape, NULL);
    if (shape != NULL && shape->width > 0 && shape->height > 0)
        cursor = (PupCursor){shape->width, shape->height, shape->hot_spot_x,
                             shape->hot_spot_y, shape->data};
    spice->events.cursor(spice->events.user, &cursor);
    if (shape != NULL)
        g_boxed_free(SPICE_TYPE_CURSOR_SHAPE, shape);
}

static void
on_cursor_move(SpiceCursorChannel *channel, gint x, gint y, PupSpice *spice)
{
    spice->events.cursor_moved(spice->events.user, x, y);
}

static void
on_cursor_gone(SpiceCursorChannel *channel, PupSpice *spice)
{
    PupCursor none = {0};

    spice->events.cursor(spice->events.user, &none);
}

static void
on_mouse_mode(SpiceChannel *channel, PupSpice *spice)
{
    int mode = SPICE_MOUSE_MODE_SERVER;

    g_object_get(channel, "mouse-mode", &mode, NULL);
    spice->events.mouse_mode(spice->events.user, mode == SPICE_MOUSE_MODE_CLIENT);
}

static void
ask_for_size(PupSpice *spice)
{
    gboolean has_agent = FALSE;

    if (spice->main == NULL || spice->want_width == 0)
        return;
    g_object_get(spice->main, "agent-connected", &has_agent, NULL);
    if (!has_agent)
        return;
    spice_main_channel_update_display_enabled(spice->main, 0, TRUE, FALSE);
    spice_main_channel_update_display(spice->main, 0, 0, 0, spice->want_width,
                                      spice->want_height, TRUE);
}

static void
on_agent(SpiceChannel *channel, PupSpice *spice)
{
    ask_for_size(spice);
}

static void
on_modifiers(SpiceChannel *channel, PupSpice *spice)
{
    int modifiers = 0;
    PupLeds leds = 0;

    g_object_get(channel, "key-modifiers", &modifiers, NULL);
    if (modifiers & SPICE_KEYBOARD_MODIFIER_FLAGS_SCROLL_LOCK)
        leds |= PUP_LED_SCROLL;
    if (modifiers & SPICE_KEYBOARD_MODIFIER_FLAGS_NUM_LOCK)
        leds |= PUP_LED_NUM;
    if (modifiers & SPICE_KEYBOARD_MODIFIER_FLAGS_CAPS_LOCK)
        leds |= PUP_LED_CAPS;
    spice->events.leds(spice->events.user, leds);
}

static void
on_playback_start(SpiceChannel *channel, gint format, gint n_channels, gint rate_hz,
                  PupSpice *spice)
{
    if (format == SPICE_AUDIO_FMT_S16 && n_channels > 0 && rate_hz > 0)
        pup_sound_start(spice->sound, (unsigned) n_channels, (unsigned) rate_hz);
}

static void
on_playback_data(SpicePlaybackChannel *channel, gpointer data, gint size, PupSpice *spice)
{
    if (size <= 0)
        return;
    pup_sound_play(spice->sound, data, (size_t) size);
    spice_playback_channel_set_delay(channel, pup_sound_delay_ms(spice->sound));
}

static void
on_playback_stop(SpiceChannel *channel, PupSpice *spice)
{
    pup_sound_stop(spice->sound);
}

static void
on_volume(SpiceChannel *channel, GParamSpec *param, PupSpice *spice)
{
    guint16 *volumes = NULL;
    guint n_channels = 0;
    gboolean mute = FALSE;

    g_object_get(channel, "volume", &volumes, "nchannels", &n_channels, "mute", &mute,
                 NULL);
    /* The left one speaks for all. */
    if (volumes != NULL && n_channels > 0)
        pup_sound_set_volume(spice->sound, volumes[0]);
    pup_sound_set_mute(spice->sound, mute);
}

/* Let go of the session; its signals do not reach us any more. */
static void
drop_session(PupSpice *spice)
{
    SpiceSession *session = g_steal_pointer(&spice->session);
    PupCursor none = {0};

    if (session == NULL)
        return;
    g_autoptr(GList) channels = spice_session_get_channels(session);
    for (GList *item = channels; item != NULL; item = item->next)
        g_signal_handlers_disconnect_by_data(item->data, spice);
    g_signal_handlers_disconnect_by_data(session, spice);
    spice->main = NULL;
    spice->inputs = NULL;
    spice->buttons = 0;
    pup_sound_stop(spice->sound);
    forget_surface(spice);
    spice->display = NULL;
    spice->events.cursor(spice->events.user, &none);
    spice->events.closed(spice->events.user);
    spice_session_disconnect(session);
    g_object_unref(session);
}

/* The connection ended, or did not come about: another one soon. */
static void
on_ended(PupSpice *spice)
{
    if (spice->path == NULL || spice->retry_source != 0)
        return;
    spice->retry_source = g_timeout_add(spice->retry_ms, start_session, spice);
    spice->retry_ms = MIN(2 * spice->retry_ms, RETRY_MAX_MS);
}

static void
on_main_event(SpiceChannel *channel, SpiceChannelEvent event, PupSpice *spice)
{
    if (event == SPICE_CHANNEL_OPENED) {
        spice->retry_ms = RETRY_MS;
        g_message("guest: connected to %s", spice->path);
    } else if (event != SPICE_CHANNEL_NONE && event != SPICE_CHANNEL_SWITCHING)
        on_ended(spice);
}

static void
listen_main(PupSpice *spice, SpiceChannel *channel)
{
    spice->main = SPICE_MAIN_CHANNEL(channel);
    g_signal_connect(channel, "channel-event", G_CALLBACK(on_main_event), spice);
    g_signal_connect(channel, "main-mouse-update", G_CALLBACK(on_mouse_mode), spice);
    g_signal_connect(channel, "main-agent-update", G_CALLBACK(on_agent), spice);
}

static void
on_display_event(SpiceChannel *channel, SpiceChannelEvent event, PupSpice *spice)
{
    /* Nothing to be saved by compressing what goes through a local socket. */
    if (event == SPICE_CHANNEL_OPENED)
        spice_display_channel_change_preferred_compression(channel,
                                                           SPICE_IMAGE_COMPRESSION_OFF);
}

static void
listen_display(PupSpice *spice, SpiceChannel *channel)
{
    spice->display = channel;
    g_signal_connect(channel, "channel-event", G_CALLBACK(on_display_event), spice);
    g_signal_connect(channel, "display-primary-create", G_CALLBACK(on_primary_create),
                     spice);
    g_signal_connect(channel, "display-primary-destroy", G_CALLBACK(on_primary_destroy),
                     spice);
    g_signal_connect(channel, "display-invalidate", G_CALLBACK(on_invalidate), spice);
    g_signal_connect(channel, "notify::monitors", G_CALLBACK(on_monitors), spice);
    spice_channel_connect(channel);
}

static void
listen_cursor(PupSpice *spice, SpiceChannel *channel)
{
    g_signal_connect(channel, "notify::cursor", G_CALLBACK(on_cursor), spice);
    g_signal_connect(channel, "cursor-move", G_CALLBACK(on_cursor_move), spice);
    g_signal_connect(channel, "cursor-hide", G_CALLBACK(on_cursor_gone), spice);
    g_signal_connect(channel, "cursor-reset", G_CALLBACK(on_cursor_gone), spice);
    spice_channel_connect(channel);
}

static void
listen_playback(PupSpice *spice, SpiceChannel *channel)
{
    g_signal_connect(channel, "playback-start", G_CALLBACK(on_playback_start), spice);
    g_signal_connect(channel, "playback-data", G_CALLBACK(on_playback_data), spice);
    g_signal_connect(channel, "playback-stop", G_CALLBACK(on_playback_stop), spice);
    g_signal_connect(channel, "notify::volume", G_CALLBACK(on_volume), spice);
    g_signal_connect(channel, "notify::mute", G_CALLBACK(on_volume), spice);
    spice_channel_connect(channel);
}

static void
listen_inputs(PupSpice *spice, SpiceChannel *channel)
{
    spice->inputs = SPICE_INPUTS_CHANNEL(channel);
    g_signal_connect(channel, "inputs-modifiers", G_CALLBACK(on_modifiers), spice);
    spice_channel_connect(channel);
}

static void
on_channel_new(SpiceSession *session, SpiceChannel *channel, PupSpice *spice)
{
    int id = 0;

    g_object_get(channel, "channel-id", &id, NULL);
    if (SPICE_IS_MAIN_CHANNEL(channel))
        listen_main(spice, channel);
    else if (SPICE_IS_DISPLAY_CHANNEL(channel) && id == 0)
        listen_display(spice, channel);
    else if (SPICE_IS_CURSOR_CHANNEL(channel) && id == 0)
        listen_cursor(spice, channel);
    else if (SPICE_IS_INPUTS_CHANNEL(channel))
        listen_inputs(spice, channel);
    else if (SPICE_IS_PLAYBACK_CHANNEL(channel))
        listen_playback(spice, channel);
}

static void
on_channel_destroy(SpiceSession *session, SpiceChannel *channel, PupSpice *spice)
{
    if ((gpointer) channel == (gpointer) spice->main)
        spice->main = NULL;
    if ((gpointer) channel == (gpointer) spice->inputs)
        spice->inputs = NULL;
    if (channel == spice->display) {
        forget_surface(spice);
        spice->display = NULL;
    }
}

/* Tell the library which helper to ask before it opens a USB device. */
static void
name_usb_helper(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *dir = self != NULL ? g_path_get_dirname(self) : NULL;
    g_autofree char *helper =
        dir != NULL ? g_build_filename(dir, USB_HELPER, NULL) : NULL;

    if (helper != NULL && g_file_test(helper, G_FILE_TEST_IS_EXECUTABLE))
        g_setenv("SPICE_USB_ACL_BINARY", helper, FALSE);
}

static void
on_usb_error(SpiceUsbDeviceManager *manager, SpiceUsbDevice *device, GError *error,
             gpointer user)
{
    g_message("usb: a device stays with the PC: %s", error->message);
}

/* The library is the one place where a device's class is looked at: QEMU's own filter,
 * libvirt's redirfilter, could only refuse what was sent already. */
static void
share_usb(SpiceSession *session, PupUsb usb)
{
    g_autofree char *filter = pup_usb_filter(usb);
    g_autoptr(GError) error = NULL;
    SpiceUsbDeviceManager *manager = spice_usb_device_manager_get(session, &error);

    if (manager == NULL) {
        g_message("usb: not shared with the guest: %s", error->message);
        return;
    }
    g_signal_connect(manager, "auto-connect-failed", G_CALLBACK(on_usb_error), NULL);
    g_signal_connect(manager, "device-error", G_CALLBACK(on_usb_error), NULL);
    g_object_set(manager, "auto-connect-filter", filter, "redirect-on-connect", filter,
                 "auto-connect", TRUE, NULL);
}

static gboolean
start_session(gpointer user)
{
    PupSpice *spice = user;

    spice->retry_source = 0;
    drop_session(spice);
    spice->session = spice_session_new();
    g_object_set(spice->session, "unix-path", spice->path, NULL);
    g_signal_connect(spice->session, "channel-new", G_CALLBACK(on_channel_new), spice);
    g_signal_connect(spice->session, "channel-destroy", G_CALLBACK(on_channel_destroy),
                     spice);
    if (spice->usb != PUP_USB_NONE)
        share_usb(spice->session, spice->usb);
    if (!spice_session_connect(spice->session))
        on_ended(spice);
    return G_SOURCE_REMOVE;
}

PupSpice *
pup_spice_new(const PupSpiceEvents *events)
{
    PupSpice *spice = g_new0(PupSpice, 1);

    spice->events = *events;
    spice->sound = pup_sound_new();
    name_usb_helper();
    return spice;
}

void
pup_spice_free(PupSpice *spice)
{
    if (spice == NULL)
        return;
    pup_spice_disconnect(spice);
    pup_sound_free(spice->sound);
    g_free(spice);
}

void
pup_spice_connect(PupSpice *spice, const char *path, PupUsb usb)
{
    char *wanted = g_strdup(path);

    pup_spice_disconnect(spice);
    spice->path = wanted;
    spice->usb = usb;
    spice->retry_ms = RETRY_MS;
    start_session(spice);
}

void
pup_spice_disconnect(PupSpice *spice)
{
    g_clear_handle_id(&spice->retry_source, g_source_remove);
    g_clear_pointer(&spice->path, g_free);
    drop_session(spice);
}

void
pup_spice_want_size(PupSpice *spice, int width, int height)
{
    spice->want_width = width;
    spice->want_height = height;
    ask_for_size(spice);
}

void
pup_spice_key(PupSpice *spice, unsigned linux_code, gboolean down)
{
    guint codes[PUP_KEYMAP_CODES];
    unsigned n_codes = pup_keymap_codes(linux_code, codes);

    for (unsigned i = 0; spice->inputs != NULL && i < n_codes; i++)
        if (down)
            spice_inputs_channel_key_press(spice->inputs, codes[i]);
        else
            spice_inputs_channel_key_release(spice->inputs, codes[i]);
}

void
pup_spice_button(PupSpice *spice, PupButton button, gboolean down)
{
    static const struct {
        int button, mask;
    } names[] = {
        [PUP_BUTTON_LEFT] = {SPICE_MOUSE_BUTTON_LEFT, SPICE_MOUSE_BUTTON_MASK_LEFT},
        [PUP_BUTTON_MIDDLE] = {SPICE_MOUSE_BUTTON_MIDDLE, SPICE_MOUSE_BUTTON_MASK_MIDDLE},
        [PUP_BUTTON_RIGHT] = {SPICE_MOUSE_BUTTON_RIGHT, SPICE_MOUSE_BUTTON_MASK_RIGHT},
        [PUP_BUTTON_SIDE] = {SPICE_MOUSE_BUTTON_SIDE, SPICE_MOUSE_BUTTON_MASK_SIDE},
        [PUP_BUTTON_EXTRA] = {SPICE_MOUSE_BUTTON_EXTRA, SPICE_MOUSE_BUTTON_MASK_EXTRA},
    };

    if (spice->inputs == NULL)
        return;
    if (down) {
        spice->buttons |= names[button].mask;
        spice_inputs_channel_button_press(spice->inputs, names[button].button,
                                          spice->buttons);
    } else {
        spice->buttons &= ~names[button].mask;
        spice_inputs_channel_button_release(spice->inputs, names[button].button,
                                            spice->buttons);
    }
}

void
pup_spice_wheel(PupSpice *spice, int steps)
{
    int button = steps > 0 ? SPICE_MOUSE_BUTTON_UP : SPICE_MOUSE_BUTTON_DOWN;

    for (int i = MIN(ABS(steps), WHEEL_MAX); spice->inputs != NULL && i > 0; i--) {
        spice_inputs_channel_button_press(spice->inputs, button, spice->buttons);
        spice_inputs_channel_button_release(spice->inputs, button, spice->buttons);
    }
}

void
pup_spice_motion(PupSpice *spice, int dx, int dy)
{
    if (spice->inputs != NULL)
        spice_inputs_channel_motion(spice->inputs, dx, dy, spice->buttons);
}

void
pup_spice_position(PupSpice *spice, int x, int y)
{
    if (spice->inputs != NULL)
        spice_inputs_channel_position(spice->inputs, x, y, 0, spice->buttons);
}
