/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reason that an error gives was written for a log. It is made fit for the second
 * line by rules, not by whoever reports the error: they are many, and each new one would
 * bring an address or the name of a chunk back to the screen.
 */
#include "config.h"
#include "client-image/seat/words.h"

#include <string.h>

#include "client-image/common/notify.h"
#include "lib/template.h"

/* Seconds up to here are said as seconds. */
#define SECONDS_MAX 90
/* Of a reason, in characters: two lines or so. */
#define WHY_MAX 160

#define WHY "{{why}}"
#define EMPTIES                                                                          \
    "Shutting down, or switching the PC off and on, empties this space and starts "      \
    "afresh; a restart does not."
#define LOSES                                                                            \
    "A restart does not help. Once this space is full, the PC starts afresh without "    \
    "what it kept."
#define TAKING "about to take the room's new version"
#define SAVE "Save your work on a stick or a share now."

static const struct {
    const char *text, *more;
    const char *detail; /* NULL: the text, and the reason as it is */
} table[] = {
    [PUP_SAY_ASKING] = {"Asking the server what to run", "", NULL},
    [PUP_SAY_GETTING_READY] = {"Getting ready: {{room}}", "", NULL},
    [PUP_SAY_PREPARING] = {"Preparing the disk", "", NULL},
    [PUP_SAY_STARTING] = {"Starting", "", NULL},
    [PUP_SAY_CLEARING] = {"Cleaning up", "", NULL},
    [PUP_SAY_SERVER_AWAITED] = {"Waiting for the server", "{{server}}", NULL},

    [PUP_SAY_NOT_BEGUN] = {"This PC cannot begin.", WHY, NULL},
    [PUP_SAY_SERVER_AWAY] = {"The server does not answer. This PC keeps trying.",
                             "{{server}}: " WHY, NULL},
    [PUP_SAY_BAD_ANSWER] = {"This PC cannot make sense of what the server answers.", WHY,
                            NULL},
    [PUP_SAY_BAD_VERSION] = {"This room's desktop cannot be loaded.", WHY, NULL},
    [PUP_SAY_NO_DISK] = {"This room's disk cannot be prepared on this PC.", WHY, NULL},
    [PUP_SAY_NO_GUEST] = {"This room's desktop does not start on this PC.", WHY, NULL},
    [PUP_SAY_NOT_CLEARED] = {"This PC could not clean up after the last desktop.", WHY,
                             NULL},
    [PUP_SAY_CRASHED] = {"The desktop ended unexpectedly. It is started again.", "",
                         NULL},
    [PUP_SAY_NOT_GENUINE] = {"What the server sent is not signed with the right key, so "
                             "it is not used.",
                             WHY, NULL},
    [PUP_SAY_NO_MEMORY] = {"This PC has too little memory for this room.", WHY, NULL},
    [PUP_SAY_NO_SPACE] = {"This PC has no space left for this room's desktop.", WHY,
                          NULL},
    [PUP_SAY_NOT_ABLE] = {"This PC cannot run this room's desktop.", WHY, NULL},
    [PUP_SAY_UNKNOWN_PC] = {"Please give the administrator this address: it must be "
                            "added to a room.",
                            WHY, NULL},
    [PUP_SAY_UNPUBLISHED] = {"This room has nothing to start yet. This PC starts by "
                             "itself as soon as it has.",
                             WHY, NULL},

    [PUP_SAY_SERVER_WAIT] = {"The server does not answer. Please wait: this PC goes on "
                             "by itself as soon as it does.",
                             "{{server}}: " WHY, NULL},
    [PUP_SAY_DAMAGED] = {"Some data came damaged and was not used. It is fetched again.",
                         WHY, NULL},
    [PUP_SAY_HALTED] = {"This PC's disk does not answer. Please wait: it goes on by "
                        "itself as soon as it does.",
                        "", NULL},
    [PUP_SAY_NO_CACHE] = {"This PC works without its disk cache and may be slower.", WHY,
                          NULL},
    [PUP_SAY_NO_ENLIGHTENMENTS] = {"This PC may be a little slower than others.", WHY,
                                   "runs without Hyper-V enlightenments, which this PC's "
                                   "KVM refuses: {{raw}}"},
    [PUP_SAY_CLOCK_DOUBTED] = {"The clock of this PC may be wrong.", WHY, "{{raw}}"},
    [PUP_SAY_KEPT_DAMAGED] = {"What was kept on this PC was damaged. It starts afresh.",
                              "", NULL},
    [PUP_SAY_KEPT_FULL] = {"What was kept on this PC had filled its disk. It starts "
                           "afresh.",
                           "", NULL},
    [PUP_SAY_DISK_UNUSED] = {"The disk for what changes on this PC is not used: there is "
                             "less space than usual.",
                             WHY, NULL},
    [PUP_SAY_DISK_UNUSED_LOST] = {"The disk for what changes on this PC is not used, so "
                                  "nothing is kept: save your work elsewhere.",
                                  WHY, NULL},
    [PUP_SAY_NOTHING_KEPT] = {"This room's PCs keep what changes on them, but this one "
                              "does not: save your work elsewhere.",
                              WHY, NULL},

    [PUP_SAY_TAKING_NOW] = {"This room has a new version: this desktop ends and starts "
                            "again in {{time}}. Save your work now.",
                            PUP_MORE_KEY " gives you ten more minutes.", TAKING},
    [PUP_SAY_TAKING_NOW_UNSEEN] = {"This room has a new version: this desktop ends and "
                                   "starts again in {{time}}. Save your work now.",
                                   "", TAKING},
    [PUP_SAY_TAKING_IDLE] = {"Nobody uses this PC, and its room has a new version: this "
                             "desktop ends and starts again in {{time}}. Press a key to "
                             "go on working.",
                             "", TAKING},
    [PUP_SAY_MORE_TIME] = {"You have {{time}} more. Then this desktop ends and starts "
                           "again with the room's new version.",
                           "",
                           "somebody asked for {{granted}} before this PC takes the "
                           "room's new version"},
    [PUP_SAY_GIVING_WAY] = {"This desktop is shutting down for the room's new version. "
                            "If it asks, save your work now.",
                            "It is switched off in {{time}} at the latest.", NULL},
    [PUP_SAY_ENDING] = {"This PC is shutting down. If the desktop asks, save your work "
                        "now.",
                        "It is switched off in {{time}} at the latest.", NULL},

    [PUP_SAY_FILLING] = {"Only {{space}} left for what changes on this PC. " SAVE,
                         EMPTIES, NULL},
    [PUP_SAY_FILLING_SOON] = {"Only {{space}} left for what changes on this PC: enough "
                              "for about {{time}}. " SAVE,
                              EMPTIES, NULL},
    [PUP_SAY_FILLING_KEPT] = {"Only {{space}} left for what this PC keeps. " SAVE, LOSES,
                              NULL},
    [PUP_SAY_FILLING_KEPT_SOON] = {"Only {{space}} left for what this PC keeps: enough "
                                   "for about {{time}}. " SAVE,
                                   LOSES, NULL},
    [PUP_SAY_FULL] = {"This desktop has stopped: the space for what changes on this PC "
                      "is full. Switch the PC off and on.",
                      "It starts afresh then, without what was not saved on a stick or a "
                      "share.",
                      NULL},
};

