/* What comes of an answer, piece by piece, into its call; http_clear is here too. */
#ifndef PROV_HTTP_ANSWER_H
#define PROV_HTTP_ANSWER_H

#include "http.h"

#define HTTP_ANSWER_MAX (16u << 20) /* a page of a query is the longest: 1000 twins */

/* Room for a body of `need` bytes, its zero byte included; false without memory. */
bool http_answer_room(struct http_call *call, size_t need);

/*
 * Pieces of the body and header lines, as curl hands them over; `call` is the call. They
 * give `n`, or 0 to end it, with the call's too_long or no_memory set.
 */
size_t http_answer_body(char *bytes, size_t one, size_t n, void *call);
size_t http_answer_header(char *line, size_t one, size_t n, void *call);

#endif
