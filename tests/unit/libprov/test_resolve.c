/* Looking up hosts, with name servers that answer and others that do not. */
#include "prov_test.h"

/* cmocka has one of its own. */
#undef fail

#include "relay.h"
#include "resolve.h"
#include "steady.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

static sem_t answer; /* the silent server's */
static sem_t answered;

int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		       struct addrinfo **out);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		       struct addrinfo **out);

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		       struct addrinfo **out)
{
	bool silent = strcmp(host, "silent") == 0;
	int rc;

	if (silent)
		while (sem_wait(&answer) < 0)
			;
	rc = __real_getaddrinfo(silent ? "127.0.0.1" : host, port, hints, out);
	if (silent)
		sem_post(&answered);
	return rc;
}

static void test_found(void **state)
{
	struct addrinfo *list = NULL;
	const struct sockaddr_in *in;

	(void)state;
	assert_int_equal(resolve("127.0.0.1", "5671", steady_ms() + 5000, NULL, &list),
			 RESOLVED);
	assert_int_equal(list->ai_family, AF_INET);
	assert_int_equal(list->ai_socktype, SOCK_STREAM);
	in = (const struct sockaddr_in *)list->ai_addr;
	assert_int_equal(ntohs(in->sin_port), 5671);
	assert_int_equal(ntohl(in->sin_addr.s_addr), INADDR_LOOPBACK);
	freeaddrinfo(list);
}

static void test_not_found(void **state)
{
	struct addrinfo *list = NULL;

	(void)state;
	assert_int_equal(resolve("no host", "5671", steady_ms() + 5000, NULL, &list),
			 RESOLVE_FAILED);
	assert_null(list);
}

/* The one left behind ends by itself: the sanitizers see whether it frees all. */
static void let_it_answer(void)
{
	sem_post(&answer);
	sem_wait(&answered);
	usleep(20000);
}

static void test_late(void **state)
{
	struct addrinfo *list = NULL;
	int64_t before = steady_ms();

	(void)state;
	assert_int_equal(resolve("silent", "5671", before + 150, NULL, &list),
			 RESOLVE_LATE);
	assert_true(steady_ms() >= before + 150);
	assert_null(list);
	let_it_answer();
}

static void *cancel_soon(void *ctx)
{
	usleep(50000);
	*(volatile int *)ctx = 1;
	return NULL;
}

static void test_cancelled(void **state)
{
	struct addrinfo *list = NULL;
	volatile int cancel = 0;
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, cancel_soon, (void *)&cancel);
	assert_int_equal(resolve("silent", "5671", steady_ms() + 60000, &cancel, &list),
			 RESOLVE_CANCELLED);
	pthread_join(thread, NULL);
	assert_null(list);
	let_it_answer();
}

static void *answer_late(void *ctx)
{
	const struct timespec pause = { .tv_sec = 3 };

	nanosleep(&pause, NULL);
	*(volatile bool *)ctx = true;
	sem_post(&answer);
	return NULL;
}

/* It looks the other side up when somebody has connected and asked. */
static void test_relay_closed_meanwhile(void **state)
{
	static const char request[] = "CONNECT hub:8883 HTTP/1.1\r\n\r\n";
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	volatile bool late = false;
	struct relay *relay = NULL;
	pthread_t thread;

	(void)state;
	assert_int_equal(relay_open("silent:8883", &relay, NULL), 0);
	at.sin_port = htons((uint16_t)atoi(strchr(relay_url(relay), ':') + 1));
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
	usleep(200000);
	pthread_create(&thread, NULL, answer_late, (void *)&late);
	relay_close(relay);
	assert_false(late);
	pthread_join(thread, NULL);
	sem_wait(&answered);
	usleep(20000);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_relay_closed_meanwhile),
	};

	sem_init(&answer, 0, 0);
	sem_init(&answered, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
