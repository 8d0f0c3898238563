/* The words of a transcript (dfu.h, "transcripts"), for its recorder and its replayer. */
#ifndef DFU_TRANSCRIPT_H
#define DFU_TRANSCRIPT_H

#include "error.h"

/* A request as a line names it. */
struct transcript_request {
	const char *name;
	uint8_t bmRequestType, bRequest;
	bool has_value; /* the line has wValue behind the name */
};

/* NULL when there is none. */
const struct transcript_request *transcript_by_name(const char *name, size_t len);
const struct transcript_request *transcript_by_code(uint8_t bmRequestType,
						    uint8_t bRequest);

/* "stall", "timeout", "gone", "io", and back; 0 and NULL when unknown. */
int transcript_failure(const char *word, size_t len);
const char *transcript_failure_word(int result);

#endif
