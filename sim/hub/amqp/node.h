/*
 * A link, from the hub's side: a node of AMQP, of some kind, that a client is attached to.
 * Each kind is a table of what it does; connection.c and link.c call that, on the thread of AMQP.
 */
#ifndef HUB_AMQP_NODE_H
#define HUB_AMQP_NODE_H

#include "amqp/place.h"
#include "amqp/claims.h"
#include "amqp/proton_own.h"
#include "throttle.h"

struct attached;
struct connection;
struct node;

/* What is sent in a row before others have their turn. */
#define NODE_BURST 100

struct node_kind {
	const char *name; /* for the log */
	bool sends;       /* the hub does, and not the client */
	size_t bytes;     /* of the node with what it has of its own */
	/* Of what it takes; more at a time it does not. 0: the usual, without more. */
	unsigned credit;
	size_t message_max;
	/*
	 * Is it attached? False: node_refuse() was called. It may leave what is under
	 * way to close(), which is called in any case.
	 */
	bool (*open)(struct node *node);
	/*
	 * There may be something to send, credit, or events that are stored now. True:
	 * it has not done all that it could.
	 */
	bool (*pump)(struct node *node);
	/* A whole message. False: not now; it comes again, at the next pump. */
	bool (*take)(struct node *node, pn_delivery_t *delivery, const char *bytes,
		     size_t len);
	/* The client says what it made of a message that was sent. */
	void (*settled)(struct node *node, pn_delivery_t *delivery);
	void (*close)(struct node *node);
};

struct node {
	const struct node_kind *kind;
	struct node *next; /* of the connection's */
	struct connection *connection;
	pn_link_t *link;
	struct place place;
	char name[200];            /* the address as said, for the log */
	struct attached *attached; /* attached.h; NULL: it is not a device's */
	struct claim *claim;       /* it is closed when this expires; may be NULL */
	struct text held;          /* a message that take() did not want yet */
	uint64_t sent;             /* messages; gives them their tags */
	bool holding;
	bool closed; /* for the hub; the client may not know yet */
};

struct hub *node_hub(const struct node *node);
/* Lets go of what it has; once. */
void node_close(struct node *node);

/*
 * Closes the node and its link, or refuses to attach it, and says why: to the client with
 * this condition, and in the log. The kind's own is closed when it returns.
 */
void node_refuse(struct node *node, const char *condition, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The condition of an error; its text is the hub's, "ErrorCode:...;". */
void node_refuse_error(struct node *node, enum error error, const char *why);
/* Rejects one message, with what node_refuse() says of a link. */
void node_reject(struct node *node, pn_delivery_t *delivery, const char *condition,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
#define NODE_THROTTLED "com.microsoft:device-container-throttled"

/* One more, as of throttle_take(): how long it is to wait, or -1. With the lock. */
int64_t node_throttle(const struct node *node, enum throttle_kind kind);
void node_accept(struct node *node, pn_delivery_t *delivery);
/*
 * Accepts a request ahead of its answer: proton writes outcomes behind all that is sent in
 * the same pass, and uamqp 1.5.3 (its amqp_management.c) frees a request when the answer
 * comes, and crashes at the outcome behind it.
 */
void node_accept_request(struct node *node, pn_delivery_t *delivery);
const char *error_condition(enum error error);

/*
 * Sends bytes of an encoded message; NULL when they cannot be. The delivery is unsettled,
 * unless the client has asked for settled ones: then it is gone already, and this is NULL
 * too.
 */
pn_delivery_t *node_send(struct node *node, const void *bytes, size_t len);
/* The same with a message, which it encodes. */
pn_delivery_t *node_send_message(struct node *node, pn_message_t *message);
/*
 * The same, with the lock as its tag: the SDKs for .NET make a GUID of it, and name by
 * that what they settle.
 */
pn_delivery_t *node_send_locked(struct node *node, pn_message_t *message,
				const char *lock);
/*
 * Settles what the client has given an outcome, with the same: a receiver that settles
 * second waits for it, and .NET's uses it unseen. Rejected it is where `rc`, what became
 * of the outcome, is 0, as the lock is lost, or negative, an error.
 */
void node_settle(struct node *node, pn_delivery_t *delivery, int rc);
/* May more be sent? There is credit, and not too much under way. */
bool node_may_send(const struct node *node);

/* May the client have the service's endpoint at this path? False: it was refused. */
bool service_enter(struct node *node, const char *path);

/* The kind for an address, when it is a sender of the client's, or a receiver; or NULL. */
const struct node_kind *node_kind_of(enum place_kind kind, bool hub_sends);

extern const struct node_kind node_cbs_in, node_cbs_out;
extern const struct node_kind node_management_in, node_management_out;
extern const struct node_kind node_redirect_in, node_redirect_out;
extern const struct node_kind node_reader;
extern const struct node_kind node_devicebound;
extern const struct node_kind node_feedback, node_files;
extern const struct node_kind node_telemetry;
extern const struct node_kind node_messages;
extern const struct node_kind node_methods_in, node_methods_out;
extern const struct node_kind node_twin_in, node_twin_out;

#endif
