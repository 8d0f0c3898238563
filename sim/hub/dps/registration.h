/* What became of a device that registered ("Device Registration State"). */
#ifndef HUB_DPS_REGISTRATION_H
#define HUB_DPS_REGISTRATION_H

#include "dps/enrollment.h"

#define DPS_OPERATION_TEXT 64
#define DPS_MESSAGE_MAX    200

enum registration_status {
	REGISTRATION_ASSIGNED,
	REGISTRATION_FAILED,
	REGISTRATION_DISABLED
};

enum registration_substatus { SUBSTATUS_INITIAL, SUBSTATUS_MIGRATED, SUBSTATUS_RESET };

struct registration {
	int64_t row;                        /* of the roll */
	char id[ID_MAX + 1];                /* as the device wrote it */
	char group[ID_MAX + 1];             /* of enrolments; empty: an individual one */
	char operation[DPS_OPERATION_TEXT]; /* the last */
	char etag[DPS_ETAG_TEXT];
	bool by_certificate;
	enum registration_status status;
	enum registration_substatus substatus; /* of one that is assigned */
	char hub[256];
	char device[ID_MAX + 1];
	int error_code; /* of one that failed */
	char error[DPS_MESSAGE_MAX];
	int64_t created_ms;
	int64_t updated_ms;
};

/* A new operation's id. False: there is no randomness. */
bool registration_new_operation(char to[DPS_OPERATION_TEXT]);

const char *registration_status_name(enum registration_status status);

/* As devices and services see it; the former also learn how they were known. */
struct json *registration_json(const struct registration *registration, bool for_device);

#endif
