/* Words for what a hub refuses: each cause its own sentence, with the next step. */
#include "hub.h"
#include "json.h"
#include "retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* The policies that every hub has. */
static const struct {
	const char *name;
	unsigned rights;
} policies[] = {
	{ "iothubowner",
	  RIGHT_REGISTRY_READ | RIGHT_REGISTRY_WRITE | RIGHT_SERVICE_CONNECT },
	{ "service", RIGHT_SERVICE_CONNECT },
	{ "device", 0 },
	{ "registryRead", RIGHT_REGISTRY_READ },
	{ "registryReadWrite", RIGHT_REGISTRY_READ | RIGHT_REGISTRY_WRITE },
};

int policy_rights(const char *policy, unsigned needs)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (strcmp(policies[i].name, policy) == 0)
			return (policies[i].rights & needs) == needs;
	return -1;
}

static const char *right_names(unsigned needs)
{
	if (needs & RIGHT_SERVICE_CONNECT)
		return "ServiceConnect";
	if (needs & RIGHT_REGISTRY_WRITE)
		return "RegistryWrite";
	return "RegistryRead";
}

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
	hub->stats.skew_s = (int64_t)time(NULL) - hub->date_unix;
}

bool answer_wait(const struct http_call *call, unsigned *ms)
{
	struct json_failure f;

	if (call->retry_after[0] &&
	    retry_header(call->retry_after, (int64_t)time(NULL), ms))
		return true;
	return json_read_failure(call->text, &f) && retry_text(f.text, ms);
}

static int words_right(struct flow *f)
{
	const struct prov_hub *hub = f->hub;

	if (hub->token_command) {
		fail(&f->error, PROV_ERR_RIGHT,
		     "%s: this identity lacks the right for it", hub->host);
		return hint(&f->error, PROV_ERR_RIGHT, "give it the role %s",
			    f->needs & RIGHT_SERVICE_CONNECT
				    ? "IoT Hub Data Contributor"
				    : "IoT Hub Registry Contributor");
	}
	fail(&f->error, PROV_ERR_RIGHT, "%s: the policy \"%s\" lacks the right %s",
	     hub->host, hub->policy, right_names(f->needs));
	return hint(&f->error, PROV_ERR_RIGHT,
		    "use the connection string of the policy %s",
		    f->needs & RIGHT_SERVICE_CONNECT ? "service" : "registryReadWrite");
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

static int words_key(struct flow *f)
{
	const struct prov_hub *hub = f->hub;

	if (hub->token_command || hub->fixed_token) {
		fail(&f->error, PROV_ERR_KEY, "%s does not take this token", hub->host);
		return hint(&f->error, PROV_ERR_KEY, "was it made for this hub?");
	}
	fail(&f->error, PROV_ERR_KEY, "%s does not take the key of the policy \"%s\"",
	     hub->host, hub->policy);
	if (policy_rights(hub->policy, 0) < 0)
		return hint(&f->error, PROV_ERR_KEY,
			    "copy the connection string from \"Shared access policies\" "
			    "again, and "
			    "see that this policy has %s",
			    right_names(f->needs));
	return hint(&f->error, PROV_ERR_KEY,
		    "copy the connection string from \"Shared access policies\" again; "
		    "its keys "
		    "may have been regenerated");
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
	if (strcasestr(text, "not authorized for") || strcasestr(text, "permission") ||
	    (!hub->token_command && policy_rights(hub->policy, f->needs) == 0))
		return words_right(f);
	return words_key(f);
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
	return words_right(f);
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

static int words_other(struct flow *f, const char *code, const char *text)
{
	int status = f->call.status;

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

static bool is_page(const struct http_call *call)
{
	return strcasestr(call->content_type, "html") || call->text[0] == '<';
}

bool answer_is_good(const struct http_call *call)
{
	return call->status >= 200 && call->status < 300 && !is_page(call);
}

static int words_nohub(struct flow *f)
{
	bool html = is_page(&f->call);

	fail(&f->error, PROV_ERR_NOHUB, "%s answers %s (HTTP %d): that is no IoT Hub",
	     f->hub->host, html ? "with a web page" : "in a way that no hub does",
	     f->call.status);
	return hint(&f->error, PROV_ERR_NOHUB,
		    "check the HostName; a proxy or a captive portal may be in between");
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
	bool known = json_read_failure(f->call.text, &said);
	const char *code = f->call.error_code[0] ? f->call.error_code : said.code;
	int rc;

	/* A load balancer's 5xx may be a page; everything else of a hub has a form. */
	if (!known && !f->call.error_code[0] && f->call.text_len &&
	    f->call.status < 500 && f->call.status != 429)
		rc = words_nohub(f);
	else
		rc = words_by_status(f, code, said.text);
	f->error.http_status = f->call.status;
	copy_clean(f->error.service_code, sizeof(f->error.service_code), code);
	copy_clean(f->error.tracking_id, sizeof(f->error.tracking_id),
		   said.tracking[0] ? said.tracking : f->call.request_id);
	return rc;
}
