/* How every function of the library fails: the words are written where the cause is
 * known. */
#ifndef PROV_ERROR_H
#define PROV_ERROR_H

#include "prov.h"

#include <inttypes.h>

/* libdfu has its own of these; a program may have both libraries as archives. */
#define fail(...)       prov_int_fail(__VA_ARGS__)
#define fail_at(...)    prov_int_fail_at(__VA_ARGS__)
#define hint(...)       prov_int_hint(__VA_ARGS__)
#define copy_clean(...) prov_int_copy_clean(__VA_ARGS__)

/* Fill `err` (may be NULL) and return `code`. */
int prov_int_fail(struct prov_error *err, enum prov_err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* PROV_ERR_FORMAT at an offset. */
int prov_int_fail_at(struct prov_error *err, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Add the next step to an error that is already filled; returns its code. */
int prov_int_hint(struct prov_error *err, enum prov_err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Copy a string that came from outside, with control bytes replaced by '?'. */
void prov_int_copy_clean(char *to, size_t bytes, const char *from);

#endif
