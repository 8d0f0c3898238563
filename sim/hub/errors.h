/*
 * What can be wrong with a request, as IoT Hub numbers it (Microsoft's "Troubleshooting
 * Azure IoT Hub error codes").
 */
#ifndef HUB_ERRORS_H
#define HUB_ERRORS_H

enum error {
	ERROR_NONE,
	ERROR_PROTOCOL_VERSION,
	ERROR_ARGUMENT,
	ERROR_FORMAT,
	ERROR_DEFINED_TWICE,
	ERROR_BULK,
	ERROR_ACCESS,
	ERROR_UNAUTHORIZED,
	ERROR_CERTIFICATE,
	ERROR_QUOTA,
	ERROR_TIER,
	ERROR_NO_DEVICE,
	ERROR_NO_JOB,
	ERROR_NO_MODULE,
	ERROR_NO_RESOURCE,
	ERROR_NO_ENROLLMENT,
	ERROR_NO_REGISTRATION,
	ERROR_NOT_ONLINE,
	ERROR_METHOD,
	ERROR_TIMEOUT,
	ERROR_DEVICE_EXISTS,
	ERROR_MODULE_EXISTS,
	ERROR_ENROLLMENT_EXISTS,
	ERROR_PRECONDITION,
	ERROR_LOCK_LOST,
	ERROR_TOO_LARGE,
	ERROR_TOO_MANY_DEVICES,
	ERROR_THROTTLED,
	ERROR_TENANT_THROTTLED,
	ERROR_SERVER,
	ERROR_NOT_SERVED,
	ERROR_BAD_GATEWAY,
	ERROR_BUSY,
	ERROR_GATEWAY_TIMEOUT,
	ERRORS
};

struct error_kind {
	int status; /* of HTTP */
	int number;
	const char *name; /* as iothub-errorcode has it */
	const char *text;
};

const struct error_kind *error_kind(enum error error);

/* The error that comes with a status; ERROR_NONE when none does. */
enum error error_of_status(int status);

#endif
