#include "curl.h"

#include "wipe.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The flavour with OpenSSL: Debian's others have other names. */
#define SONAME "libcurl.so.4"

struct libcurl libcurl;

static char why_not[200];

#define AND_FOUND(name) &&(libcurl.name = dlsym(library, "curl_" #name))

static bool find_calls(void *library)
{
	return library LIBCURL_CALLS(AND_FOUND);
}

/*
 * As a library that is linked with us would be: its own names are bound at once, for so it
 * is built, and those of the libraries behind it when they are called, which most never
 * are (all at once is 0.7 ms more). It stays: threads and handlers of it outlive a hub.
 */
static void load(void)
{
	void *library = dlopen(SONAME, RTLD_LAZY | RTLD_LOCAL);

	if (!find_calls(library)) {
		copy_clean(why_not, sizeof(why_not), dlerror());
		return;
	}
	/*
	 * Headers and answers are copied into curl's own buffers. A program that has set
	 * curl up before us keeps its own functions.
	 */
	libcurl.global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_free, wipe_realloc,
				strdup, calloc);
}

int libcurl_load(struct prov_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	if (!*why_not)
		return 0;
	fail(err, PROV_ERR_FILE, "HTTPS needs libcurl: %s", why_not);
	return hint(err, PROV_ERR_FILE,
		    "install the package libcurl4; if it is there, see that "
		    "LD_LIBRARY_PATH has no other " SONAME);
}
