/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pupitre-screen - the wiring
 *
 * Messages change the page; the guest changes the picture; one of the two is on the
 * glass. Whatever changes adds to the damage, and at most PUP_FRAMES_PER_S times a second
 * the damaged part is drawn and flushed. The picture takes over when it has something on
 * it that is not black, so that nobody looks at a black screen while firmware starts;
 * error and MAC pages go over it.
 */
#include "config.h"

#include <glib-unix.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "client-image/common/notify.h"
#include "client-image/screen/console.h"
#include "client-image/screen/input.h"
#include "client-image/screen/keymap.h"
#include "client-image/screen/monitor.h"
#include "client-image/screen/page.h"
#include "client-image/screen/picture.h"
#include "client-image/screen/spice.h"
#include "lib/error.h"
#include "lib/output.h"

#define FRAMES_PER_S 60
/* A guest that stays black for this long is shown as it is. */
#define BLACK_PATIENCE_S 10
#define FONT_DIR "/usr/share/pupitre/fonts"
#define SYSTEM_FONT_DIR "/usr/share/consolefonts"
#define SYSTEM_FONT_PREFIX "Uni2-Terminus"

typedef struct {
    char *rundir, *font_dir, *display, *output, *spice_path;
    gboolean no_input, version;
} Options;

/* While somebody types or moves the mouse the seat is told so often. */
#define INPUT_US (5 * G_USEC_PER_SEC)

typedef struct {
    Options options;
    PupMonitorOptions monitor_options;
    PupFonts *fonts; /* NULL: pages without words */
    PupPage *page;
    PupPicture picture;
    gboolean has_picture; /* the guest has shown something since it was connected */
    guint patience_source;
    PupMonitor *monitor;
    PupConsole *console; /* NULL until there is a display on the glass */
    PupDisplay *glass;   /* NULL while there is no display */
    PupRect damage;
    guint frame_source;
    gint64 last_frame_us;
    guint tick_source;
    unsigned tick;
    PupSpice *spice;
    PupInput *input;
    gint64 input_told_us;
    char *caught_key; /* is the seat's, not the guest's; NULL: none */
    char *seat_socket;
    int notify_fd;
    GMainLoop *loop;
} Screen;

static gboolean
shows_guest(const Screen *screen)
{
    return screen->has_picture && screen->page->kind == PUP_PAGE_STAGE;
}

static void
draw(Screen *screen)
{
    PupCanvas *canvas = pup_display_canvas(screen->glass);

    pup_canvas_set_clip(canvas, &screen->damage);
    if (shows_guest(screen)) {
        pup_picture_draw(&screen->picture, canvas);
        pup_page_draw_notice(screen->page, canvas, screen->fonts);
    } else
        pup_page_draw(screen->page, canvas, screen->fonts, screen->tick);
    pup_display_flush(screen->glass, &screen->damage);
    screen->damage = (PupRect){0};
}

static gboolean
on_frame(gpointer user)
{
    Screen *screen = user;

    screen->frame_source = 0;
    screen->last_frame_us = g_get_monotonic_time();
    if (screen->glass != NULL)
        draw(screen);
    return G_SOURCE_REMOVE;
}

/* Have @rect of the screen drawn again with the next frame. */
static void
add_damage(Screen *screen, PupRect rect)
{
    if (screen->glass == NULL || pup_rect_is_empty(&rect))
        return;
    screen->damage = pup_rect_union(&screen->damage, &rect);
    if (screen->frame_source != 0)
        return;
    gint64 since_ms = (g_get_monotonic_time() - screen->last_frame_us) / 1000;
    gint64 wait_ms = CLAMP(1000 / FRAMES_PER_S - since_ms, 0, 1000 / FRAMES_PER_S);
    screen->frame_source = g_timeout_add((guint) wait_ms, on_frame, screen);
}

static gboolean
on_tick(gpointer user)
{
    Screen *screen = user;

    if (shows_guest(screen) || !pup_page_moves(screen->page) || screen->glass == NULL) {
        screen->tick_source = 0;
        return G_SOURCE_REMOVE;
    }
    const PupCanvas *canvas = pup_display_canvas(screen->glass);
    screen->tick++;
    add_damage(screen, pup_page_bar(canvas->width, canvas->height));
    return G_SOURCE_CONTINUE;
}

static void
redraw_all(Screen *screen)
{
    if (screen->glass == NULL)
        return;
    const PupCanvas *canvas = pup_display_canvas(screen->glass);
    add_damage(screen, (PupRect){0, 0, canvas->width, canvas->height});
    if (screen->tick_source == 0)
        screen->tick_source = g_timeout_add(1000 / PUP_PAGE_TICKS_PER_S, on_tick, screen);
}

