#include "secret.h"

#include "base64.h"
#include "crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_MAX 65536

struct prov_secret {
	size_t len, room;
	uint8_t bytes[]; /* `room`, and a zero byte */
};

/*
 * To lock a secret costs more than to make it, so the short ones share pages that are
 * locked once: a key, in binary or base64, and a device's body or token. A cell that is
 * free is all zero but for `next`. Pages stay for the next ones.
 */
#define PAGE_BYTES 4096

struct cell {
	struct cell *next;
};

static struct cells {
	size_t bytes; /* of each */
	struct cell *free;
} pools[] = { { 64, NULL }, { 256, NULL } };

static pthread_mutex_t pools_lock = PTHREAD_MUTEX_INITIALIZER;

/* SECRETS_ALONE: a sanitizer is to see where each begins and ends. */
static struct cells *pool_for(size_t bytes)
{
	size_t n = sizeof(pools) / sizeof(pools[0]);

#ifdef SECRETS_ALONE
	n = 0;
#endif
	for (size_t i = 0; i < n; i++)
		if (bytes <= pools[i].bytes)
			return &pools[i];
	return NULL;
}

static void put_cell(struct cells *pool, void *at)
{
	struct cell *cell = at;

	cell->next = pool->free;
	pool->free = cell;
}

static void add_page(struct cells *pool)
{
	char *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return;
	(void)mlock(page, PAGE_BYTES);
	for (size_t at = 0; at < PAGE_BYTES; at += pool->bytes)
		put_cell(pool, page + at);
}

static void *take_cell(struct cells *pool)
{
	struct cell *cell;

	pthread_mutex_lock(&pools_lock);
	if (!pool->free)
		add_page(pool);
	cell = pool->free;
	if (cell) {
		pool->free = cell->next;
		cell->next = NULL;
	}
	pthread_mutex_unlock(&pools_lock);
	return cell;
}

/*
 * Locks are never undone: they do not count, and a page may hold other secrets. Where
 * the limit is reached the page may be swapped, which is better than to fail.
 */
static void *make_alone(size_t bytes)
{
	void *made = calloc(1, bytes);

	if (made)
		(void)mlock(made, bytes);
	return made;
}

int secret_make(size_t len, struct prov_secret **out, struct prov_error *err)
{
	size_t bytes = sizeof(struct prov_secret) + len + 1;
	struct cells *pool = pool_for(bytes);
	struct prov_secret *s;

	if (len > PROV_SECRET_MAX)
		return fail(err, PROV_ERR_ARG, "a secret of more than %d bytes",
			    PROV_SECRET_MAX);
	s = pool ? take_cell(pool) : make_alone(bytes);
	if (!s)
		return fail(err, PROV_ERR_NOMEM, "no memory for a secret of %zu bytes",
			    len);
	s->len = s->room = len;
	*out = s;
	return 0;
}

uint8_t *secret_room(struct prov_secret *secret)
{
	return secret->bytes;
}

void secret_trim(struct prov_secret *secret, size_t len)
{
	explicit_bzero(secret->bytes + len, secret->room - len);
	secret->len = len;
}

int prov_secret_new(const void *bytes, size_t len, struct prov_secret **out,
		    struct prov_error *err)
{
	int rc = secret_make(len, out, err);

	if (rc == 0 && len)
		memcpy((*out)->bytes, bytes, len);
	return rc;
}

int prov_secret_random(size_t len, struct prov_secret **out, struct prov_error *err)
{
	struct prov_secret *s = NULL;
	int rc = secret_make(len, &s, err);

	if (rc == 0)
		rc = crypto_random(s->bytes, len, err);
	if (rc < 0) {
		prov_secret_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

int prov_secret_from_base64(const char *text, size_t len, struct prov_secret **out,
			    struct prov_error *err)
{
	struct prov_secret *s = NULL;
	size_t at = 0;
	int n, rc;

	if (len / 4 * 3 > PROV_SECRET_MAX)
		return fail(err, PROV_ERR_ARG, "a key of more than %d bytes",
			    PROV_SECRET_MAX);
	rc = secret_make(len / 4 * 3, &s, err);
	if (rc < 0)
		return rc;
	n = base64_decode(text, len, s->bytes, &at);
	if (n < 0) {
		prov_secret_free(s);
		return fail_at(err, at, "the key is not base64 at byte %zu of it", at);
	}
	secret_trim(s, (size_t)n);
	*out = s;
	return 0;
}

/* Until the end, or `secret` is full; how many bytes, or -1. */
static ssize_t read_all(int fd, struct prov_secret *secret)
{
	size_t have = 0;

	while (have < secret->room) {
		ssize_t n = read(fd, secret->bytes + have, secret->room - have);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

int prov_secret_from_fd(int fd, const char *name, struct prov_secret **out,
			struct prov_error *err)
{
	struct prov_secret *all = NULL;
	ssize_t n;
	int rc = secret_make(FILE_MAX, &all, err);

	if (rc < 0)
		return rc;
	n = read_all(fd, all);
	if (n < 0 && errno == EINTR)
		rc = fail(err, PROV_ERR_CANCELLED, "%s: interrupted", name);
	else if (n < 0)
		rc = fail(err, PROV_ERR_FILE, "%s: %s", name, strerror(errno));
	else if (n == FILE_MAX)
		rc = fail(err, PROV_ERR_FORMAT, "%s: too long for a secret", name);
	while (n > 0 && strchr(" \t\r\n", all->bytes[n - 1]))
		n--;
	if (rc == 0 && n == 0)
		rc = fail(err, PROV_ERR_FORMAT, "%s: is empty", name);
	if (rc == 0)
		rc = prov_secret_new(all->bytes, (size_t)n, out, err);
	prov_secret_free(all);
	return rc;
}

int prov_secret_from_file(const char *path, struct prov_secret **out,
			  struct prov_error *err)
{
	int fd, rc;

	if (strcmp(path, "-") == 0)
		return prov_secret_from_fd(STDIN_FILENO, "standard input", out, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(err, PROV_ERR_FILE, "%s: %s", path, strerror(errno));
	rc = prov_secret_from_fd(fd, path, out, err);
	close(fd);
	return rc;
}

int prov_secret_to_base64(const struct prov_secret *secret, struct prov_secret **out,
			  struct prov_error *err)
{
	int rc = secret_make(BASE64_BYTES(secret->len), out, err);

	if (rc == 0)
		base64_encode(secret->bytes, secret->len, (char *)(*out)->bytes);
	return rc;
}

int prov_secret_copy(const struct prov_secret *secret, struct prov_secret **out,
		     struct prov_error *err)
{
	return prov_secret_new(secret->bytes, secret->len, out, err);
}

const uint8_t *prov_secret_bytes(const struct prov_secret *secret, size_t *len)
{
	if (len)
		*len = secret->len;
	return secret->bytes;
}

const char *prov_secret_text(const struct prov_secret *secret)
{
	return (const char *)secret->bytes;
}

bool prov_secret_equal(const struct prov_secret *a, const struct prov_secret *b)
{
	if (!a || !b)
		return a == b;
	return a->len == b->len && crypto_equal(a->bytes, b->bytes, a->len);
}

void prov_secret_free(struct prov_secret *secret)
{
	size_t bytes;
	struct cells *pool;

	if (!secret)
		return;
	bytes = sizeof(*secret) + secret->room + 1;
	pool = pool_for(bytes);
	explicit_bzero(secret, bytes);
	if (!pool) {
		free(secret);
		return;
	}
	pthread_mutex_lock(&pools_lock);
	put_cell(pool, secret);
	pthread_mutex_unlock(&pools_lock);
}
