/*
 * A wrong key, or a right that is lacking? The service has one status for both ([ERR]
 * 401002), and often one text. What else the policy may do tells: a hub that answers that
 * knows the key.
 */
#include "hub.h"

#include <string.h>

#define RIGHTS_ALL (RIGHT_REGISTRY_READ | RIGHT_REGISTRY_WRITE | RIGHT_SERVICE_CONNECT)

/* The policies that every hub has. */
static const struct {
	const char *name;
	unsigned rights;
} policies[] = {
	{ "iothubowner", RIGHTS_ALL },
	{ "service", RIGHT_SERVICE_CONNECT },
	{ "device", 0 },
	{ "registryRead", RIGHT_REGISTRY_READ },
	{ "registryReadWrite", RIGHT_REGISTRY_READ | RIGHT_REGISTRY_WRITE },
};

/* Can be tried without changing anything, on a device that need not be there. */
static const struct {
	unsigned right;
	const char *folder;
} questions[] = {
	{ RIGHT_REGISTRY_READ, "/devices/" },
	{ RIGHT_SERVICE_CONNECT, "/twins/" },
};

/* Who asks: "" for an identity of Entra ID, and for a token that names no policy. */
static const char *policy_of(const struct prov_hub *hub, char name[PROV_POLICY_MAX + 1])
{
	struct prov_sas_info info;

	strcpy(name, hub->policy);
	if (hub->fixed_token &&
	    prov_sas_parse(prov_secret_text(hub->fixed_token), &info, NULL) == 0)
		strcpy(name, info.policy);
	return name;
}

/*
 * What it may do at most. True: and no less. A name that anybody may give can have any
 * right; a token without one is a device's, and has none of these.
 */
static bool rights_of(const struct prov_hub *hub, unsigned *rights)
{
	char name[PROV_POLICY_MAX + 1];

	*rights = RIGHTS_ALL;
	if (hub->token_command)
		return false;
	policy_of(hub, name);
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		if (strcmp(policies[i].name, name) != 0)
			continue;
		*rights = policies[i].rights;
		return true;
	}
	if (!*name)
		*rights = 0;
	return false;
}

static const char *right_name(unsigned right)
{
	if (right & RIGHT_SERVICE_CONNECT)
		return "ServiceConnect";
	return right & RIGHT_REGISTRY_WRITE ? "RegistryWrite" : "RegistryRead";
}

/* -- words ------------------------------------------------------------------------- */

int rights_words(struct flow *f, bool sure)
{
	const struct prov_hub *hub = f->hub;
	bool service = f->needs & RIGHT_SERVICE_CONNECT;
	char policy[PROV_POLICY_MAX + 1];

	if (hub->token_command) {
		fail(&f->error, PROV_ERR_RIGHT,
		     "%s: this identity lacks the right for it", hub->host);
		return hint(&f->error, PROV_ERR_RIGHT, "give it the role %s",
			    service ? "IoT Hub Data Contributor"
				    : "IoT Hub Registry Contributor");
	}
	fail(&f->error, PROV_ERR_RIGHT, "%s: the policy \"%s\" lacks the right %s",
	     hub->host, policy_of(hub, policy), right_name(f->needs));
	return hint(&f->error, PROV_ERR_RIGHT,
		    "use the connection string of the policy %s%s",
		    service ? "service" : "registryReadWrite",
		    sure ? "" : "; its key may be wrong too, which this one cannot tell");
}

static int words_token(struct flow *f)
{
	const struct prov_hub *hub = f->hub;
	char policy[PROV_POLICY_MAX + 1];
	const char *step = "was it made for this hub?";

	fail(&f->error, PROV_ERR_KEY, "%s does not take this token", hub->host);
	if (hub->token_command)
		step = "was it made for this hub, and has its identity a role here?";
	else if (!*policy_of(hub, policy))
		step = "it names no policy (skn): a device's own token may not do this";
	return hint(&f->error, PROV_ERR_KEY, "%s", step);
}

static int words_key(struct flow *f, bool sure)
{
	const struct prov_hub *hub = f->hub;

	if (!hub->key)
		return words_token(f);
	fail(&f->error, PROV_ERR_KEY, "%s does not take the key of the policy \"%s\"%s%s",
	     hub->host, hub->policy, sure ? "" : ", or it lacks the right ",
	     sure ? "" : right_name(f->needs));
	if (sure)
		return hint(&f->error, PROV_ERR_KEY,
			    "copy the connection string from \"Shared access policies\" "
			    "again; its keys may have been regenerated");
	return hint(&f->error, PROV_ERR_KEY,
		    "look for the policy under \"Shared access policies\", see that it "
		    "has %s, and copy its connection string again",
		    right_name(f->needs));
}

/* -- asking ------------------------------------------------------------------------ */

void rights_learn(struct flow *f)
{
	int status = f->call.status;

	if (answer_is_page(&f->call))
		return;
	if (status < 300 || status == 404 || status == 409 || status == 412)
		f->hub->rights_seen |= f->asking ? f->asking : f->needs;
}

/* What the service said of the refusal itself stays in the error. */
static bool end_with(struct flow *f, int (*words)(struct flow *f, bool sure), bool sure)
{
	struct prov_error refusal = f->error;

	f->rc = words(f, sure);
	f->error.http_status = refusal.http_status;
	strcpy(f->error.service_code, refusal.service_code);
	strcpy(f->error.tracking_id, refusal.tracking_id);
	f->asking = 0;
	return false;
}

/* A request that needs none but this right. */
static bool ask(struct flow *f, unsigned right, const char *folder)
{
	flow_target(f, "GET", folder, "stmiot-probe", "");
	f->call.max_items = 0;
	f->call.continuation = NULL;
	f->asking = right;
	return true;
}

bool rights_ask(struct flow *f)
{
	unsigned rights, seen = f->hub->rights_seen;
	bool built_in = rights_of(f->hub, &rights);
	bool refused = f->call.rc == 0 && f->call.status == 401;

	if (seen & f->needs || (built_in && rights & f->needs))
		return end_with(f, words_key, true);
	if (seen)
		return end_with(f, rights_words, true);
	f->asked |= f->asking;
	for (size_t i = 0; refused && i < sizeof(questions) / sizeof(questions[0]); i++)
		if (questions[i].right & rights & ~f->asked & ~f->needs)
			return ask(f, questions[i].right, questions[i].folder);
	if (built_in && !(f->asked && refused))
		return end_with(f, rights_words, false);
	return end_with(f, words_key, built_in);
}
