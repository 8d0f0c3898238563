/* Messages as AMQP has them, and as the hub does (message.h). */
#ifndef HUB_AMQP_CONTENT_H
#define HUB_AMQP_CONTENT_H

#include "amqp/proton_own.h"
#include "message.h"

/* Appends the message, encoded. False: no memory. */
bool content_encode(pn_message_t *message, struct text *to);
/* Fills in properties, application properties and body. */
void content_fill(pn_message_t *to, const struct message *from);
/* Adds what is a name with a text to a map that is entered. */
void content_put(pn_data_t *map, const char *name, const char *text);
/* A name of an annotation or property is a symbol or a string. */
bool content_named(pn_bytes_t name, const char *wanted);

/* A message that was decoded; starts out as zeros, and may be used again. */
struct content {
	pn_message_t *proton;
	struct message message; /* points into the rest */
	char operation[32];     /* annotations of a device's twin */
	char resource[64];
	int64_t version; /* -1: none */
	char *texts;     /* with their NULs */
	size_t used;
	size_t room;
	struct message_property *properties;
	size_t property_room;
};

/* NULL, or what is wrong with it. */
const char *content_decode(struct content *content, const char *bytes, size_t len);
void content_free(struct content *content);

/* The application property with this name, or NULL. */
const char *content_property(const struct content *content, const char *name);

#endif
