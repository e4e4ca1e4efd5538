// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_TELEMETRY_H
#define DTLSGW_TELEMETRY_H

#include "cp.h"

// What dpdk-telemetry.py can ask, from EAL's own thread:
//
//   /dtlsgw/stats                counters of all lcores, the balance, names of ports and listeners
//   /dtlsgw/stats,lcore=0        the same of one lcore
//   /dtlsgw/stats,port=NAME      counters of one port
//   /dtlsgw/stats,listener=NAME  counters of one listener, its handshakes included
//   /dtlsgw/drops                every drop reason; ,lcore=0 of one lcore
//   /dtlsgw/sessions             "ID PEER LISTENER" of some sessions; next: the parameter for more
//   /dtlsgw/sessions,cursor=N    more of them
//   /dtlsgw/sessions,ID          one session
//   /dtlsgw/handshakes           handshakes under way, and counters of the threads that run them
//   /dtlsgw/handshakes,thread=0  the same of one thread
//   /dtlsgw/neighbours           counters of ARP and neighbour discovery
//   /dtlsgw/relays               counters of relays of STUN and RTP
//   /dtlsgw/resumption           counters of sessions that fatal alerts ended
//
// left and right are the sides of the equation in include/stats.h: they agree whenever no packet is
// under way.  Registers the commands; returns 0, or -errno and every command
// fails.  cp must outlive telemetry_stop().
int telemetry_start(struct cp *cp);

// Every command fails from now on; one that runs is waited for.
void telemetry_stop(void);

#endif
