/*
 * Attacks on a hub, one after the other, in TAP. All the while a device goes on sending
 * events, and others ask at HTTPS and AMQP: each has to be answered. The hub's memory grows
 * by no more than the attack's limit, in all by no more than a limit of its own, and no
 * connection is left afterwards.
 *
 *	hostile DIR PID HTTPS MQTT AMQP DEVICES TIMES served|full [NAME]
 *
 * DEVICES is of tests/load/register; of its first two the second one is bad. TIMES is what
 * the limits are multiplied with. With `full` there are so few file descriptors that others
 * may have to wait until the attack is over. NAME is a part of those that are wanted.
 */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../load/client.h"
#include "../load/sas.h"
#include "attacks.h"
#include "peer.h"

enum { ARGUMENTS = 9, TOTAL_MIB = 512 };

static struct target target;
static pid_t hub;
static bool full;
static struct client device; /* the good one */
static char device_id[129], device_key[129], bad_id[129], bad_key[129];

/* -- the good ones: each returns what went wrong, NULL when nothing did ---------------- */

static const char *await(enum packet_type type)
{
	struct packet packet;

	for (;;) {
		bool writing = client_write(&device);
		struct pollfd fd = { device.fd, (short)(POLLIN | (writing ? POLLOUT : 0)),
				     0 };

		if (device.lost)
			return device.lost;
		if (poll(&fd, 1, PEER_WAITS_S * 1000) == 0)
			return "the device is not answered";
		while (client_read(&device))
			if (client_next(&device, &packet))
				return packet.type == type ? NULL
							   : "the device gets nonsense";
	}
}

static const char *device_connects(SSL_CTX *tls)
{
	char user[512], password[512];

	snprintf(user, sizeof(user), "%s/%s/?api-version=2021-04-12", target.host,
		 device_id);
	sas_of_device(password, sizeof(password), target.host, device_id, device_key);
	if (!client_open(&device, tls, target.ports[MQTT], target.host))
		return device.lost;
	client_connect(&device, device_id, user, password);
	return await(CONNACK);
}

static const char *device_sends(void)
{
	static uint16_t id;
	char topic[256];

	snprintf(topic, sizeof(topic), "devices/%s/messages/events/", device_id);
	id = (uint16_t)(id % 65535 + 1);
	client_publish(&device, id, topic, "good", 4);
	return await(PUBACK);
}

/* A new connection, a few bytes, and how the answer begins. */
static const char *is_answered(enum port port, const void *question, size_t len,
			       const char *answer, const char *wrong)
{
	char said[64] = "";
	struct peer peer;
	bool right = peer_open_tls(&peer, target.tls, target.ports[port]) &&
		     peer_say(&peer, question, len) &&
		     peer_hear(&peer, said, sizeof(said) - 1) &&
		     strncmp(said, answer, strlen(answer)) == 0;

	peer_close(&peer);
	return right ? NULL : wrong;
}

static const char *others_connect(void)
{
	static const char get[] =
		"GET /devices/a?api-version=2021-04-12 HTTP/1.0\r\n\r\n";
	const char *wrong = is_answered(HTTPS, get, sizeof(get) - 1, "HTTP/1.1 401",
					"nobody is served by HTTPS");

	return wrong ? wrong
		     : is_answered(AMQP, "AMQP\3\1\0", 8, "AMQP\3", "nor by AMQP");
}

static const char *all_well(bool alone)
{
	const char *wrong = device_sends();

	return wrong || alone ? wrong : others_connect();
}

/* -- the hub ------------------------------------------------------------------------- */

/* In MiB, since forget_peak(). */
static unsigned long peak_mib(void)
{
	char path[64], line[128];
	unsigned long kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)hub);
	file = fopen(path, "r");
	while (file && kib == 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtoul(line + 6, NULL, 10);
	if (file)
		fclose(file);
	return kib / 1024;
}

/* proc(5): 5 resets the peak. */
static void forget_peak(void)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)hub);
	file = fopen(path, "w");
	if (!file || fputs("5", file) < 0 || fclose(file) != 0)
		exit(2);
}

