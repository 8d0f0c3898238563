/*
 * The filter with which a reader of the built-in endpoint says where to begin, Event Hubs'
 * apache.org:selector-filter:string:
 *
 *	amqp.annotation.x-opt-offset > '4321'		behind it; >= begins with it
 *	amqp.annotation.x-opt-offset > '@latest'	what comes from now on
 *	amqp.annotation.x-opt-offset > '-1'		all
 *	amqp.annotation.x-opt-sequence-number >= '5'
 *	amqp.annotation.x-opt-enqueued-time > '1795343403210'
 *	amqp.annotation.x-opt-enqueuedtimeutc > 1542069893156
 *
 * Times are milliseconds since 1970; numbers may stand without quotes.
 */
#ifndef HUB_SELECTOR_H
#define HUB_SELECTOR_H

#include "events.h"

#define SELECTOR_ERROR 200

/* False: `err` says what is wrong, and where. */
bool selector_parse(const char *text, size_t len, struct position *position,
		    char err[SELECTOR_ERROR]);

#endif
