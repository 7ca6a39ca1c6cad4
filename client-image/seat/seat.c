/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The seat never decides what comes next, the machine does. Each order is one function
 * here; slow ones run as a task, and its end is the order's.
 */
#include "config.h"
#include "client-image/seat/seat.h"

#include <string.h>
#include <unistd.h>

#include "client-image/seat/console.h"
#include "client-image/seat/giving_way.h"
#include "client-image/seat/guest_watch.h"
#include "client-image/seat/log.h"
#include "client-image/seat/notes.h"
#include "client-image/seat/seat_clock.h"
#include "client-image/seat/task.h"
#include "lib/error.h"
#include "lib/file.h"

#define EMULATOR "qemu-system-x86_64"
#define CONNECT_MS 5000
#define STALL_MS 20000
/* A guest that ran so long was not broken from the start. */
#define SETTLED_S 60
/* A guest has so long to shut down when the program ends, and when it gives way to the
 * next version. */
#define STOP_S 15
#define GIVE_WAY_S 30

struct PupSeat {
    const PupSeatOptions *options;
    const PupHardware *hardware;
    PupSeatOver on_over;
    gpointer user;
    char *boot; /* the kernel's id of this boot: the agent may be started again in it */
    char *run;  /* one of this agent, for its streams */
    char *emulator;

    PupSeatMachine *machine;
    PupHypervisor *hypervisor;
    PupSession *session;
    PupGuestWatch *watch;
    PupConsole *console;
    PupNotes *notes;
    PupFace *face;
    PupGivingWay *giving_way;
    PupSeatClock clock;
    char *clock_doubt; /* why the server's cannot be right; NULL: it can */
    PupHttp *http;     /* the running task's */

    PupSeatOrder order; /* being carried out */
    PupTask *task;      /* that does it; NULL: none */
    unsigned n_pending; /* parts of DISK that are not through */
    gboolean stream_pending;
    GError *disk_problem;  /* of a part that is */
    GError *cache_problem; /* why there is no disk cache; said once */
    PupWelcome *welcome;   /* what REGISTER brought */
    PupTarget news;        /* the last version that was said to be out */
    guint timer;           /* of WAIT and STOP */
    guint settled_timer;
};

static void step(PupSeat *seat, PupSeatEvent event, const PupTarget *told);

/* The order was carried out, or @error was in the way. */
static void
finish(PupSeat *seat, const GError *error)
{
    if (!error) {
        step(seat, PUP_SEAT_DONE, NULL);
        return;
    }
    pup_face_failed(seat->face, seat->order, error,
                    pup_seat_machine_failures(seat->machine));
    step(seat, PUP_SEAT_FAILED, NULL);
}

static void
on_order_over(gpointer data, const GError *error)
{
    PupSeat *seat = data;

    seat->task = NULL;
    finish(seat, error);
}

/* ---- REGISTER */

static gboolean
do_register(gpointer data, GError **error)
{
    PupSeat *seat = data;
    PupHello hello = {
        .boot = seat->boot,
        .cpus = seat->hardware->cpus,
        .memory_mib = seat->hardware->memory_mib,
        .kvm = seat->hardware->kvm != 0,
        .uefi = seat->hardware->uefi,
        .clock_ms = pup_seat_clock_own_ms(&seat->clock),
    };
    gint64 asked_ms = pup_uptime_ms();

    g_clear_pointer(&seat->welcome, pup_welcome_free);
    seat->welcome = pup_server_register(seat->http, seat->options->server,
                                        seat->options->mac, &hello, error);
    if (seat->welcome && seat->welcome->now_ms >= 0)
        pup_seat_clock_told(&seat->clock, seat->welcome->now_ms, asked_ms,
                            pup_uptime_ms());
    return seat->welcome != NULL;
}