static size_t open_files(void)
{
	char path[64];
	size_t count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)hub);
	dir = opendir(path);
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

/* Whoever is gone is let go of. */
static const char *let_go(size_t files)
{
	for (int i = 0; i < PEER_WAITS_S * 10 && open_files() > files; i++)
		poll(NULL, 0, 100);
	return open_files() > files ? "the hub keeps dead connections" : NULL;
}

/* -- an attack ----------------------------------------------------------------------- */

/* A process of its own, which stays when all is done; it tells so by closing `done`. */
static pid_t begin(const struct attack *attack, int done[2])
{
	pid_t pid;

	if (pipe(done) < 0 || (pid = fork()) < 0)
		exit(2);
	if (pid > 0) {
		close(done[1]);
		return pid;
	}
	close(done[0]);
	attack->strike(&target, attack);
	close(done[1]);
	for (;;)
		pause();
}

/* What went wrong, or NULL. */
static const char *endure(const struct attack *attack)
{
	size_t files = open_files();
	int done[2];
	pid_t pid = begin(attack, done);
	struct pollfd fd = { done[0], POLLIN, 0 };
	const char *wrong;
	int status;

	do {
		wrong = all_well(full);
	} while (!wrong && poll(&fd, 1, 0) == 0);
	if (!wrong) /* and once more when it is at its height */
		wrong = all_well(full);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!wrong && WIFEXITED(status))
		wrong = "the attack could not begin";
	close(done[0]);
	if (!wrong)
		wrong = let_go(files);
	return wrong ? wrong : all_well(false);
}

static bool judge(size_t n, const struct attack *attack, unsigned long times)
{
	unsigned long before, mib, grown, limit = attack->limit_mib * times;
	const char *wrong;

	forget_peak();
	before = peak_mib();
	wrong = endure(attack);
	mib = peak_mib();
	grown = mib > before ? mib - before : 0;
	if (kill(hub, 0) < 0)
		wrong = "the hub is dead";
	else if (!wrong && (grown > limit || mib > TOTAL_MIB * times))
		wrong = "the hub takes too much memory";
	printf("%sok %zu - %s%s\n# %lu of %lu MiB more, %lu in all%s%s\n",
	       wrong ? "not " : "", n, attack->name, full ? ", to the last file" : "",
	       grown, limit, mib, wrong ? "\n# " : "", wrong ? wrong : "");
	return !wrong;
}

/* -- all of them --------------------------------------------------------------------- */

static void read_devices(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file || fscanf(file, "%128s %128s %128s %128s", device_id, device_key,
			    bad_id, bad_key) != 4)
		exit(2);
	fclose(file);
	target.id = bad_id;
	target.key = bad_key;
}

int main(int argc, char **argv)
{
	struct rlimit files;
	char ca[4096];
	bool ok = true;
	size_t n = 0;
	SSL_CTX *tls;

	if (argc < ARGUMENTS)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	snprintf(ca, sizeof(ca), "%s/ca.pem", argv[1]);
	hub = (pid_t)strtol(argv[2], NULL, 10);
	for (int i = 0; i < PORTS; i++)
		target.ports[i] = (unsigned)strtoul(argv[3 + i], NULL, 10);
	full = strcmp(argv[8], "full") == 0;
	target.host = "stmiot-local.azure-devices.net";
	read_devices(argv[6]);
	tls = client_tls(ca);
	target.tls = SSL_CTX_new(TLS_client_method());
	if (!tls || !target.tls || device_connects(tls))
		return 2;
	/* the first refusal opens files for good, where what the hub writes is kept */
	endure(&attacks[0]);
	for (size_t i = 0; i < attack_count; i++)
		if (argc <= ARGUMENTS || strstr(attacks[i].name, argv[ARGUMENTS]))
			ok = judge(++n, &attacks[i], strtoul(argv[7], NULL, 10)) && ok;
	printf("1..%zu\n", n);
	client_close(&device);
	SSL_CTX_free(tls);
	SSL_CTX_free(target.tls);
	return ok && n > 0 ? 0 : 1;
}