char *
pup_time_words(int seconds)
{
    int n = seconds <= SECONDS_MAX ? MAX(seconds, 0) : seconds / 60;
    const char *unit = seconds <= SECONDS_MAX ? "second" : "minute";

    return g_strdup_printf("%d %s%s", n, unit, n == 1 ? "" : "s");
}

static char *
space_words(guint64 mib)
{
    if (mib < 1024)
        return g_strdup_printf("%" G_GUINT64_FORMAT " MiB", mib);
    return g_strdup_printf("%.1f GiB", (double) mib / 1024);
}

static gboolean
put_time(const GMatchInfo *match, GString *text, gpointer data)
{
    g_autofree char *ms = g_match_info_fetch(match, 1);
    guint64 seconds = (g_ascii_strtoull(ms, NULL, 10) + 999) / 1000;
    g_autofree char *words = pup_time_words((int) MIN(seconds, (guint64) G_MAXINT));

    g_string_append(text, words);
    return FALSE;
}

static gboolean
put_character(const GMatchInfo *match, GString *text, gpointer data)
{
    g_autofree char *hex = g_match_info_fetch(match, 1);

    g_string_append_c(text, (char) g_ascii_strtoull(hex, NULL, 16));
    return FALSE;
}

static gboolean
put_group(const GMatchInfo *match, GString *text, gpointer data)
{
    g_autofree char *group = g_match_info_fetch(match, 1);

    g_string_append(text, group);
    return FALSE;
}

