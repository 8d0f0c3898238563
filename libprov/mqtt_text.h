/* What names things in MQTT: URLs of brokers, topic filters ([MQTT] 4.7), and topics. */
#ifndef PROV_MQTT_TEXT_H
#define PROV_MQTT_TEXT_H

#include "prov.h"

struct mqtt_url {
	char host[PROV_HOST_MAX + 1]; /* of IPv6 with the brackets */
	uint16_t port;
	bool tls;
};

/*
 * "mqtt://HOST[:PORT]", "mqtts://HOST[:PORT]", or "HOST[:PORT]", which is without TLS at
 * port 1883 and with it at any other. PROV_ERR_ARG.
 */
int mqtt_url_parse(const char *text, struct mqtt_url *out, struct prov_error *err);

/* PROV_ERR_ARG: empty, too long, or '+' and '#' where they must not be. */
int mqtt_filter_check(const char *filter, struct prov_error *err);

/*
 * Does the topic fit? Then *level is what stands for the filter's first '+', NULL without
 * one.
 */
bool mqtt_filter_fits(const char *filter, const char *topic, size_t len,
		      struct prov_bytes *level);

/* Room for what is decoded, kept from one event to the next. All zero is empty. */
struct mqtt_room {
	struct prov_named *properties;
	size_t n_properties;
	char *text;
	size_t at, bytes;
};
void mqtt_room_free(struct mqtt_room *room);

/*
 * What the topic of an event says: of a hub's kind, device, module and properties. False:
 * it is of another kind, and nothing was said, or there is no memory.
 */
bool mqtt_topic_event(const char *topic, size_t len, struct mqtt_room *room,
		      struct prov_event *out);

#endif
