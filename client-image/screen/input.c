/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/input.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define INPUT_DIR "/dev/input"
/* How often to look for the folder while there is none. */
#define DIR_POLL_MS 500

typedef struct {
    PupInput *input;
    char *name; /* "event3" */
    int fd;
    guint source;
    PupEvdevKinds kinds;
    PupEvdev *evdev;
} Device;

struct PupInput {
    PupEvdevSink sink;
    GHashTable *devices; /* name -> Device */
    int inotify_fd;
    guint inotify_source, poll_source;
    PupLeds leds;
};

static void
device_free(Device *device)
{
    g_clear_handle_id(&device->source, g_source_remove);
    pup_evdev_release(device->evdev, &device->input->sink);
    pup_evdev_free(device->evdev);
    close(device->fd);
    g_free(device->name);
    g_free(device);
}

static gboolean
on_readable(int fd, GIOCondition condition, gpointer user)
{
    Device *device = user;
    struct input_event events[64];
    ssize_t got = read(fd, events, sizeof events);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (got <= 0) {
        device->source = 0; /* unplugged */
        g_hash_table_remove(device->input->devices, device->name);
        return G_SOURCE_REMOVE;
    }
    for (size_t i = 0; i < (size_t) got / sizeof events[0]; i++)
        pup_evdev_feed(device->evdev, &events[i], &device->input->sink);
    return G_SOURCE_CONTINUE;
}

static void
read_caps(int fd, PupEvdevCaps *caps)
{
    memset(caps, 0, sizeof *caps);
    ioctl(fd, EVIOCGBIT(EV_KEY, sizeof caps->keys), caps->keys);
    ioctl(fd, EVIOCGBIT(EV_REL, sizeof caps->relative), caps->relative);
    ioctl(fd, EVIOCGBIT(EV_ABS, sizeof caps->absolute), caps->absolute);
    ioctl(fd, EVIOCGPROP(sizeof caps->properties), caps->properties);
    for (unsigned i = 0; i < G_N_ELEMENTS(caps->axis); i++) {
        struct input_absinfo info = {0};
        if (ioctl(fd, EVIOCGABS(ABS_X + i), &info) == 0) {
            caps->axis[i].min = info.minimum;
            caps->axis[i].max = info.maximum;
        }
    }
}

static void
light(const Device *device, PupLeds leds)
{
    struct input_event events[] = {
        {.type = EV_LED, .code = LED_SCROLLL, .value = (leds & PUP_LED_SCROLL) != 0},
        {.type = EV_LED, .code = LED_NUML, .value = (leds & PUP_LED_NUM) != 0},
        {.type = EV_LED, .code = LED_CAPSL, .value = (leds & PUP_LED_CAPS) != 0},
        {.type = EV_SYN, .code = SYN_REPORT},
    };

    if (!(device->kinds & PUP_EVDEV_KEYBOARD))
        return;
    if (write(device->fd, events, sizeof events) < 0)
        g_debug("input: no lamps on %s: %s", device->name, g_strerror(errno));
}

static void
add_device(PupInput *input, const char *name)
{
    g_autofree char *path = g_build_filename(INPUT_DIR, name, NULL);
    PupEvdevCaps caps;

    if (!g_str_has_prefix(name, "event") || g_hash_table_contains(input->devices, name))
        return;
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return; /* not ours to open yet: inotify tells when its mode changes */
    read_caps(fd, &caps);
    PupEvdevKinds kinds = pup_evdev_kinds(&caps);
    if (kinds == 0 || ioctl(fd, EVIOCGRAB, 1) != 0) {
        close(fd);
        return;
    }
    Device *device = g_new0(Device, 1);
    device->input = input;
    device->name = g_strdup(name);
    device->fd = fd;
    device->kinds = kinds;
    device->evdev = pup_evdev_new(&caps);
    device->source = g_unix_fd_add(fd, G_IO_IN, on_readable, device);
    g_hash_table_insert(input->devices, device->name, device);
    light(device, input->leds);
    g_message("input: %s:%s%s%s%s", name, kinds & PUP_EVDEV_KEYBOARD ? " keyboard" : "",
              kinds & PUP_EVDEV_MOUSE ? " mouse" : "",
              kinds & PUP_EVDEV_ABSOLUTE ? " tablet" : "",
              kinds & PUP_EVDEV_TOUCHPAD ? " touchpad" : "");
}

static gboolean
on_inotify(int fd, GIOCondition condition, gpointer user)
{
    PupInput *input = user;
    char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t got = read(fd, buf, sizeof buf);

    for (char *at = buf; got > 0 && at < buf + got;) {
        const struct inotify_event *event = (const void *) at;
        if (event->len > 0)
            add_device(input, event->name);
        at += sizeof *event + event->len;
    }
    return G_SOURCE_CONTINUE;
}

static gboolean
start_watching(PupInput *input)
{
    const char *name;

    if (inotify_add_watch(input->inotify_fd, INPUT_DIR, IN_CREATE | IN_ATTRIB) < 0)
        return FALSE;
    input->inotify_source = g_unix_fd_add(input->inotify_fd, G_IO_IN, on_inotify, input);
    g_autoptr(GDir) dir = g_dir_open(INPUT_DIR, 0, NULL);
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        add_device(input, name);
    return TRUE;
}

static gboolean
on_poll(gpointer user)
{
    PupInput *input = user;

    if (!start_watching(input))
        return G_SOURCE_CONTINUE;
    input->poll_source = 0;
    return G_SOURCE_REMOVE;
}

PupInput *
pup_input_new(const PupEvdevSink *sink)
{
    PupInput *input = g_new0(PupInput, 1);

    input->sink = *sink;
    input->devices = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                           (GDestroyNotify) device_free);
    input->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (!start_watching(input))
        input->poll_source = g_timeout_add(DIR_POLL_MS, on_poll, input);
    return input;
}

void
pup_input_free(PupInput *input)
{
    if (input == NULL)
        return;
    g_clear_handle_id(&input->poll_source, g_source_remove);
    g_clear_handle_id(&input->inotify_source, g_source_remove);
    g_clear_pointer(&input->devices, g_hash_table_unref);
    if (input->inotify_fd >= 0)
        close(input->inotify_fd);
    g_free(input);
}

void
pup_input_set_leds(PupInput *input, PupLeds leds)
{
    GHashTableIter iter;
    gpointer device;

    input->leds = leds;
    g_hash_table_iter_init(&iter, input->devices);
    while (g_hash_table_iter_next(&iter, NULL, &device))
        light(device, leds);
}