static void
on_display_changed(PupDisplay *display, gpointer user)
{
    Screen *screen = user;

    screen->glass = display;
    screen->damage = (PupRect){0};
    if (display == NULL)
        return;
    /* Not before: until then the terminal has what the initramfs says. */
    if (screen->console == NULL && screen->monitor_options.kind != PUP_MONITOR_MEMORY)
        screen->console = pup_console_take();
    const PupCanvas *canvas = pup_display_canvas(display);
    pup_picture_set_screen(&screen->picture, canvas->width, canvas->height);
    if (screen->spice != NULL)
        pup_spice_want_size(screen->spice, canvas->width, canvas->height);
    redraw_all(screen);
}

/* The guest's picture is there: show it and say so. */
static void
take_picture(Screen *screen)
{
    g_clear_handle_id(&screen->patience_source, g_source_remove);
    if (screen->has_picture)
        return;
    screen->has_picture = TRUE;
    redraw_all(screen);
    pup_notify_send(screen->seat_socket, "screen picture");
    g_message("guest: its picture is shown, %dx%d", screen->picture.shown.width,
              screen->picture.shown.height);
}

static gboolean
on_patience(gpointer user)
{
    Screen *screen = user;

    screen->patience_source = 0;
    take_picture(screen);
    return G_SOURCE_REMOVE;
}

static void
on_surface(gpointer user, const PupSurface *surface, PupRect shown)
{
    Screen *screen = user;

    pup_picture_set_surface(&screen->picture, surface, shown);
    if (shows_guest(screen))
        redraw_all(screen);
    else if (surface->data != NULL && screen->patience_source == 0)
        screen->patience_source =
            g_timeout_add_seconds(BLACK_PATIENCE_S, on_patience, screen);
}

static void
on_damage(gpointer user, PupRect rect)
{
    Screen *screen = user;

    if (!screen->has_picture && pup_picture_has_content(&screen->picture, &rect))
        take_picture(screen);
    if (shows_guest(screen))
        add_damage(screen, pup_picture_damage(&screen->picture, &rect));
}

static void
on_closed(gpointer user)
{
    Screen *screen = user;

    g_clear_handle_id(&screen->patience_source, g_source_remove);
    screen->has_picture = FALSE;
    redraw_all(screen);
}

static void
on_cursor(gpointer user, const PupCursor *cursor)
{
    Screen *screen = user;
    PupRect rect = pup_picture_set_cursor(&screen->picture, cursor);

    if (shows_guest(screen))
        add_damage(screen, rect);
}

static void
move_cursor(Screen *screen, int x, int y)
{
    PupRect rect = pup_picture_move_cursor(&screen->picture, x, y);

    if (shows_guest(screen))
        add_damage(screen, rect);
}

static void
on_cursor_moved(gpointer user, int x, int y)
{
    Screen *screen = user;

    if (!screen->picture.pointer_is_ours)
        move_cursor(screen, x, y);
}

static void
on_mouse_mode(gpointer user, gboolean is_ours)
{
    Screen *screen = user;

    screen->picture.pointer_is_ours = is_ours;
}

static void
on_leds(gpointer user, PupLeds leds)
{
    Screen *screen = user;

    if (screen->input != NULL)
        pup_input_set_leds(screen->input, leds);
}

/* Somebody is here. */
static void
note_input(Screen *screen)
{
    gint64 now_us = g_get_monotonic_time();

    if (screen->input_told_us && now_us - screen->input_told_us < INPUT_US)
        return;
    screen->input_told_us = now_us;
    pup_notify_send(screen->seat_socket, "screen input");
}

static void
on_key(gpointer user, unsigned linux_code, gboolean down)
{
    Screen *screen = user;

    note_input(screen);
    if (down && screen->caught_key &&
        pup_keymap_named(screen->caught_key) == linux_code) {
        pup_notify_send(screen->seat_socket, "screen key %s", screen->caught_key);
        return;
    }
    /* What was pressed comes up whatever is shown. */
    if (shows_guest(screen) || !down)
        pup_spice_key(screen->spice, linux_code, down);
}

static void
on_button(gpointer user, PupButton button, gboolean down)
{
    Screen *screen = user;

    note_input(screen);
    if (shows_guest(screen) || !down)
        pup_spice_button(screen->spice, button, down);
}

static void
on_wheel(gpointer user, int steps)
{
    Screen *screen = user;

    note_input(screen);
    if (shows_guest(screen))
        pup_spice_wheel(screen->spice, steps);
}

