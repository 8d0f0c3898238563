/*
 * A batch of messages in one, as Microsoft's SDKs for C, Java and .NET send events: its
 * message-format is 0x80013700, and each Data section of it is a message, encoded. The one
 * for C sends nothing else. proton tells nobody the format of a delivery, and so a batch
 * is known by what it is: Data sections, without properties, all of which are whole
 * messages.
 */
#ifndef HUB_AMQP_BATCH_H
#define HUB_AMQP_BATCH_H

#include <stdbool.h>
#include <stddef.h>

/* What is left of it. */
struct batch {
	const char *at;
	size_t len;
};

/* False: it is no batch. Borrows the bytes. */
bool batch_open(struct batch *batch, const char *bytes, size_t len);
/* The next of its messages, or of any message's Data sections; false: there is none. */
bool batch_next(struct batch *batch, const char **message, size_t *len);

#endif
