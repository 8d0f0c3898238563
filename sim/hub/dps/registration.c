#include "dps/registration.h"

#include <inttypes.h>
#include <stdio.h>

#include "clock.h"
#include "crypto.h"

/* As captures have them: 4.d0a671905ea5b2c8.42d78160-4c78-479e-8be7-61d5e55dac0d */
bool registration_new_operation(char to[DPS_OPERATION_TEXT])
{
	uint64_t random[3];

	if (!crypto_random(random, sizeof(random)))
		return false;
	snprintf(to, DPS_OPERATION_TEXT,
		 "4.%016" PRIx64 ".%08x-%04x-%04x-%04x-%012" PRIx64, random[0],
		 (unsigned)random[1], (unsigned)(random[1] >> 32) & 0xffff,
		 (unsigned)(random[1] >> 48) & 0xffff, (unsigned)random[2] & 0xffff,
		 random[2] >> 16);
	return true;
}

const char *registration_status_name(enum registration_status status)
{
	static const char *const names[] = {
		[REGISTRATION_ASSIGNED] = "assigned",
		[REGISTRATION_FAILED] = "failed",
		[REGISTRATION_DISABLED] = "disabled",
	};

	return names[status];
}

static void add_result(struct json *to, const struct registration *registration)
{
	static const char *const names[] = {
		[SUBSTATUS_INITIAL] = "initialAssignment",
		[SUBSTATUS_MIGRATED] = "deviceDataMigrated",
		[SUBSTATUS_RESET] = "deviceDataReset",
	};

	if (registration->status == REGISTRATION_ASSIGNED) {
		json_add_text(to, "assignedHub", registration->hub);
		json_add_text(to, "deviceId", registration->device);
	}
	json_add_text(to, "status", registration_status_name(registration->status));
	if (registration->status == REGISTRATION_ASSIGNED)
		json_add_text(to, "substatus", names[registration->substatus]);
	if (registration->status == REGISTRATION_FAILED) {
		json_add_number(to, "errorCode", registration->error_code);
		json_add_text(to, "errorMessage", registration->error);
	}
}

struct json *registration_json(const struct registration *registration, bool for_device)
{
	struct json *json = json_new_object(), *how;
	char when[TIME_TEXT];

	if (for_device) {
		how = json_add_object(
			json, registration->by_certificate ? "x509" : "symmetricKey");
		if (*registration->group)
			json_add_text(how, "enrollmentGroupId", registration->group);
	}
	json_add_text(json, "registrationId", registration->id);
	clock_iso(when, registration->created_ms);
	json_add_text(json, "createdDateTimeUtc", when);
	add_result(json, registration);
	clock_iso(when, registration->updated_ms);
	json_add_text(json, "lastUpdatedDateTimeUtc", when);
	json_add_text(json, "etag", registration->etag);
	return json;
}
