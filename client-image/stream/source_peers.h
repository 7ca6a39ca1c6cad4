/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source_peers - a chunk from the seat that owns it, or else from a server
 *
 * Our own chunks come from a server, unless who owned them before we came holds them;
 * the others from their owner, and from a server too when the owner takes longer than it
 * usually does. While no server answers, every seat of the list is asked in the order of
 * its ranking.
 *
 * Threads: as a PupSource.
 */
#pragma once

#include "client-image/stream/peers.h"
#include "client-image/stream/source.h"

/* @servers (pup_source_servers_new()) is taken over, @peers and @stats (may be NULL) are
 * borrowed. Free with source->ops->free(). */
PupSource *pup_source_peers_new(PupSource *servers, PupPeers *peers, PupStats *stats);
