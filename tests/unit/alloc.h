/*
 * Allocations that fail when a test says so: the linker sends a program's calls here
 * (tests.mk), and a library with hooks for its own may be given these too. Only the thread
 * that asked for it is struck.
 */
#ifndef ALLOC_H
#define ALLOC_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);

/* Those that are counted: the one with the number `fail_at`, from 1, fails. */
static __thread struct {
	bool counting;
	uint64_t count, fail_at;
} alloc;

static bool alloc_fails(void)
{
	if (!alloc.counting || ++alloc.count != alloc.fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return alloc_fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return alloc_fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return alloc_fails() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *text)
{
	return alloc_fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
	return alloc_fails() ? NULL : __real_strndup(text, n);
}

#endif