static void
on_registered(gpointer data, const GError *error)
{
    PupSeat *seat = data;

    seat->task = NULL;
    if (g_error_matches(error, PUP_ERROR, PUP_ERROR_NOT_FOUND)) {
        pup_face_unknown(seat->face, error);
        step(seat, PUP_SEAT_UNKNOWN, NULL);
    } else if (error) {
        finish(seat, error);
    } else {
        pup_log("registered", "%s@%u as '%s'", seat->welcome->target.room,
                seat->welcome->target.version, seat->welcome->seat);
        pup_target_clear(&seat->news);
        pup_face_registered(seat->face, seat->welcome->seat, seat->welcome->poll_s);
        step(seat, PUP_SEAT_DONE, &seat->welcome->target);
    }
}

static void
order_register(PupSeat *seat)
{
    pup_face_working(seat->face, PUP_SAY_ASKING, NULL);
    seat->task = pup_task_start(do_register, on_registered, seat);
}

/* ---- LOAD */

static gboolean
do_load(gpointer data, GError **error)
{
    PupSeat *seat = data;

    pup_session_find_cache(seat->session, &seat->cache_problem);
    return pup_session_load(seat->session, seat->http,
                            pup_seat_machine_target(seat->machine), error);
}

static void
on_loaded(gpointer data, const GError *error)
{
    PupSeat *seat = data;

    if (seat->cache_problem)
        pup_guest_watch_note(seat->watch, PUP_NOTE_DISK_CACHE,
                             seat->cache_problem->message);
    g_clear_error(&seat->cache_problem);
    on_order_over(seat, error);
}

static void
order_load(PupSeat *seat)
{
    const PupTarget *target = pup_seat_machine_target(seat->machine);

    const PupFacts facts = {.room = target->room};

    pup_face_working(seat->face, PUP_SAY_GETTING_READY, &facts);
    pup_face_start(seat->face, target->version);
    pup_session_unload(seat->session, target);
    seat->task = pup_task_start(do_load, on_loaded, seat);
}

/* ---- DISK: the stream and the overlay, at the same time */

static void
disk_part_over(PupSeat *seat, const GError *error)
{
    g_autoptr(GError) problem = NULL;

    if (error && !seat->disk_problem)
        seat->disk_problem = g_error_copy(error);
    if (--seat->n_pending > 0)
        return;
    problem = g_steal_pointer(&seat->disk_problem);
    if (!problem)
        pup_face_stage(seat->face, PUP_STAGE_DISK);
    finish(seat, problem);
}

static gboolean
do_overlay(gpointer data, GError **error)
{
    return pup_session_overlay(((PupSeat *) data)->session, error);
}

static void
on_overlay(gpointer data, const GError *error)
{
    PupSeat *seat = data;

    seat->task = NULL;
    disk_part_over(seat, error);
}

static void
on_stream(gpointer user, PupStreamChange change, const char *words)
{
    PupSeat *seat = user;
    gboolean awaited = seat->order == PUP_ORDER_DISK && seat->stream_pending;
    g_autoptr(GError) error = NULL;

    if (change != PUP_STREAM_READY)
        pup_log("stream-ended", "%s", words);
    if (change == PUP_STREAM_FAILED)
        pup_error_set(&error, PUP_ERROR_IO, "the room's disk cannot be served: %s",
                      words);
    if (change != PUP_STREAM_DIED && awaited) {
        seat->stream_pending = FALSE;
        disk_part_over(seat, error);
    }
}

static void
order_disk(PupSeat *seat)
{
    pup_face_start(seat->face, pup_seat_machine_target(seat->machine)->version);
    pup_face_info(seat->face, pup_seat_machine_target(seat->machine),
                  pup_session_is_emulated(seat->session));
    pup_face_working(seat->face, PUP_SAY_PREPARING, NULL);
    seat->n_pending = 1;
    pup_session_stream(seat->session, on_stream, seat);
    if (!pup_session_stream_is_ready(seat->session)) {
        seat->n_pending++;
        seat->stream_pending = TRUE;
    }
    seat->task = pup_task_start(do_overlay, on_overlay, seat);
}

