/* Words for what a hub refuses: each cause its own sentence, with the next step. */
#include "hub.h"
#include "json.h"
#include "retry.h"
#include "steady.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

void hub_learn_clock(struct prov_hub *hub, const struct http_call *call)
{
	/* Within a second all answers have the same one. */
	if (strcmp(call->date, hub->date) != 0) {
		memcpy(hub->date, call->date, sizeof(hub->date));
		hub->date_unix = retry_date(call->date);
	}
	if (!hub->date[0] || hub->date_unix < 0)
		return;
	hub->stats.has_skew = true;
	/* Not by time(): a hub on the same clock would seem to be a second ahead. */
	hub->stats.skew_s = unix_ms() / 1000 - hub->date_unix;
}

bool answer_wait(const struct http_call *call, unsigned *ms)
{
	struct json_failure f;

	if (call->retry_after[0] &&
	    retry_header(call->retry_after, (int64_t)time(NULL), ms))
		return true;
	return json_read_failure(call->text, &f) > 0 && retry_text(f.text, ms);
}

static int words_clock(struct flow *f)
{
	int64_t skew = f->hub->stats.skew_s;

	fail(&f->error, PROV_ERR_CLOCK,
	     "%s refuses the token: this machine's clock is %" PRId64 " s %s the hub's",
	     f->hub->host, skew < 0 ? -skew : skew, skew < 0 ? "behind" : "ahead of");
	return hint(&f->error, PROV_ERR_CLOCK, "set the clock: timedatectl set-ntp true");
}

static bool is_expired(const struct prov_hub *hub, const char *text)
{
	struct prov_sas_info info;

	if (strcasestr(text, "expired"))
		return true;
	return hub->fixed_token &&
	       prov_sas_parse(prov_secret_text(hub->fixed_token), &info, NULL) == 0 &&
	       info.expires_unix <= (int64_t)time(NULL);
}

static int words_expired(struct flow *f)
{
	fail(&f->error, PROV_ERR_EXPIRED, "%s: the token has expired", f->hub->host);
	return hint(&f->error, PROV_ERR_EXPIRED,
		    "get a new one, or use a connection string "
		    "with a key");
}

/* The service has one status for all of this ([ERR] 401002, 401003). */
static int words_401(struct flow *f, const char *text)
{
	const struct prov_hub *hub = f->hub;
	const struct prov_stats *s = &hub->stats;

	if (s->has_skew && (s->skew_s > CLOCK_SLACK_S || s->skew_s < -CLOCK_SLACK_S))
		return words_clock(f);
	if (is_expired(hub, text))
		return words_expired(f);
	if (strcasestr(text, "not authorized for") || strcasestr(text, "permission"))
		return rights_words(f, true);
	/* The words come with what rights_ask finds out. */
	f->doubt = !hub->other;
	return fail(&f->error, PROV_ERR_KEY, "%s refuses the key or the right",
		    f->hub->host);
}

static int words_403(struct flow *f, const char *code, const char *text)
{
	if (strcasestr(code, "Quota") || strcmp(code, "403002") == 0)
		return hint(&f->error,
			    fail(&f->error, PROV_ERR_QUOTA,
				 "%s: today's quota of messages is used up",
				 f->hub->host),
			    "it is filled up at midnight UTC; or add units to the hub");
	if (strcasestr(code, "QueueDepth") || strcasestr(code, "TooManyDevices") ||
	    strncmp(code, "403004", 6) == 0)
		return fail(&f->error, PROV_ERR_QUOTA, "%s: %s", f->hub->host,
			    *text ? text : "a limit of the hub is reached");
	return rights_words(f, true);
}

static int words_404(struct flow *f, const char *code)
{
	if (strcasestr(code, "DeviceNotOnline") || strcmp(code, "404103") == 0)
		return hint(
			&f->error,
			fail(&f->error, PROV_ERR_OFFLINE, "the device is not connected"),
			"is it powered, and did it subscribe to methods?");
	fail(&f->error, PROV_ERR_NOTFOUND, "%s has no such device", f->hub->host);
	return hint(&f->error, PROV_ERR_NOTFOUND,
		    "ids are case-sensitive; stmiot device list shows them");
}

