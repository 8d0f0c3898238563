/* What a hub says, for the tests with a scripted one. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include "fake_hub.h"

#define JSON_TYPE "Content-Type: application/json\r\n"

#define OTHER_KEY "HxECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

#define DEVICE_OF(id, etag, status, extra, primary)                                      \
	"{\"deviceId\":\"" id "\",\"etag\":\"" etag "\",\"status\":\"" status            \
	"\"," extra "\"authentication\":{\"type\":\"sas\",\"symmetricKey\":{"            \
	"\"primaryKey\":\"" primary "\",\"secondaryKey\":\"" OTHER_KEY                   \
	"\"}},\"capabilities\":{\"iotEdge\":false}}"
#define DEVICE(id) DEVICE_OF(id, "MQ==", "enabled", "", TEST_KEY)

#define FAILURE(code, text)                                                              \
	"{\"Message\":\"ErrorCode:" code ";" text                                        \
	"\",\"ExceptionMessage\":\"Tracking ID:abc-TimeStamp:1\"}"
#define EXISTS                                                                           \
	FAILURE("DeviceAlreadyExists", "A device with ID 'd1' is already registered.")
#define NOT_FOUND FAILURE("DeviceNotFound", "no")

#endif
