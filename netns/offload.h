/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segmentation and checksum offload, through ethtool's generic netlink family. */
#ifndef NSLAB_NETNS_OFFLOAD_H
#define NSLAB_NETNS_OFFLOAD_H

#include "netns/err.h"

struct offload;

/** offload_open() - a socket in the calling thread's namespace; -EOPNOTSUPP without ethtool netlink */
int offload_open(struct offload **ret_offload, struct lab_err *err);
void offload_close(struct offload *offload);

/**
 * offload_disable() - switch off what would make a captured segment differ from one on a wire
 * TSO and GSO (segments larger than the MTU), GRO, and checksums left to hardware that is not
 * there. Same as ``ethtool -K IFNAME tso off gso off gro off tx off``.
 */
int offload_disable(struct offload *offload, int ifindex, struct lab_err *err);

/** offload_feature_at() - which ones, by ethtool's long names; NULL behind the last */
const char *offload_feature_at(int i);

#endif
