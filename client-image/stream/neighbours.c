/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "client-image/stream/neighbours.h"

#include <unistd.h>

#include "client-image/stream/peer_server.h"
#include "client-image/stream/source_peers.h"

struct PupNeighbours {
    PupStats *stats;
    PupSource *servers; /* until it is given away */
    unsigned port;      /* 0: we neither ask nor serve */
    int fd;             /* listens on it; -1: not, or the server has it */
    PupPeers *peers;    /* NULL: we are no seat */
    PupPeerServer *server;
};

/* @fd is -1 when that was in vain. */
static unsigned
bind_port(unsigned port, int *fd)
{
    g_autoptr(GError) error = NULL;
    unsigned bound = pup_peer_server_bind(NULL, port, fd, &error);

    if (!bound)
        g_printerr("pupitre: %s\n", error->message);
    return bound;
}

static PupPeers *
join(const PupNeighboursConfig *config, unsigned port)
{
    const PupPeersConfig peers = {
        .servers = config->servers,
        .mac = config->seat,
        .boot = config->boot,
        .room = config->room,
        .version = config->version,
        .port = port,
        .stats = config->stats,
    };

    return pup_peers_new(&peers);
}

PupNeighbours *
pup_neighbours_new(const PupNeighboursConfig *config)
{
    PupNeighbours *neighbours = g_new0(PupNeighbours, 1);
    g_autofree char *label = g_strdup_printf("%s@%u", config->room, config->version);
    unsigned bound = 0;

    neighbours->stats = config->stats;
    neighbours->servers = pup_source_servers_new(config->servers, label, config->stats);
    neighbours->fd = -1;
    neighbours->port = config->seat ? config->port : 0;
    if (neighbours->port > 0)
        bound = bind_port(neighbours->port, &neighbours->fd);
    if (config->seat)
        neighbours->peers = join(config, bound);
    return neighbours;
}

void
pup_neighbours_free(PupNeighbours *neighbours)
{
    if (!neighbours)
        return;
    pup_neighbours_stop(neighbours);
    if (neighbours->servers)
        neighbours->servers->ops->free(neighbours->servers);
    if (neighbours->fd >= 0)
        close(neighbours->fd);
    pup_peers_free(neighbours->peers);
    g_free(neighbours);
}

PupSource *
pup_neighbours_source(PupNeighbours *neighbours)
{
    PupSource *servers = g_steal_pointer(&neighbours->servers);

    return neighbours->port > 0
               ? pup_source_peers_new(servers, neighbours->peers, neighbours->stats)
               : servers;
}

static unsigned
count_at(gpointer peers, const char *address)
{
    return pup_peers_count_at(peers, address);
}

static unsigned
uplink_kib_s(gpointer peers)
{
    return pup_peers_uplink_kib_s(peers);
}

void
pup_neighbours_serve(PupNeighbours *neighbours, PupSupply *supply)
{
    const PupPeerServerConfig config = {
        .supply = supply,
        .stats = neighbours->stats,
        .count_at = count_at,
        .uplink_kib_s = uplink_kib_s,
        .user = neighbours->peers,
    };
    g_autoptr(GError) error = NULL;
    int fd = neighbours->fd;

    neighbours->fd = -1;
    if (fd < 0)
        return;
    neighbours->server = pup_peer_server_new(&config, fd, &error);
    if (!neighbours->server)
        g_printerr("pupitre: %s\n", error->message);
}

void
pup_neighbours_stop(PupNeighbours *neighbours)
{
    if (neighbours)
        g_clear_pointer(&neighbours->server, pup_peer_server_free);
}

gboolean
pup_neighbours_is_ours(PupNeighbours *neighbours, const PupName *name)
{
    g_autoptr(PupPeerList) list = NULL;
    guint owner;

    if (neighbours->port == 0)
        return TRUE;
    list = pup_peers_list(neighbours->peers);
    owner = pup_owner_next(list->keys, list->n, name, PUP_OWNER_NONE);
    return owner == PUP_OWNER_NONE || owner == list->own;
}

void
pup_neighbours_tell_version(PupNeighbours *neighbours, unsigned version)
{
    if (neighbours->peers)
        pup_peers_tell_version(neighbours->peers, version);
}

unsigned
pup_neighbours_warm(PupNeighbours *neighbours)
{
    return neighbours->peers ? pup_peers_warm(neighbours->peers) : 0;
}
