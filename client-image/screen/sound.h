/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sound - what the guest plays, on the PC's sound card
 *
 * A PC without a card, or with one that does not open, is a silent PC: nothing here
 * fails. The card is opened when the guest starts to play and let go when it stops.
 * Cards come up muted under Linux: its outputs are switched on then, at four fifths; the
 * volume itself is the guest's to set. One thread; never blocks.
 */
#pragma once

#include <glib.h>

typedef struct PupSound PupSound;

PupSound *pup_sound_new(void);
void pup_sound_free(PupSound *sound);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupSound, pup_sound_free)

/* The guest begins to play 16-bit samples, @n_channels interleaved, @rate_hz. */
void pup_sound_start(PupSound *sound, unsigned n_channels, unsigned rate_hz);
/* Play @len bytes of them; what the card has no room for is dropped. */
void pup_sound_play(PupSound *sound, const void *samples, size_t len);
void pup_sound_stop(PupSound *sound);

/* How long a sample takes from play to loudspeaker, in ms. */
unsigned pup_sound_delay_ms(PupSound *sound);

/* The guest's volume of all channels, 0 to 65535. */
void pup_sound_set_volume(PupSound *sound, unsigned volume);
void pup_sound_set_mute(PupSound *sound, gboolean mute);