/* ---- GUEST */

static gboolean
do_guest(gpointer data, GError **error)
{
    PupSeat *seat = data;

    g_free(seat->clock_doubt);
    seat->clock_doubt =
        pup_seat_clock_settle(&seat->clock, pup_session_made_ms(seat->session));
    return pup_session_guest(seat->session, error);
}

static gboolean
on_settled(gpointer data)
{
    PupSeat *seat = data;

    seat->settled_timer = 0;
    pup_seat_machine_settled(seat->machine);
    return G_SOURCE_REMOVE;
}

/* The next version's turn. */
static void
on_give_way(gpointer user)
{
    step(user, PUP_SEAT_TAKE, NULL);
}

/* For the server: that its clock cannot be right; NULL: it can. */
static PupWords *
clock_words(const PupSeat *seat)
{
    const PupFacts facts = {.why = seat->clock_doubt};

    return seat->clock_doubt
               ? pup_words_hush(pup_words_new(PUP_SAY_CLOCK_DOUBTED, &facts))
               : NULL;
}

static void
on_guest_started(gpointer data, const GError *error)
{
    PupSeat *seat = data;

    if (!error) {
        PupWords *words = pup_session_overlay_words(seat->session);

        if (words)
            pup_guest_watch_say(seat->watch, words);
        pup_face_stage(seat->face, PUP_STAGE_GUEST_STARTED);
        pup_face_guest(seat->face, pup_session_spice_socket(seat->session),
                       pup_session_usb(seat->session));
        pup_face_notice(seat->face, PUP_NOTICE_KVM, pup_session_kvm_words(seat->session));
        pup_face_notice(seat->face, PUP_NOTICE_CLOCK, clock_words(seat));
        seat->settled_timer = g_timeout_add_seconds(SETTLED_S, on_settled, seat);
        pup_giving_way_begin(seat->giving_way,
                             !(pup_session_usb(seat->session) & PUP_USB_HID));
    }
    on_order_over(seat, error);
}

static void
order_guest(PupSeat *seat)
{
    pup_face_working(seat->face, PUP_SAY_STARTING, NULL);
    pup_guest_watch_begin(seat->watch);
    seat->task = pup_task_start(do_guest, on_guest_started, seat);
}

static void
guest_over(PupSeat *seat, gboolean crashed)
{
    g_autoptr(GError) error = NULL;

    pup_log("guest-ended", "%s", crashed ? "unexpectedly" : "shut down");
    pup_face_start_over(seat->face, crashed ? "crashed" : "off");
    if (crashed) {
        pup_error_set(&error, PUP_ERROR_IO, "it is started again");
        pup_face_failed(seat->face, PUP_ORDER_NONE, error, 0);
    }
    step(seat, crashed ? PUP_SEAT_CRASHED : PUP_SEAT_ENDED, NULL);
}

static void
on_guest_event(gpointer user, PupGuestEvent event)
{
    PupSeat *seat = user;

    if (event == PUP_GUEST_ENDED || event == PUP_GUEST_CRASHED)
        guest_over(seat, event == PUP_GUEST_CRASHED);
    else if (event == PUP_GUEST_RESET)
        pup_face_reset(seat->face);
    else
        pup_guest_watch_event(seat->watch, event);
}

static gboolean
on_sign(gpointer user)
{
    pup_guest_watch_sign(((PupSeat *) user)->watch);
    return G_SOURCE_REMOVE;
}

/* ---- STOP, CLEAR, WAIT, EXIT */

static gboolean
do_stop(gpointer data, GError **error)
{
    pup_hypervisor_ask_shutdown(((PupSeat *) data)->hypervisor);
    return TRUE;
}

static void
on_asked(gpointer data, const GError *error)
{
    ((PupSeat *) data)->task = NULL;
}

static gboolean
on_stop_time(gpointer data)
{
    PupSeat *seat = data;

    seat->timer = 0;
    step(seat, PUP_SEAT_ENDED, NULL);
    return G_SOURCE_REMOVE;
}

