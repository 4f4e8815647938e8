/* Copyright (c) 2026 The cx-sriov authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at:
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */

#ifndef SRIOV_UDEV_H
#define SRIOV_UDEV_H 1

/* udev: whether it is done with a network device, which it may be about to
 * rename, and when VFs come whose representors are there already.
 *
 *     udev, or the kernel's device events --> UDEV --> source-netlink
 *
 * Two objects, one for each thread, that share nothing.  udev runs in
 * user space, and no function here waits for a driver. */

#include <stdbool.h>
#include "simap.h"

struct sriov_model;
struct udev;
struct udev_monitor;

/* Listening, in the main thread.  All zeros before the start. */
struct sriov_udev_events {
    struct udev *udev;          /* NULL before the start. */
    struct udev_monitor *monitor; /* NULL if it could not be had. */
    bool runs;                  /* Else 'monitor' listens to the kernel. */
};

/* Starts to listen to udev or, if it does not run, to the kernel, unless that
 * has been done.  Returns true if it has been done now, or was tried: what
 * happened before was not heard.  What cannot be had is logged, and then there
 * are no events. */
bool sriov_udev_start(struct sriov_udev_events *);

/* Takes in the events that wait.  Returns true if there is one that may say
 * that udev is done with a link in 'current' with which it was not yet, or
 * that a VF is there that 'current' lacks; or if some were lost, which '*lost'
 * then says.  While 'reading', that is also so for links that 'current' does
 * not have: the one that is being read may, with udev not done yet.  'current'
 * may be NULL. */
bool sriov_udev_receive(struct sriov_udev_events *,
                        const struct sriov_model *current, bool reading,
                        bool *lost);

/* Arranges for poll_block() to wake up when there is an event. */
void sriov_udev_wait(const struct sriov_udev_events *);

/* Ends listening; sriov_udev_start() can start it again. */
void sriov_udev_stop(struct sriov_udev_events *);

/* Asking, in the reading thread. */
struct sriov_udev_state {
    struct udev *udev;          /* NULL until there was a link. */
    struct simap initialized;   /* Links that udev is done with: from their
                                 * names to their ifindexes. */
};

/* Makes a state in which nothing was asked yet, and frees what is in it. */
void sriov_udev_state_init(struct sriov_udev_state *);
void sriov_udev_state_destroy(struct sriov_udev_state *);

/* Fills in 'initialized' of the links in 'model', which is not finished.  If
 * nobody will tell when udev is done with one, since udev does not run or,
 * with 'deaf', since its events cannot be had, it counts as done. */
void sriov_udev_read(struct sriov_udev_state *, struct sriov_model *model,
                     bool deaf);

#endif /* udev.h */
