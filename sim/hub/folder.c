#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

enum { CA_DAYS = 7300, SERVER_DAYS = 397, RENEW_DAYS = 30 };

int folder_open(const char *dir, char *err, size_t err_bytes)
{
	int fd;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		snprintf(err, err_bytes, "%s: cannot make the folder: %s", dir,
			 strerror(errno));
		return -1;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(err, err_bytes, "%s: cannot open the folder: %s", dir,
			 strerror(errno));
	} else if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		snprintf(err, err_bytes,
			 errno == EWOULDBLOCK ? "%s: another stmiot-hub runs this hub; "
						"end that one, or give another folder"
					      : "%s: cannot lock the folder",
			 dir);
		close(fd);
		fd = -1;
	}
	return fd;
}

char *folder_read(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	struct text text = { 0 };
	char bytes[4096];
	ssize_t n;

	if (fd < 0)
		return NULL;
	text_put(&text, "", 0);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		text_put(&text, bytes, (size_t)n);
	close(fd);
	explicit_bzero(bytes, sizeof(bytes));
	if (n < 0 || text.failed)
		text_free(&text);
	return text.at;
}

int folder_write(int dirfd, const char *name, const char *text)
{
	static const char partial[] = "new.tmp";
	size_t len = strlen(text);
	int fd, rc;

	unlinkat(dirfd, partial, 0);
	fd = openat(dirfd, partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	rc = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0 ? 0 : -1;
	close(fd);
	return rc < 0 ? -1 : renameat(dirfd, partial, dirfd, name);
}

/* -- certificates -------------------------------------------------------------------- */

static int save(int dirfd, const struct cert *cert, const char *cert_name,
		const char *key_name)
{
	return folder_write(dirfd, key_name, cert->key_pem) < 0 ||
			       folder_write(dirfd, cert_name, cert->cert_pem) < 0
		       ? -1
		       : 0;
}

static int ready_ca(int dirfd, struct cert *ca)
{
	ca->cert_pem = folder_read(dirfd, "ca.pem");
	ca->key_pem = folder_read(dirfd, "ca.key");
	if (crypto_cert_whole(ca, SERVER_DAYS))
		return 0;
	if (ca->cert_pem)
		log_event("ca.pem is near its end or not whole: making a new one, which "
			  "clients have to trust anew");
	cert_free(ca);
	return crypto_make_ca(ca, "stmiot-hub local CA", CA_DAYS)
		       ? save(dirfd, ca, "ca.pem", "ca.key")
		       : -1;
}

static int ready_server(int dirfd, const struct cert *ca, const char *host,
			const char *dps_host, struct cert *server)
{
	struct text names = { 0 };
	int rc;

	server->cert_pem = folder_read(dirfd, "server.pem");
	server->key_pem = folder_read(dirfd, "server.key");
	if (crypto_cert_serves(server, ca, host, RENEW_DAYS) &&
	    crypto_cert_serves(server, ca, dps_host, RENEW_DAYS))
		return 0;
	cert_free(server);
	text_add(&names,
		 "DNS:%s,DNS:*.servicebus.windows.net,DNS:localhost,"
		 "DNS:%s,IP:127.0.0.1,IP:::1",
		 host, dps_host);
	rc = !names.failed && crypto_make_server(server, ca, host, names.at, SERVER_DAYS)
		     ? save(dirfd, server, "server.pem", "server.key")
		     : -1;
	text_free(&names);
	return rc;
}

int folder_certs(int dirfd, const char *host, const char *dps_host, struct cert *server,
		 char **chain_pem, char *err, size_t err_bytes)
{
	struct cert ca = { 0 };
	struct text chain = { 0 };
	int rc = ready_ca(dirfd, &ca);

	if (rc == 0)
		rc = ready_server(dirfd, &ca, host, dps_host, server);
	if (rc < 0)
		snprintf(err, err_bytes, "cannot make the certificates for %s: %s", host,
			 errno ? strerror(errno) : "OpenSSL refuses");
	else
		text_add(&chain, "%s%s", server->cert_pem, ca.cert_pem);
	*chain_pem = chain.at;
	cert_free(&ca);
	return rc;
}
