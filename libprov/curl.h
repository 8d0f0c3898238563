/*
 * libcurl, which is loaded when it is first needed: two dozen other libraries come with it,
 * and most commands never ask a hub. Its functions are called by this table:
 * libcurl.easy_init() is curl_easy_init().
 */
#ifndef PROV_CURL_H
#define PROV_CURL_H

#include "error.h"

#include <curl/curl.h>

#define LIBCURL_CALLS(CALL)                                                              \
	CALL(easy_cleanup)                                                               \
	CALL(easy_getinfo)                                                               \
	CALL(easy_init)                                                                  \
	CALL(easy_perform)                                                               \
	CALL(easy_setopt)                                                                \
	CALL(global_init_mem)                                                            \
	CALL(multi_add_handle)                                                           \
	CALL(multi_cleanup)                                                              \
	CALL(multi_info_read)                                                            \
	CALL(multi_init)                                                                 \
	CALL(multi_remove_handle)                                                        \
	CALL(multi_setopt)                                                               \
	CALL(multi_socket_action)                                                        \
	CALL(multi_timeout)                                                              \
	CALL(slist_append)                                                               \
	CALL(slist_free_all)                                                             \
	CALL(version_info)

#define LIBCURL_POINTER(name) __typeof__(curl_##name) *name;

extern struct libcurl {
	LIBCURL_CALLS(LIBCURL_POINTER)
} libcurl;

/* Before any of them, by any thread. PROV_ERR_FILE where there is no such library. */
int libcurl_load(struct prov_error *err);

#endif