/* Tell the guest where our pointer is. */
static void
tell_position(Screen *screen)
{
    PupPicture *picture = &screen->picture;
    int x, y;

    if (picture->surface.data == NULL)
        return;
    pup_view_to_guest(&picture->view, picture->pointer.x, picture->pointer.y, &x, &y);
    move_cursor(screen, x, y);
    pup_spice_position(screen->spice, x, y);
}

static void
on_motion(gpointer user, int dx, int dy)
{
    Screen *screen = user;

    note_input(screen);
    if (!shows_guest(screen))
        return;
    if (!screen->picture.pointer_is_ours) {
        pup_spice_motion(screen->spice, dx, dy);
        return;
    }
    pup_pointer_move(&screen->picture.pointer, dx, dy);
    tell_position(screen);
}

static void
on_position(gpointer user, int x, int y)
{
    Screen *screen = user;
    PupPointer *pointer = &screen->picture.pointer;
    int before_x = pointer->x, before_y = pointer->y;

    note_input(screen);
    if (!shows_guest(screen))
        return;
    pup_pointer_place(pointer, x, y);
    if (screen->picture.pointer_is_ours)
        tell_position(screen);
    else
        pup_spice_motion(screen->spice, pointer->x - before_x, pointer->y - before_y);
}

static void
connect_guest(Screen *screen, const PupMessage *message)
{
    PupUsb usb = PUP_USB_NONE;

    if (!pup_usb_parse(message->text, &usb))
        g_warning("usb: '%s' is no list of classes; none are shared", message->text);
    pup_spice_connect(screen->spice, message->word, usb);
}

static void
catch_key(Screen *screen, const char *name)
{
    g_clear_pointer(&screen->caught_key, g_free);
    if (pup_keymap_named(name) != 0)
        screen->caught_key = g_strdup(name);
    else if (*name != '\0')
        g_warning("catch: '%s' is none of F1 to F12", name);
}

static void
apply(Screen *screen, const PupMessage *message)
{
    gboolean showed_guest = shows_guest(screen);

    if (message->kind == PUP_MESSAGE_SPICE)
        connect_guest(screen, message);
    else if (message->kind == PUP_MESSAGE_SPICE_OFF)
        pup_spice_disconnect(screen->spice);
    else if (message->kind == PUP_MESSAGE_CATCH)
        catch_key(screen, message->text);
    gboolean changed = pup_page_apply(screen->page, message);
    if (changed || showed_guest != shows_guest(screen))
        redraw_all(screen);
}

static gboolean
on_notify(int fd, GIOCondition condition, gpointer user)
{
    Screen *screen = user;
    char line[PUP_NOTIFY_MAX + 1];

    while (pup_notify_receive(fd, line)) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PupMessage) message = pup_message_parse(line, &error);
        if (message != NULL)
            apply(screen, message);
        else
            g_warning("%s", error->message);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean
on_quit(gpointer user)
{
    Screen *screen = user;

    g_main_loop_quit(screen->loop);
    return G_SOURCE_CONTINUE;
}

/* The fonts of --font, of the client image, or of this Debian system; NULL with a warning
 * when there are none. */
static PupFonts *
load_fonts(const char *dir)
{
    g_autoptr(GError) error = NULL;
    PupFonts *fonts = pup_fonts_load(dir != NULL ? dir : FONT_DIR, "", &error);

    if (fonts == NULL && dir == NULL)
        fonts = pup_fonts_load(SYSTEM_FONT_DIR, SYSTEM_FONT_PREFIX, NULL);
    if (fonts == NULL)
        g_warning("%s: pages will have no words", error->message);
    return fonts;
}

static gboolean
parse_options(Options *options, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"rundir", 0, 0, G_OPTION_ARG_FILENAME, &options->rundir,
         "Folder of the sockets (/run/pupitre)", "DIR"},
        {"display", 0, 0, G_OPTION_ARG_STRING, &options->display,
         "auto, drm[:PATH], fbdev[:PATH] or memory:WIDTHxHEIGHT (auto)", "WHICH"},
        {"output", 0, 0, G_OPTION_ARG_FILENAME, &options->output,
         "Write a memory display to this .png or .ppm whenever it changes", "FILE"},
        {"font", 0, 0, G_OPTION_ARG_FILENAME, &options->font_dir,
         "Folder of the console fonts (" FONT_DIR ")", "DIR"},
        {"spice", 0, 0, G_OPTION_ARG_FILENAME, &options->spice_path,
         "Show this SPICE socket at once, without a message", "PATH"},
        {"no-input", 0, 0, G_OPTION_ARG_NONE, &options->no_input,
         "Leave keyboards and pointers alone", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version",
         NULL},
        {NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(context,
                                 "Shows a seat's progress, then its guest, full screen.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (*argc > 1) {
        pup_error_set(error, PUP_ERROR_INVALID, "unexpected argument '%s'", (*argv)[1]);
        return FALSE;
    }
    if (options->rundir == NULL)
        options->rundir = g_strdup("/run/pupitre");
    return TRUE;
}

