/*
 * $cbs: a client shows tokens by messages, and gets an answer to each ("AMQP Claims-based
 * Security" of OASIS, as IoT Hub and Event Hubs speak it).
 */
#include <stdio.h>

#include "amqp/request.h"
#include "amqp/server.h"
#include "log.h"

#define TOKEN_MESSAGE_MAX 16384

static enum error put_token(struct node *node, const struct content *request, char *why,
			    size_t why_bytes)
{
	const char *operation = content_property(request, "operation");
	const char *type = content_property(request, "type");
	char *token;
	enum error error;

	if (!operation || strcmp(operation, "put-token") != 0) {
		snprintf(why, why_bytes, "the operation is not put-token");
		return ERROR_ARGUMENT;
	}
	if (!type || (strcmp(type, "servicebus.windows.net:sastoken") != 0 &&
		      strcmp(type, "jwt") != 0)) {
		snprintf(why, why_bytes,
			 "the type is not servicebus.windows.net:sastoken");
		return ERROR_ARGUMENT;
	}
	token = strndup(request->message.body, request->message.body_len);
	if (!token) {
		snprintf(why, why_bytes, "no memory");
		return ERROR_SERVER;
	}
	error = claims_put(&node->connection->claims, node_hub(node), token, why,
			   why_bytes);
	explicit_bzero(token, strlen(token));
	free(token);
	return error;
}

static bool open_any(struct node *node)
{
	(void)node;
	return true;
}

static bool take(struct node *node, pn_delivery_t *delivery, const char *bytes,
		 size_t len)
{
	struct content *request = &node->connection->server->content;
	const char *wrong = content_decode(request, bytes, len);
	struct reply reply;
	char why[400] = "OK";
	enum error error;

	if (wrong) {
		node_reject(node, delivery, "amqp:decode-error", "%s", wrong);
		return true;
	}
	error = put_token(node, request, why, sizeof(why));
	if (error == ERROR_NONE)
		node->connection->open_by_ms = INT64_MAX;
	else
		log_event("AMQP %s: $cbs: %s", node->connection->peer, why);
	node_accept_request(node, delivery);
	if (!reply_open(&reply, node, &node_cbs_out, request))
		return true;
	reply_status(&reply, error ? error_kind(error)->status : 200, why);
	reply_send(&reply);
	return true;
}

const struct node_kind node_cbs_in = {
	.name = "sender",
	.bytes = sizeof(struct node),
	.credit = 100,
	.message_max = TOKEN_MESSAGE_MAX,
	.open = open_any,
	.take = take,
};

const struct node_kind node_cbs_out = {
	.name = "receiver",
	.sends = true,
	.bytes = sizeof(struct node),
	.open = open_any,
};
