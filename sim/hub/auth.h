/* Who may do what: the Authorization header of a request, judged. */
#ifndef HUB_AUTH_H
#define HUB_AUTH_H

#include "call.h"

/*
 * A policy needs the right and a token for the path; the device itself needs
 * RIGHT_DEVICE_CONNECT to be the right. False: it was refused.
 */
bool authorize(struct call *call, unsigned right);

#endif
