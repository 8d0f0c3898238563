/*
 * AMQP 1.0's encoding of values ([AMQP] 1.2): out of bytes that may be anything, and the
 * few kinds that we send into bytes. Nothing is allocated or copied; what is read points
 * into the bytes.
 */
#ifndef PROV_AMQP_VALUE_H
#define PROV_AMQP_VALUE_H

#include "prov_device.h"
#include "prov_events.h"

struct amqp_span {
	const uint8_t *at, *end;
};

enum amqp_shape { AMQP_SINGLE, AMQP_LIST, AMQP_MAP, AMQP_ARRAY };

struct amqp_value {
	struct prov_value v; /* PROV_VALUE_OTHER for lists, maps, arrays, decimals */
	bool described;
	uint64_t descriptor; /* its number; 0 when it is a symbol */
	enum amqp_shape shape;
	/* Of lists, maps (two each) and arrays, whose elements have one constructor. */
	size_t left;
	struct amqp_span inside;
	uint8_t constructor;
};

/* The next value; false at the end, or when it is malformed. */
bool amqp_read(struct amqp_span *from, struct amqp_value *out);

/* The next element of a list, a map or an array. */
bool amqp_next(struct amqp_value *of, struct amqp_value *out);

bool amqp_is(const struct prov_value *value, const char *text);

/* A whole number of any type. */
bool amqp_number(const struct prov_value *value, int64_t *out);

/* The value behind a key that is `text`; false when there is none. */
bool amqp_lookup(struct amqp_value map, const char *text, struct amqp_value *out);

/* -- a message ([AMQP] 3.2) ----------------------------------------------------------- */

struct amqp_message {
	struct amqp_value annotations, properties, application;
	struct amqp_value value; /* the body, where it is one value */
	struct prov_bytes data;  /* the body's first piece, where it is bytes */
	unsigned n_data;         /* how many pieces it has */
	bool has_annotations, has_properties, has_application, has_value;
};

bool amqp_message_read(struct amqp_span bytes, struct amqp_message *out);

/* -- into bytes ------------------------------------------------------------------------ */

struct amqp_writer {
	uint8_t *to;
	size_t room, n;
	bool full;
};

/*
 * A request ([AMQP] "Management" 1.0, 3.2): `pairs` of texts as application properties,
 * ended by NULL, and a text or nothing for its body. Both ends are `to` and `reply_to`.
 */
struct amqp_request {
	const char *to, *reply_to, *message_id;
	const char *const *pairs;
	const char *body;
};

/* A message to a device ([AMQP] 3.2); texts that are NULL are left out. */
struct amqp_outgoing {
	const char *to, *message_id, *correlation_id, *content_type, *content_encoding;
	int64_t expires_ms; /* unix; 0 is none */
	const char *ack;    /* "iothub-ack" */
	const struct prov_property *properties;
	size_t n_properties;
	const void *body;
	size_t len;
};

bool amqp_message_write(const struct amqp_outgoing *message, struct amqp_writer *w);

/* False when there is no room. */
bool amqp_request_write(const struct amqp_request *request, struct amqp_writer *w);

#endif