static gboolean
listen_for_messages(Screen *screen, GError **error)
{
    g_autofree char *path = g_build_filename(screen->options.rundir, "screen.sock", NULL);

    screen->notify_fd = pup_notify_listen(path, error);
    if (screen->notify_fd < 0)
        return FALSE;
    g_unix_fd_add(screen->notify_fd, G_IO_IN, on_notify, screen);
    screen->seat_socket = g_build_filename(screen->options.rundir, "seat.sock", NULL);
    return TRUE;
}

static void
start(Screen *screen)
{
    const PupSpiceEvents events = {on_surface,    on_damage, on_cursor, on_cursor_moved,
                                   on_mouse_mode, on_leds,   on_closed, screen};
    const PupEvdevSink sink = {on_key,      on_button, on_motion,
                               on_position, on_wheel,  screen};

    screen->fonts = load_fonts(screen->options.font_dir);
    screen->page = pup_page_new();
    screen->spice = pup_spice_new(&events);
    screen->monitor =
        pup_monitor_new(&screen->monitor_options, on_display_changed, screen);
    if (!screen->options.no_input)
        screen->input = pup_input_new(&sink);
    if (screen->options.spice_path != NULL)
        pup_spice_connect(screen->spice, screen->options.spice_path, PUP_USB_ALL);
}

static void
stop(Screen *screen)
{
    g_clear_pointer(&screen->input, pup_input_free);
    g_clear_pointer(&screen->spice, pup_spice_free);
    g_clear_handle_id(&screen->frame_source, g_source_remove);
    g_clear_handle_id(&screen->tick_source, g_source_remove);
    screen->glass = NULL;
    g_clear_pointer(&screen->console, pup_console_release);
    g_clear_pointer(&screen->monitor, pup_monitor_free);
    pup_monitor_options_clear(&screen->monitor_options);
    pup_picture_clear(&screen->picture);
    g_clear_pointer(&screen->page, pup_page_free);
    g_clear_pointer(&screen->fonts, pup_fonts_free);
    g_clear_pointer(&screen->caught_key, g_free);
}

static gboolean
run(Screen *screen, GError **error)
{
    const char *display = screen->options.display;

    if (!pup_monitor_options_parse(display != NULL ? display : "auto",
                                   &screen->monitor_options, error) ||
        !listen_for_messages(screen, error))
        return FALSE;
    screen->monitor_options.output = g_steal_pointer(&screen->options.output);
    screen->loop = g_main_loop_new(NULL, FALSE);
    g_unix_signal_add(SIGTERM, on_quit, screen);
    g_unix_signal_add(SIGINT, on_quit, screen);
    start(screen);
    g_main_loop_run(screen->loop);
    stop(screen);
    g_main_loop_unref(screen->loop);
    close(screen->notify_fd);
    return TRUE;
}

/* One plain line an event: our standard error is the PC's console, where GLib would add
 * colours and times of its own. What is below a message is for G_MESSAGES_DEBUG. */
static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
    if (level > G_LOG_LEVEL_MESSAGE)
        return g_log_writer_default(level, fields, n_fields, data);
    for (gsize i = 0; i < n_fields; i++)
        if (g_str_equal(fields[i].key, "MESSAGE"))
            fprintf(stderr, "screen: %s\n", (const char *) fields[i].value);
    return G_LOG_WRITER_HANDLED;
}

int
main(int argc, char **argv)
{
    Screen screen = {.notify_fd = -1};
    g_autoptr(GError) error = NULL;

    pup_output_guard("pupitre-screen");
    setlocale(LC_ALL, "");
    g_log_set_writer_func(write_log, NULL, NULL);
    if (!parse_options(&screen.options, &argc, &argv, &error)) {
        fprintf(stderr, "pupitre-screen: %s\n", error->message);
        return pup_error_exit_status(error);
    }
    if (screen.options.version) {
        puts(PACKAGE_STRING);
        return 0;
    }
    if (!run(&screen, &error)) {
        fprintf(stderr, "pupitre-screen: %s\n", error->message);
        return pup_error_exit_status(error);
    }
    return 0;
}
