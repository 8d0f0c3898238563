/*
 * Messages of AMQP 1.0 ([AMQP] 3.2), out of bytes that may be anything and into bytes, by
 * proton's codec. The second file of proton's door, whose types are not seen here either.
 */
#ifndef PROV_AMQP_MESSAGE_H
#define PROV_AMQP_MESSAGE_H

#include "prov_device.h"
#include "prov_events.h"

/* What reads and writes message by message; each has its own memory for it. */
struct amqp_codec;

/* NULL without memory. */
struct amqp_codec *amqp_codec_new(void);
void amqp_codec_free(struct amqp_codec *codec);

/* -- out of bytes ------------------------------------------------------------------------ */

/* Of the properties section ([AMQP] 3.2.4), in its order. */
enum amqp_field {
	AMQP_MESSAGE_ID,
	AMQP_USER_ID,
	AMQP_TO,
	AMQP_SUBJECT,
	AMQP_REPLY_TO,
	AMQP_CORRELATION_ID,
	AMQP_CONTENT_TYPE,
	AMQP_CONTENT_ENCODING,
	AMQP_FIELDS
};

struct amqp_named {
	const struct prov_named *at;
	size_t n;
};

/* What is not there is PROV_VALUE_NULL, or has no entries; keys that are no text neither. */
struct amqp_message {
	struct prov_value fields[AMQP_FIELDS];
	struct amqp_named annotations, properties;
	struct prov_value body; /* PROV_VALUE_BINARY: all its data sections in one */
	struct amqp_named map;  /* a body that is one, entry by entry */
};

enum amqp_reading { AMQP_READ_OK, AMQP_READ_MALFORMED, AMQP_READ_NOMEM };

/*
 * All that the message points to is the codec's, and valid until it reads the next one; a
 * message may be written meanwhile.
 */
enum amqp_reading amqp_message_read(struct amqp_codec *codec, struct prov_bytes bytes,
				    struct amqp_message *out);

/* A whole number of any type. */
bool amqp_number(const struct prov_value *value, int64_t *out);

/*
 * The texts of a list or an array, in turn, until `each` returns false. Their bytes are
 * valid until it returns.
 */
typedef bool amqp_each(void *ctx, struct prov_bytes text);
void amqp_each_text(const struct prov_value *list, amqp_each *each, void *ctx);

/* -- into bytes -------------------------------------------------------------------------- */

/* Texts that are NULL are left out. */
struct amqp_outgoing {
	const char *to, *reply_to, *message_id, *correlation_id;
	const char *content_type, *content_encoding;
	int64_t expires_ms; /* unix; 0 is none */
	const char *ack;    /* "iothub-ack" */
	const struct prov_property *properties;
	size_t n_properties;
	bool value; /* the body is `text` as a value, or null; else it is bytes */
	const char *text;
	const void *body;
	size_t len;
};

/*
 * The bytes are the codec's, until amqp_message_wipe, which is due even when `at` is NULL:
 * there was no memory then.
 */
struct prov_bytes amqp_message_write(struct amqp_codec *codec,
				     const struct amqp_outgoing *message);
void amqp_message_wipe(struct amqp_codec *codec);

#endif
