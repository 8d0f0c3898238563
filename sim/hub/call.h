/* One request on its way through the hub; what the handlers of routes see. */
#ifndef HUB_CALL_H
#define HUB_CALL_H

#include "errors.h"
#include "hub.h"
#include "json.h"
#include "login.h"

#define PATH_SEGMENTS 8
#define SEGMENT_MAX   256
#define WHY_MAX       300

struct call {
	struct hub *hub;
	const struct request *request;
	struct answer *answer;
	int64_t now_ms;
	char segments[PATH_SEGMENTS][SEGMENT_MAX + 1]; /* decoded */
	size_t segment_count;
	char path[PATH_SEGMENTS * (SEGMENT_MAX + 1) + 1]; /* decoded, from its slash */
	const char *query;                                /* NULL: there is none */
	const char *device;                               /* "" when the path has none */
	const char *module;
	struct json *body;
	struct identity identity; /* of a request that a device makes */
	enum error refused;
	/* How errors look; NULL: as the hub's do. */
	struct json *(*error_form)(const struct error_kind *kind, const char *message,
				   int64_t now_ms);
	char why[WHY_MAX];  /* for the log; never a key or a signature */
	struct fault fault; /* that strikes it */
	void (*cancel)(void *with);
	void *cancel_with;
};

/* Answers with an error. The words go to client and log alike; NULL takes its own. */
void refuse(struct call *call, enum error error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, but the log learns more than the client does. */
void refuse_quietly(struct call *call, enum error error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Answers with JSON, which it takes. */
void answer_json(struct call *call, int status, struct json *json);
void answer_nothing(struct call *call, int status);
void answer_etag(struct call *call, const char *etag);

/*
 * The answer comes later: the call stays until it is resumed, or until nobody waits for
 * the answer any more. `cancel` says that; the call is gone after it.
 */
void call_suspend(struct call *call, void (*cancel)(void *with), void *with);
/* The answer of a call that was suspended is there, and the call gone. */
void call_resume(struct call *call);
/* Tells log and record what became of the call. */
void call_tell(const struct call *call);

/*
 * Finds the device, or module, that the path names; 0 when it was refused, which a device
 * that is not there is. The caller frees it.
 */
bool call_find(struct call *call, struct device *device);

/* Is the If-Match header, "*" when there is none, for this etag? False: it was refused.
 */
bool call_if_match(struct call *call, const char *etag);

#endif
