/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/screen_link.h"

#include <sys/stat.h>

#include "client-image/common/notify.h"
#include "client-image/seat/log.h"

#define LOOK_S 1

struct PupScreenLink {
    char *path;
    char *page;       /* the whole message: stage, error, mac or spice; NULL: none yet */
    char *info;       /* texts */
    char *notice;     /* */
    char *caught;     /* a key's name */
    struct stat seen; /* the socket when we last said everything; zeros: never */
    guint look;
};

/* Zeros when there is no screen. */
static struct stat
look_at_socket(const PupScreenLink *link)
{
    struct stat status;

    return stat(link->path, &status) == 0 ? status : (struct stat){0};
}

/* A socket that is bound anew may get the inode of the old one, but not its birth. */
static gboolean
is_same_socket(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void
say_all(PupScreenLink *link)
{
    link->seen = look_at_socket(link);
    if (link->page)
        pup_notify_send(link->path, "%s", link->page);
    pup_notify_send(link->path, "info %s", link->info);
    pup_notify_send(link->path, "notice %s", link->notice);
    pup_notify_send(link->path, "catch %s", link->caught);
}

/* A screen that was started anew has a new socket. */
static gboolean
on_look(gpointer data)
{
    PupScreenLink *link = data;
    struct stat now = look_at_socket(link);

    if (!is_same_socket(&now, &link->seen))
        say_all(link);
    return G_SOURCE_CONTINUE;
}

PupScreenLink *
pup_screen_link_new(const char *path)
{
    PupScreenLink *link = g_new0(PupScreenLink, 1);

    link->path = g_strdup(path);
    link->info = g_strdup("");
    link->notice = g_strdup("");
    link->caught = g_strdup("");
    link->look = g_timeout_add_seconds(LOOK_S, on_look, link);
    return link;
}

void
pup_screen_link_free(PupScreenLink *link)
{
    if (!link)
        return;
    g_source_remove(link->look);
    g_free(link->path);
    g_free(link->page);
    g_free(link->info);
    g_free(link->notice);
    g_free(link->caught);
    g_free(link);
}

/* Takes @page over. */
static void
show_page(PupScreenLink *link, char *page)
{
    gboolean had_guest = link->page && g_str_has_prefix(link->page, "spice ");

    if (g_strcmp0(page, link->page) == 0) {
        g_free(page);
        return;
    }
    g_free(link->page);
    link->page = page;
    pup_log("screen", "%s", page);
    if (had_guest)
        pup_notify_send(link->path, "spice-off");
    pup_notify_send(link->path, "%s", page);
}

void
pup_screen_stage(PupScreenLink *link, const PupWords *words)
{
    g_autofree char *line = pup_words_line(words);

    show_page(link, g_strconcat("stage ", line, NULL));
    pup_notify_send(link->path, "progress -1");
}

void
pup_screen_error(PupScreenLink *link, const char *code, const PupWords *words)
{
    g_autofree char *line = pup_words_line(words);

    show_page(link, g_strdup_printf("error %s %s", code, line));
}

void
pup_screen_unknown(PupScreenLink *link, const char *mac, const PupWords *words)
{
    g_autofree char *line = pup_words_line(words);

    show_page(link, g_strdup_printf("mac %s %s", mac, line));
}

void
pup_screen_guest(PupScreenLink *link, const char *path, PupUsb usb)
{
    g_autofree char *classes = pup_usb_text(usb);

    show_page(link, g_strdup_printf("spice %s %s", path, classes));
}

/* Takes @text over. */
static void
set_text(PupScreenLink *link, const char *verb, char **field, char *text)
{
    if (g_strcmp0(*field, text) != 0) {
        if (*text)
            pup_log("screen", "%s %s", verb, text);
        pup_notify_send(link->path, "%s %s", verb, text);
    }
    g_free(*field);
    *field = text;
}

void
pup_screen_info(PupScreenLink *link, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_text(link, "info", &link->info, g_strdup_vprintf(format, args));
    va_end(args);
}

void
pup_screen_notice(PupScreenLink *link, const PupWords *words)
{
    set_text(link, "notice", &link->notice, pup_words_line(words));
}

void
pup_screen_catch(PupScreenLink *link, const char *key)
{
    set_text(link, "catch", &link->caught, g_strdup(key));
}
