#include "errors.h"

static const struct error_kind kinds[ERRORS] = {
	[ERROR_PROTOCOL_VERSION] = { 400, 400001, "InvalidProtocolVersion",
				     "The api-version is missing or not known." },
	[ERROR_ARGUMENT] = { 400, 400004, "ArgumentInvalid", "Invalid argument." },
	[ERROR_FORMAT] = { 400, 400006, "IotHubFormatError", "Malformed request." },
	[ERROR_DEFINED_TWICE] = { 400, 400011, "DeviceDefinedMultipleTimes",
				  "A device is there more than once." },
	[ERROR_BULK] = { 400, 400013, "BulkRegistryOperationFailure",
			 "Not all of the operations succeeded." },
	[ERROR_UNAUTHORIZED] = { 401, 401003, "IotHubUnauthorized", "Unauthorized" },
	[ERROR_ACCESS] = { 401, 401002, "IotHubUnauthorizedAccess", "Unauthorized" },
	[ERROR_CERTIFICATE] = { 401, 401002, "IotHubUnauthorizedAccess",
				"Invalid certificate." },
	[ERROR_QUOTA] = { 403, 403002, "IotHubQuotaExceeded",
			  "Total number of messages on IotHub exceeded the allocated "
			  "quota." },
	[ERROR_TIER] = { 403, 403010, "OperationNotAllowedInCurrentTier",
			 "The operation is not allowed in this tier." },
	[ERROR_NO_RESOURCE] = { 404, 404000, "NotFound", "There is no such resource." },
	[ERROR_NO_ENROLLMENT] = { 404, 404201, "EnrollmentNotFound",
				  "Enrollment not found." },
	[ERROR_NO_REGISTRATION] = { 404, 404202, "RegistrationNotFound",
				    "Registration not found." },
	[ERROR_NO_DEVICE] = { 404, 404001, "DeviceNotFound",
			      "The device is not registered." },
	[ERROR_NO_JOB] = { 404, 404002, "JobNotFound", "There is no such job." },
	[ERROR_NO_MODULE] = { 404, 404010, "ModuleNotFound",
			      "The module is not registered." },
	[ERROR_NOT_ONLINE] = { 404, 404103, "DeviceNotOnline",
			       "The operation failed because the requested device isn't "
			       "online or hasn't registered the direct method "
			       "callback." },
	[ERROR_METHOD] = { 405, 405000, "MethodNotAllowed",
			   "The resource does not know this method." },
	[ERROR_TIMEOUT] = { 408, 408001, "RequestTimeout", "The request timed out." },
	[ERROR_DEVICE_EXISTS] = { 409, 409001, "DeviceAlreadyExists",
				  "The device is registered already." },
	[ERROR_MODULE_EXISTS] = { 409, 409301, "ModuleAlreadyExistsOnDevice",
				  "The module is registered already." },
	[ERROR_ENROLLMENT_EXISTS] = { 409, 409201, "EnrollmentAlreadyExists",
				      "The enrollment exists already." },
	[ERROR_PRECONDITION] = { 412, 412001, "PreconditionFailed",
				 "The ETag does not match." },
	[ERROR_LOCK_LOST] = { 412, 412002, "DeviceMessageLockLost",
			      "No message is locked with this, or not any more." },
	[ERROR_TOO_LARGE] = { 413, 413001, "MessageTooLarge",
			      "The request is too "
			      "large." },
	[ERROR_TOO_MANY_DEVICES] = { 413, 413002, "TooManyDevices",
				     "At most 100 devices go into one request." },
	[ERROR_THROTTLED] = { 429, 429003, "ThrottlingBacklogTimeout",
			      "The request has been throttled." },
	[ERROR_TENANT_THROTTLED] = { 429, 429001, "ThrottlingException",
				     "Operations are being throttled for this tenant." },
	[ERROR_SERVER] = { 500, 500001, "ServerError",
			   "The server encountered an error. Please retry." },
	[ERROR_NOT_SERVED] = { 501, 501000, "NotImplemented",
			       "This hub does not serve the operation." },
	[ERROR_BAD_GATEWAY] = { 502, 502000, "BadGateway", "Bad gateway." },
	[ERROR_BUSY] = { 503, 503005, "ServerBusy", "The server is busy. Please retry." },
	[ERROR_GATEWAY_TIMEOUT] = { 504, 504101, "GatewayTimeout",
				    "The device did not answer in time." },
};

const struct error_kind *error_kind(enum error error)
{
	return &kinds[error];
}

enum error error_of_status(int status)
{
	for (int i = ERROR_NONE + 1; i < ERRORS; i++)
		if (kinds[i].status == status)
			return (enum error)i;
	return ERROR_NONE;
}
