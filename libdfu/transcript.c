#include "transcript.h"

#include <string.h>

/* [DFU] 3; SETALT stands for SET_INTERFACE, [USB2] 9.4.10. */
static const struct transcript_request requests[] = {
	{ "DETACH", 0x21, DFU_DETACH, true },
	{ "DNLOAD", 0x21, DFU_DNLOAD, true },
	{ "UPLOAD", 0xa1, DFU_UPLOAD, true },
	{ "GETSTATUS", 0xa1, DFU_GETSTATUS, false },
	{ "CLRSTATUS", 0x21, DFU_CLRSTATUS, false },
	{ "GETSTATE", 0xa1, DFU_GETSTATE, false },
	{ "ABORT", 0x21, DFU_ABORT, false },
	{ "SETALT", 0x01, 11, true },
};

static const struct {
	const char *word;
	int result;
} failures[] = {
	{ "stall", DFU_ERR_STALL },
	{ "timeout", DFU_ERR_TIMEOUT },
	{ "gone", DFU_ERR_GONE },
	{ "io", DFU_ERR_IO },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct transcript_request *transcript_by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(requests); i++)
		if (strlen(requests[i].name) == len &&
		    memcmp(requests[i].name, name, len) == 0)
			return &requests[i];
	return NULL;
}

const struct transcript_request *transcript_by_code(uint8_t bmRequestType,
						    uint8_t bRequest)
{
	for (size_t i = 0; i < COUNT(requests); i++)
		if (requests[i].bmRequestType == bmRequestType &&
		    requests[i].bRequest == bRequest)
			return &requests[i];
	return NULL;
}

int transcript_failure(const char *word, size_t len)
{
	for (size_t i = 0; i < COUNT(failures); i++)
		if (strlen(failures[i].word) == len &&
		    memcmp(failures[i].word, word, len) == 0)
			return failures[i].result;
	return 0;
}

const char *transcript_failure_word(int result)
{
	for (size_t i = 0; i < COUNT(failures); i++)
		if (failures[i].result == result)
			return failures[i].word;
	return NULL;
}