/* The guest stays on the screen: it may ask whether to save something. */
static void
order_stop(PupSeat *seat)
{
    gboolean ends = pup_seat_machine_is_quitting(seat->machine);
    const PupFacts facts = {.left_s = ends ? STOP_S : GIVE_WAY_S};

    pup_giving_way_end(seat->giving_way);
    pup_face_notice(seat->face, PUP_NOTICE_TAKING,
                    pup_words_new(ends ? PUP_SAY_ENDING : PUP_SAY_GIVING_WAY, &facts));
    pup_face_start_over(seat->face, ends ? "off" : "replaced");
    seat->task = pup_task_start(do_stop, on_asked, seat);
    seat->timer = g_timeout_add_seconds((guint) facts.left_s, on_stop_time, seat);
}

static gboolean
do_clear(gpointer data, GError **error)
{
    pup_session_clear(((PupSeat *) data)->session);
    return TRUE;
}

static void
order_clear(PupSeat *seat)
{
    g_clear_handle_id(&seat->settled_timer, g_source_remove);
    pup_giving_way_end(seat->giving_way);
    pup_guest_watch_end(seat->watch);
    pup_face_start_over(seat->face, "failed");
    pup_face_working(seat->face, PUP_SAY_CLEARING, NULL);
    pup_task_end(g_steal_pointer(&seat->task));
    seat->task = pup_task_start(do_clear, on_order_over, seat);
}

static gboolean
on_wait_time(gpointer data)
{
    PupSeat *seat = data;

    seat->timer = 0;
    step(seat, PUP_SEAT_TIME, NULL);
    return G_SOURCE_REMOVE;
}

static void
order_wait(PupSeat *seat)
{
    seat->timer =
        g_timeout_add(pup_seat_machine_wait_ms(seat->machine), on_wait_time, seat);
}

static void
order_exit(PupSeat *seat)
{
    seat->on_over(seat->user);
}

static void (*const orders[])(PupSeat *seat) = {
    [PUP_ORDER_REGISTER] = order_register, [PUP_ORDER_LOAD] = order_load,
    [PUP_ORDER_DISK] = order_disk,         [PUP_ORDER_GUEST] = order_guest,
    [PUP_ORDER_STOP] = order_stop,         [PUP_ORDER_CLEAR] = order_clear,
    [PUP_ORDER_WAIT] = order_wait,         [PUP_ORDER_EXIT] = order_exit,
};

static void
step(PupSeat *seat, PupSeatEvent event, const PupTarget *told)
{
    PupSeatOrder order = pup_seat_machine_step(seat->machine, event, told);

    pup_face_state(seat->face, pup_seat_machine_state(seat->machine),
                   pup_seat_machine_target(seat->machine)->version);
    if (order == PUP_ORDER_NONE)
        return;
    g_clear_handle_id(&seat->timer, g_source_remove);
    seat->order = order;
    orders[order](seat);
}

/* ---- what others say */

/* Said once for each version that is out while another one runs. */
static void
log_news(PupSeat *seat, const PupTarget *told)
{
    if (pup_target_equal(told, pup_seat_machine_target(seat->machine)) ||
        pup_target_equal(told, &seat->news))
        return;
    pup_target_set(&seat->news, told->room, told->version);
    pup_log("version", "%s@%u is out", told->room, told->version);
}

static void
on_told(gpointer user, const PupTold *told)
{
    PupSeat *seat = user;
    const PupTarget *runs = pup_seat_machine_target(seat->machine);

    log_news(seat, &told->target);
    pup_giving_way_told(seat->giving_way, told->take, told->idle_s,
                        !pup_target_equal(&told->target, runs));
    step(seat, PUP_SEAT_TOLD, &told->target);
}