/* In this order; what an escape hides is seen by the rules behind it. */
static const struct {
    const char *pattern;
    GRegexEvalCallback put;
} rules[] = {
    {"%([2-7][0-9A-Fa-f])", put_character},
    {"https?://\\S+: ()", put_group},            /* where an error begins with it */
    {"https?://([^/\\s]+)[^\\s,;]*", put_group}, /* the host alone */
    {"\\b([0-9]+) ?ms\\b", put_time},
    {"\\b([0-9A-Fa-f]{8})[0-9A-Fa-f]{8,}\\b", put_group},
    {"[\\x{7f}" PUP_NOTIFY_MORE "]()", put_group},
};

/* @why as helpdesk can read it out. New string. */
static char *
tidy(const char *why)
{
    char *text = g_strdup(why);

    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        g_autoptr(GRegex) regex = g_regex_new(rules[i].pattern, 0, 0, NULL);
        char *next =
            g_regex_replace_eval(regex, text, -1, 0, 0, rules[i].put, NULL, NULL);

        g_free(text);
        text = next;
    }
    if (g_utf8_strlen(text, -1) > WHY_MAX) {
        char *cut = g_utf8_substring(text, 0, WHY_MAX - 3);

        g_free(text);
        text = g_strconcat(cut, "...", NULL);
        g_free(cut);
    }
    return text;
}

/* @why as it is, but that a line stays a line. New string. */
static char *
one_line(const char *why)
{
    char *text = g_utf8_make_valid(why, -1);

    for (char *c = text; *c; c++) {
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    }
    return text;
}

static const char *
host_of(const char *url)
{
    const char *host = strstr(url, "://");

    return host ? host + strlen("://") : url;
}

static char *
fill_in(const char *template, const PupVars *vars)
{
    g_autoptr(GError) error = NULL;
    char *text = pup_template_settle("words", template, PUP_ESCAPE_NONE, vars, &error);

    if (!text)
        g_warning("%s", error->message);
    return text ? text : g_strdup("");
}

static PupVars *
make_vars(const PupFacts *facts)
{
    PupVars *vars = pup_vars_new();
    g_autofree char *room = tidy(facts->room ? facts->room : "");
    g_autofree char *server = tidy(host_of(facts->server ? facts->server : ""));
    g_autofree char *time = pup_time_words(facts->left_s);
    g_autofree char *granted = pup_time_words(facts->granted_s);
    g_autofree char *space = space_words(facts->space_mib);
    g_autofree char *raw = one_line(facts->why ? facts->why : "");
    g_autofree char *why = tidy(raw);

    pup_vars_set(vars, "room", room);
    pup_vars_set(vars, "server", server);
    pup_vars_set(vars, "time", time);
    pup_vars_set(vars, "granted", granted);
    pup_vars_set(vars, "space", space);
    pup_vars_set(vars, "why", why);
    pup_vars_set(vars, "raw", raw);
    return vars;
}

/* Where there was no reason to give. */
static void
drop_end(char *text)
{
    size_t len = strlen(text);

    while (len > 0 && strchr(": ", text[len - 1]))
        text[--len] = '\0';
}

PupWords *
pup_words_new(PupSituation situation, const PupFacts *facts)
{
    const PupFacts none = {0};
    g_autoptr(PupVars) vars = make_vars(facts ? facts : &none);
    PupWords *words = g_new0(PupWords, 1);
    const char *why = facts && facts->why ? facts->why : "";

    words->text = fill_in(table[situation].text, vars);
    words->more = fill_in(table[situation].more, vars);
    drop_end(words->more);
    if (table[situation].detail)
        words->detail = fill_in(table[situation].detail, vars);
    else
        words->detail = g_strconcat(words->text, *why ? " " : "", why, NULL);
    return words;
}

void
pup_words_free(PupWords *words)
{
    if (!words)
        return;
    g_free(words->text);
    g_free(words->more);
    g_free(words->detail);
    g_free(words);
}

PupWords *
pup_words_hush(PupWords *words)
{
    *words->text = '\0';
    *words->more = '\0';
    return words;
}

char *
pup_words_line(const PupWords *words)
{
    if (!words)
        return g_strdup("");
    if (*words->more == '\0')
        return g_strdup(words->text);
    return g_strdup_printf("%s " PUP_NOTIFY_MORE " %s", words->text, words->more);
}
