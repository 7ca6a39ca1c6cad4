/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-image/screen/sound.h"

#include <alsa/asoundlib.h>
#include <string.h>

/* Room for this much sound before it is heard: what the guest's clock and the way to us
 * may jitter by. */
#define LATENCY_US 100000
#define FULL_VOLUME 65535u
/* The card's own outputs, of their range. */
#define OUTPUT_PERCENT 80

struct PupSound {
    snd_pcm_t *pcm; /* NULL: silent */
    unsigned n_channels;
    unsigned rate_hz;
    unsigned volume;
    gboolean mute;
};

/* alsa-lib prints its errors; a PC without sound is none. */
static void
say_nothing(const char *file, int line, const char *function, int error,
            const char *format, ...)
{
}

PupSound *
pup_sound_new(void)
{
    PupSound *sound = g_new0(PupSound, 1);

    snd_lib_error_set_handler(say_nothing);
    sound->volume = FULL_VOLUME;
    return sound;
}

void
pup_sound_free(PupSound *sound)
{
    if (sound == NULL)
        return;
    pup_sound_stop(sound);
    g_free(sound);
}

/* TRUE when device @number of the card plays, and not into a monitor's cable only. */
static gboolean
is_analogue(snd_ctl_t *card, int number)
{
    snd_pcm_info_t *info;

    snd_pcm_info_alloca(&info);
    snd_pcm_info_set_device(info, (unsigned) number);
    snd_pcm_info_set_stream(info, SND_PCM_STREAM_PLAYBACK);
    if (snd_ctl_pcm_info(card, info) < 0)
        return FALSE;
    const char *name = snd_pcm_info_get_name(info);
    return strstr(name, "HDMI") == NULL && strstr(name, "DisplayPort") == NULL;
}

/* Find card and device of the first analogue output. FALSE when there is none. */
static gboolean
find_analogue(int *card_number, int *device_number)
{
    for (int card = -1; snd_card_next(&card) == 0 && card >= 0;) {
        g_autofree char *name = g_strdup_printf("hw:%d", card);
        snd_ctl_t *control;
        gboolean found = FALSE;
        int device = -1;
        if (snd_ctl_open(&control, name, SND_CTL_NONBLOCK) < 0)
            continue;
        while (!found && snd_ctl_pcm_next_device(control, &device) == 0 && device >= 0)
            found = is_analogue(control, device);
        snd_ctl_close(control);
        if (found) {
            *card_number = card;
            *device_number = device;
            return TRUE;
        }
    }
    return FALSE;
}

/* TRUE when @name is an output, not one of the inputs that can be heard through. */
static gboolean
is_output(const char *name)
{
    static const char *const starts[] = {"Master",  "PCM",      "Front",   "Headphone",
                                         "Speaker", "Line Out", "Digital", NULL};

    for (const char *const *start = starts; *start != NULL; start++)
        if (g_str_has_prefix(name, *start))
            return TRUE;
    return FALSE;
}

static void
switch_on(snd_mixer_elem_t *element)
{
    long low, high;

    if (!snd_mixer_selem_is_active(element) ||
        !is_output(snd_mixer_selem_get_name(element)))
        return;
    if (snd_mixer_selem_has_playback_switch(element))
        snd_mixer_selem_set_playback_switch_all(element, 1);
    if (snd_mixer_selem_has_playback_volume(element) &&
        snd_mixer_selem_get_playback_volume_range(element, &low, &high) == 0)
        snd_mixer_selem_set_playback_volume_all(element, low + (high - low) *
                                                                   OUTPUT_PERCENT / 100);
}

static void
switch_outputs_on(int card)
{
    g_autofree char *name = g_strdup_printf("hw:%d", card);
    snd_mixer_t *mixer;

    if (snd_mixer_open(&mixer, 0) < 0)
        return;
    if (snd_mixer_attach(mixer, name) == 0 &&
        snd_mixer_selem_register(mixer, NULL, NULL) == 0 && snd_mixer_load(mixer) == 0)
        for (snd_mixer_elem_t *element = snd_mixer_first_elem(mixer); element != NULL;
             element = snd_mixer_elem_next(element))
            switch_on(element);
    snd_mixer_close(mixer);
}

void
pup_sound_start(PupSound *sound, unsigned n_channels, unsigned rate_hz)
{
    int card = 0, device = 0;

    pup_sound_stop(sound);
    if (n_channels == 0 || n_channels > 8 || rate_hz < 8000 || rate_hz > 192000)
        return;
    gboolean found = find_analogue(&card, &device);
    g_autofree char *name =
        found ? g_strdup_printf("plughw:%d,%d", card, device) : g_strdup("default");
    if (snd_pcm_open(&sound->pcm, name, SND_PCM_STREAM_PLAYBACK, SND_PCM_NONBLOCK) < 0) {
        sound->pcm = NULL;
        return;
    }
    switch_outputs_on(card);
    if (snd_pcm_set_params(sound->pcm, SND_PCM_FORMAT_S16_LE,
                           SND_PCM_ACCESS_RW_INTERLEAVED, n_channels, rate_hz, 1,
                           LATENCY_US) < 0) {
        g_message("sound: %s does not take %u channels at %u Hz", name, n_channels,
                  rate_hz);
        pup_sound_stop(sound);
        return;
    }
    g_message("sound: playing on %s", name);
    sound->n_channels = n_channels;
    sound->rate_hz = rate_hz;
}

/* @samples as loud as the guest wants them, in a new buffer. */
static gint16 *
scaled_copy(const PupSound *sound, const gint16 *samples, size_t n)
{
    gint16 *out = g_new(gint16, n);
    int volume = sound->mute ? 0 : (int) (sound->volume / 2);

    for (size_t i = 0; i < n; i++)
        out[i] = (gint16) (samples[i] * volume / (int) (FULL_VOLUME / 2));
    return out;
}

void
pup_sound_play(PupSound *sound, const void *samples, size_t len)
{
    if (sound->pcm == NULL)
        return;
    size_t n_frames = len / (sizeof(gint16) * sound->n_channels);
    g_autofree gint16 *scaled = NULL;
    if (sound->mute || sound->volume < FULL_VOLUME)
        samples = scaled = scaled_copy(sound, samples, n_frames * sound->n_channels);
    snd_pcm_sframes_t written = snd_pcm_writei(sound->pcm, samples, n_frames);
    if (written < 0 && written != -EAGAIN &&
        snd_pcm_recover(sound->pcm, (int) written, 1) < 0)
        pup_sound_stop(sound); /* the card was pulled out */
}

void
pup_sound_stop(PupSound *sound)
{
    if (sound->pcm != NULL)
        snd_pcm_close(sound->pcm);
    sound->pcm = NULL;
}

unsigned
pup_sound_delay_ms(PupSound *sound)
{
    snd_pcm_sframes_t frames = 0;

    if (sound->pcm == NULL || snd_pcm_delay(sound->pcm, &frames) < 0 || frames < 0)
        return 0;
    return (unsigned) ((guint64) frames * 1000 / sound->rate_hz);
}

void
pup_sound_set_volume(PupSound *sound, unsigned volume)
{
    sound->volume = MIN(volume, FULL_VOLUME);
}

void
pup_sound_set_mute(PupSound *sound, gboolean mute)
{
    sound->mute = mute;
}
