#include "dps/assign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "clock.h"
#include "news.h"

struct assigning {
	struct hub *hub;
	const struct attested *attested;
	const struct json *rest; /* of the enrolment */
	struct registration *registration;
	bool again; /* it was assigned to this device before */
	bool reset; /* the twin was, whose desired version was this before */
	int64_t desired_version;
	int64_t now_ms;
};

static void fail_with(struct registration *registration, int code, const char *reason)
{
	registration->status = REGISTRATION_FAILED;
	registration->error_code = code;
	snprintf(registration->error, sizeof(registration->error), "%s", reason);
}

/* -- the device ---------------------------------------------------------------------- */

static void set_credentials(const struct assigning *a, struct device *device)
{
	const struct json *capabilities = json_get(a->rest, "capabilities");

	device->auth = a->attested->auth;
	memcpy(device->primary, a->attested->primary, sizeof(device->primary));
	memcpy(device->secondary, a->attested->secondary, sizeof(device->secondary));
	device->edge = json_is_true(json_get(capabilities, "iotEdge"));
}

/* The enrolment's twin was tried out when it was made. */
static void set_twin(const struct assigning *a, struct device *device)
{
	const struct json *said = json_get(a->rest, "initialTwin");
	struct json *nothing = json_new_object();

	twin_apply(&device->twin, said ? said : nothing, TWIN_REPLACE, a->now_ms);
	json_free(nothing);
}

static void forget_reported(struct twin *twin)
{
	free(twin->reported);
	free(twin->reported_meta);
	twin->reported = twin->reported_meta = NULL;
	twin->reported_version++;
}

static int make_device(struct assigning *a, struct device *device)
{
	struct registration *registration = a->registration;

	if (store_devices(a->hub->store) >= DEVICES_MAX) {
		fail_with(registration, error_kind(ERROR_QUOTA)->number,
			  "The hub has as many devices as it may have.");
		return 1;
	}
	if (!device_init(device, registration->device, "", a->now_ms))
		return -1;
	set_credentials(a, device);
	if (json_get(a->rest, "initialTwin"))
		set_twin(a, device);
	registration->substatus = SUBSTATUS_INITIAL;
	return store_insert(a->hub->store, device);
}

/*
 * "IoT Hub Device reprovisioning concepts": data migrate by default, and what is there is
 * where it would migrate to; or they are reset, as for a factory reset, to what the
 * enrolment says.
 */
static int change_device(struct assigning *a, struct device *device)
{
	const struct json *policy = json_get(a->rest, "reprovisionPolicy");

	if (a->again && !json_is_true(json_get(policy, "updateHubAssignment")))
		return 1;
	if (a->again && !json_is_true(json_get(policy, "migrateDeviceData"))) {
		a->reset = true;
		a->desired_version = device->twin.desired_version;
		forget_reported(&device->twin);
		set_twin(a, device);
		a->registration->substatus = SUBSTATUS_RESET;
	}
	set_credentials(a, device);
	return device_touch(device) ? store_update(a->hub->store, device) : -1;
}

static int assign_device(struct assigning *a)
{
	struct device device;
	int rc = store_get(a->hub->store, a->registration->device, "", &device);

	if (rc == 0)
		rc = make_device(a, &device);
	else if (rc == 1)
		rc = change_device(a, &device);
	device_free(&device);
	return rc;
}

/* -- the registration ---------------------------------------------------------------- */

static void copy(char *to, size_t room, const char *from)
{
	snprintf(to, room, "%s", from);
}

/*
 * The registration id is that of the enrolment, or as a device of a group wrote it first:
 * the hub tells ids apart by case, the service does not.
 */
static void name_registration(struct assigning *a, const char *id, bool known)
{
	const struct enrollment *enrollment = &a->attested->enrollment;
	struct registration *registration = a->registration;
	const char *device = enrollment_device(enrollment);
	char before[ID_MAX + 1];

	copy(before, sizeof(before), registration->device);
	if (!enrollment->group)
		copy(registration->id, sizeof(registration->id), enrollment->id);
	else if (!known)
		copy(registration->id, sizeof(registration->id), id);
	copy(registration->group, sizeof(registration->group),
	     enrollment->group ? enrollment->id : "");
	copy(registration->hub, sizeof(registration->hub), a->hub->host);
	copy(registration->device, sizeof(registration->device),
	     device ? device : registration->id);
	a->again &= strcmp(before, registration->device) == 0;
}

/* 1, or -1. */
static int begin_registration(struct assigning *a, const struct dps_client *client)
{
	struct registration *registration = a->registration;
	int rc = roll_get_registration(a->hub->dps->roll, client->id, registration);

	if (rc < 0)
		return -1;
	if (rc == 0)
		*registration = (struct registration){ .created_ms = a->now_ms };
	a->again = rc == 1 && registration->status == REGISTRATION_ASSIGNED;
	name_registration(a, client->id, rc == 1);
	registration->status = REGISTRATION_ASSIGNED;
	registration->by_certificate = a->attested->enrollment.by != ATTEST_KEYS;
	registration->updated_ms = a->now_ms;
	return registration_new_operation(registration->operation) &&
			       enrollment_new_etag(registration->etag)
		       ? 1
		       : -1;
}

static int run(struct assigning *a, const struct dps_client *client)
{
	const char *policy = json_get_text(a->rest, "allocationPolicy");
	int rc = begin_registration(a, client);

	if (rc < 0)
		return -1;
	if (policy && strcmp(policy, "custom") == 0)
		fail_with(a->registration, 400207,
			  "Custom allocation failed: this hub calls no webhook.");
	else
		rc = assign_device(a);
	return rc < 0 ? -1 : roll_put_registration(a->hub->dps->roll, a->registration);
}

int assign(struct hub *hub, const struct dps_client *client,
	   const struct attested *attested, struct registration *registration)
{
	struct assigning assigning = { .hub = hub,
				       .attested = attested,
				       .rest = attested->enrollment.rest,
				       .registration = registration,
				       .now_ms = clock_unix_ms() };

	if (store_begin(hub->store) != 1 || run(&assigning, client) != 1 ||
	    store_commit(hub->store) != 1) {
		store_rollback(hub->store);
		return -1;
	}
	if (assigning.reset)
		news_tell(hub, registration->device, "", NULL, TWIN_REPLACE,
			  assigning.desired_version);
	return 0;
}