static void
on_note(gpointer user, PupNote note, const char *text)
{
    PupSeat *seat = user;

    if (note == PUP_NOTE_INPUT)
        pup_giving_way_used(seat->giving_way);
    else if (note == PUP_NOTE_KEY)
        pup_giving_way_key(seat->giving_way, text);
    else
        pup_guest_watch_note(seat->watch, note, text);
}

/* ---- life */

static gboolean
open_sockets(PupSeat *seat, GError **error)
{
    seat->console = pup_console_new(pup_session_serial_socket(seat->session),
                                    STDOUT_FILENO, on_sign, seat, error);
    if (!seat->console)
        return FALSE;
    seat->notes =
        pup_notes_new(pup_session_notify_socket(seat->session), on_note, seat, error);
    return seat->notes != NULL;
}

static gboolean
open_hypervisor(PupSeat *seat, GError **error)
{
    g_autofree char *root = g_build_filename(seat->options->rundir, "libvirt", NULL);
    gboolean kvm = seat->hardware->kvm != 0 && !seat->options->no_kvm;

    seat->emulator = g_find_program_in_path(EMULATOR);
    if (!seat->emulator) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "there is no " EMULATOR);
        return FALSE;
    }
    seat->hypervisor =
        pup_hypervisor_new(root, seat->emulator, kvm, on_guest_event, seat, error);
    return seat->hypervisor != NULL;
}

PupSeat *
pup_seat_new(const PupSeatOptions *options, const PupHardware *hardware,
             PupSeatOver on_over, gpointer user, GError **error)
{
    g_autoptr(PupSeat) seat = g_new0(PupSeat, 1);

    seat->options = options;
    seat->hardware = hardware;
    seat->on_over = on_over;
    seat->user = user;
    pup_seat_clock_init(&seat->clock);
    seat->run = g_uuid_string_random();
    seat->boot = pup_boot_id(seat->run);
    if (!pup_file_make_dir(options->rundir, error) || !open_hypervisor(seat, error))
        return NULL;
    seat->machine = pup_seat_machine_new();
    seat->session =
        pup_session_new(options, hardware, seat->hypervisor, seat->emulator, seat->run);
    seat->face = pup_face_new(options->rundir, options->server, options->mac, seat->boot,
                              on_told, seat);
    seat->giving_way = pup_giving_way_new(seat->face, on_give_way, seat);
    seat->watch = pup_guest_watch_new(seat->face, seat->session, seat->hypervisor,
                                      seat->options->server);
    seat->http = pup_http_new(CONNECT_MS, STALL_MS);
    return open_sockets(seat, error) ? g_steal_pointer(&seat) : NULL;
}

void
pup_seat_free(PupSeat *seat)
{
    if (!seat)
        return;
    if (seat->http)
        pup_http_cancel(seat->http);
    pup_task_end(seat->task);
    g_clear_handle_id(&seat->timer, g_source_remove);
    g_clear_handle_id(&seat->settled_timer, g_source_remove);
    pup_notes_free(seat->notes);
    pup_console_free(seat->console);
    pup_guest_watch_free(seat->watch);
    pup_giving_way_free(seat->giving_way);
    pup_face_free(seat->face);
    pup_session_free(seat->session);
    pup_hypervisor_free(seat->hypervisor);
    pup_http_free(seat->http);
    pup_seat_machine_free(seat->machine);
    pup_welcome_free(seat->welcome);
    pup_target_clear(&seat->news);
    g_clear_error(&seat->disk_problem);
    g_clear_error(&seat->cache_problem);
    g_free(seat->emulator);
    g_free(seat->clock_doubt);
    g_free(seat->boot);
    g_free(seat->run);
    g_free(seat);
}

void
pup_seat_begin(PupSeat *seat)
{
    step(seat, PUP_SEAT_BEGIN, NULL);
}

void
pup_seat_quit(PupSeat *seat)
{
    pup_http_cancel(seat->http);
    pup_face_off(seat->face);
    step(seat, PUP_SEAT_QUIT, NULL);
}
