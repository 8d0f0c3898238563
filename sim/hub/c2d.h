/*
 * The queues of cloud-to-device messages, one for each device, and the feedback about
 * them, in the store's file (Microsoft's "Understand cloud-to-device messaging from an IoT
 * hub"). They have the same thread as the store, and end with the device.
 *
 * A message waits until a device takes it, which locks it for a minute, and completes,
 * abandons or rejects it under that lock; when the minute is over it waits again. It is
 * dead-lettered, which is to say gone, when it has expired, is rejected, or was abandoned
 * too often. The sender may want to hear of that.
 *
 * Calls return 1 (done, found), 0 (there is none) or -1 (the database fails); what they
 * did is then in the file (db.h). They are not for inside of a transaction.
 */
#ifndef HUB_C2D_H
#define HUB_C2D_H

#include "message.h"
#include "store.h"

#define C2D_QUEUE_MAX      50 /* of a device, with those that are locked */
#define C2D_TTL_MS         INT64_C(3600000)
#define C2D_LOCK_MS        INT64_C(60000)
#define C2D_DELIVERIES_MAX 10

#define FEEDBACK_BATCH_MAX 64
/* A batch that is not full waits until so long after the one before. */
#define FEEDBACK_WAIT_MS INT64_C(15000)
#define FEEDBACK_TYPE    "application/vnd.microsoft.iothub.feedback.json"

#define LOCK_TEXT 37 /* a UUID */

/* iothub-ack: which ends the sender wants to hear of. */
enum c2d_ack { ACK_NONE, ACK_POSITIVE, ACK_NEGATIVE, ACK_FULL, ACKS };

enum c2d_outcome { C2D_COMPLETE, C2D_ABANDON, C2D_REJECT };

struct c2d;

struct c2d *c2d_open(struct store *store, char *err, size_t err_bytes);
void c2d_close(struct c2d *c2d);

const char *c2d_ack_name(enum c2d_ack ack);
/* False: it is none of the four. */
bool c2d_ack_parse(const char *name, enum c2d_ack *ack);

/* -- to devices ---------------------------------------------------------------------- */

enum c2d_sent { C2D_FAILED = -1, C2D_FULL, C2D_SENT, C2D_TOO_LONG, C2D_EXPIRED };

/*
 * Queues a message; `expires_ms` is 0 where the sender said nothing. What has expired
 * already is refused.
 */
enum c2d_sent c2d_send(struct c2d *c2d, const struct device *device,
		       const struct message *message, enum c2d_ack ack,
		       int64_t expires_ms);

/* A message that is locked; starts out as zeros, and may be used again. */
struct c2d_delivery {
	int64_t sequence; /* grows, not by one */
	char lock[LOCK_TEXT];
	int64_t enqueued_ms;
	int64_t expires_ms;
	int deliveries; /* how often it was abandoned before */
	enum c2d_ack ack;
	struct message message; /* points into the next two */
	struct text packed;
	struct message_room room;
};

void c2d_delivery_free(struct c2d_delivery *delivery);

/* Takes and locks the first message that waits. */
int c2d_receive(struct c2d *c2d, const struct device *device,
		struct c2d_delivery *delivery);
/*
 * Takes and locks anew the message that this lock was for, also when its minute is over;
 * 0: it is gone, or somebody else took it since.
 */
int c2d_receive_again(struct c2d *c2d, const struct device *device, const char *lock,
		      struct c2d_delivery *delivery);
/* 0: nothing is locked with this, or not any more. */
int c2d_settle(struct c2d *c2d, const struct device *device, const char *lock,
	       enum c2d_outcome outcome);

/* Queued messages, with those that are locked. */
int c2d_count(struct c2d *c2d, const struct device *device, int64_t *count);
/* All of them go, and `*count` is how many. */
int c2d_purge(struct c2d *c2d, const struct device *device, int64_t *count);

/*
 * Lets expire what has expired, of all devices, so that senders hear of it when no device
 * asks. To be called each second or so.
 */
int c2d_tidy(struct c2d *c2d);

/* -- feedback ------------------------------------------------------------------------ */

/* The body is JSON, of FEEDBACK_TYPE; starts out as zeros. */
struct feedback {
	char lock[LOCK_TEXT];
	int64_t enqueued_ms; /* of the first that is in it */
	size_t records;
	char *body;
};

void feedback_free(struct feedback *feedback);

/* A batch that is full, or may go although it is not. Locks it. */
int feedback_receive(struct c2d *c2d, struct feedback *feedback);
/* As c2d_settle(); completed or rejected it is gone. */
int feedback_settle(struct c2d *c2d, const char *lock, enum c2d_outcome outcome);

#endif
