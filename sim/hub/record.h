/*
 * --record FILE: each request and the status it got, one JSON object a line, to compare
 * what different clients send. Keys and signatures are masked, their shape is kept.
 */
#ifndef HUB_RECORD_H
#define HUB_RECORD_H

#include <stdbool.h>

struct request;

struct record {
	int fd; /* 0 or less: nothing is recorded */
	unsigned long count;
};

/* Makes the file with mode 0600, or appends to it. False: errno says why not. */
bool record_open(struct record *record, const char *path);
void record_request(struct record *record, const struct request *request, int status);
void record_close(struct record *record);

#endif