static int words_429(struct flow *f)
{
	fail(&f->error, PROV_ERR_THROTTLED, "%s is throttling", f->hub->host);
	return hint(&f->error, PROV_ERR_THROTTLED,
		    "try again in a minute; bulk operations, more units or a larger tier "
		    "take more");
}

bool answer_is_page(const struct http_call *call)
{
	return strcasestr(call->content_type, "html") || call->text[0] == '<';
}

bool answer_is_good(const struct http_call *call)
{
	return call->status >= 200 && call->status < 300 && !answer_is_page(call);
}

/* It may pass: a gateway has pages of its own for a hub that is not at hand. */
static int words_page(struct flow *f)
{
	fail(&f->error, PROV_ERR_SERVICE,
	     "%s fails with a web page in place of an answer (HTTP %d)", f->hub->host,
	     f->call.status);
	return hint(&f->error, PROV_ERR_SERVICE,
		    "a proxy, or Azure's gateway, speaks for the hub: try again later; "
		    "if it stays so, open https://%s and see who answers",
		    f->hub->host);
}

static int words_other(struct flow *f, const char *code, const char *text)
{
	int status = f->call.status;

	if (status >= 500 && answer_is_page(&f->call))
		return words_page(f);
	if (status == 504 && f->once)
		return hint(&f->error,
			    fail(&f->error, PROV_ERR_TIMEOUT,
				 "the device does not answer in time"),
			    "give it more time, or see what it is doing");
	if (status >= 500 || status == 408)
		return hint(&f->error,
			    fail(&f->error, PROV_ERR_SERVICE, "%s fails (HTTP %d%s%s)",
				 f->hub->host, status, *code ? ", " : "", code),
			    "try again later; see the hub's health in the portal");
	return fail(&f->error, PROV_ERR_SERVICE,
		    "%s refuses the request (HTTP %d%s%s)%s%s", f->hub->host, status,
		    *code ? ", " : "", code, *text ? ": " : "", text);
}

static int words_nohub(struct flow *f)
{
	const char *how = "in a way that no hub does";

	if (answer_is_page(&f->call))
		how = "with a web page";
	else if (f->call.status < 400)
		how = "that it is elsewhere";
	fail(&f->error, PROV_ERR_NOHUB, "%s answers %s (HTTP %d): that is no IoT Hub",
	     f->hub->host, how, f->call.status);
	return hint(&f->error, PROV_ERR_NOHUB,
		    "check the HostName; a captive portal or a proxy may be in between: "
		    "open https://%s and see who answers",
		    f->hub->host);
}

static int words_by_status(struct flow *f, const char *code, const char *text)
{
	switch (f->call.status) {
	case 401:
		return words_401(f, text);
	case 403:
		return words_403(f, code, text);
	case 404:
		return words_404(f, code);
	case 409:
		return fail(&f->error, PROV_ERR_EXISTS,
			    "%s has a device of this name already", f->hub->host);
	case 412:
		return hint(&f->error,
			    fail(&f->error, PROV_ERR_CHANGED, "it was changed meanwhile"),
			    "look at it again, then decide");
	case 429:
		return words_429(f);
	default:
		return words_other(f, code, text);
	}
}

int answer_words(struct flow *f)
{
	struct json_failure said = { 0 };
	int known = json_read_failure(f->call.text, &said);
	const char *code = f->call.error_code[0] ? f->call.error_code : said.code;
	int rc;

	if (known < 0)
		return fail(&f->error, PROV_ERR_NOMEM, "no memory for an answer");
	/* Whatever a hub refuses has a form, and it sends nobody elsewhere. */
	if (f->call.status < 400 ||
	    (!known && !f->call.error_code[0] && f->call.text_len &&
	     f->call.status < 500 && f->call.status != 429))
		rc = words_nohub(f);
	else
		rc = words_by_status(f, code, said.text);
	f->error.http_status = f->call.status;
	copy_clean(f->error.service_code, sizeof(f->error.service_code), code);
	copy_clean(f->error.tracking_id, sizeof(f->error.tracking_id),
		   said.tracking[0] ? said.tracking : f->call.request_id);
	return rc;
}
