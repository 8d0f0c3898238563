/* Shared access signatures, as the hub reads them. */
#ifndef HUB_SAS_H
#define HUB_SAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAS_RESOURCE_MAX 512
#define SAS_POLICY_MAX   64
/* How far apart the clocks may be: "more than 5 minutes" is what Microsoft refuses. */
#define SAS_SKEW_S 300

/* Points into the header that it was read from, but for what is decoded. */
struct sas {
	const char *sr; /* as presented, which is what was signed */
	size_t sr_len;
	const char *se;
	size_t se_len;
	char resource[SAS_RESOURCE_MAX]; /* decoded, the host in lower case */
	char policy[SAS_POLICY_MAX];     /* skn decoded, empty when there is none */
	uint8_t sig[32];
	unsigned long long expires_unix;
};

/* NULL, or what is wrong with it. */
const char *sas_parse(struct sas *sas, const char *header);

/* Is it signed with this key, in base64? */
bool sas_signed_by(const struct sas *sas, const char *key);

/* As Event Hubs does: the base64 itself is the key. */
bool sas_signed_by_text(const struct sas *sas, const char *key);

/* Is `path` ("/devices/d1") at `host` within its resource? By whole segments. */
bool sas_covers(const struct sas *sas, const char *host, const char *path);

bool sas_expired(const struct sas *sas, int64_t now_ms);

#endif
