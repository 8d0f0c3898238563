/*
 * Looking up a host. getaddrinfo(3) waits for name servers that may not be there - with
 * resolv.conf(5)'s defaults 10 s for each of them - and nothing can interrupt it: it runs in
 * a thread of its own, which is left behind when nobody waits for it any more.
 */
#ifndef PROV_RESOLVE_H
#define PROV_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

enum resolved {
	RESOLVED,
	RESOLVE_FAILED,
	RESOLVE_LATE,
	RESOLVE_CANCELLED,
};

/*
 * The addresses of `host` for streams to `port`, a number. freeaddrinfo() frees them. Late is
 * after `until_ms` of steady_ms(); `cancel` may be NULL, and is looked at ten times a second.
 */
enum resolved resolve(const char *host, const char *port, int64_t until_ms,
		      const volatile int *cancel, struct addrinfo **out);

#endif
