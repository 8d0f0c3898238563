/* Everything that can be wrong, on this machine and with a hub, each with the line that
 * mends it. */
#include "commands.h"
#include "hubs.h"
#include "json.h"
#include "sim.h"
#include "sys.h"
#include "udev.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct opt doctor_options[] = {
	{ 0 },
};

enum verdict { GOOD, NOTE, FAULT };

static const struct {
	const char *word;
	enum tint tint;
} verdicts[] = {
	[GOOD] = { "ok", TINT_GOOD },
	[NOTE] = { "note", TINT_NOTE },
	[FAULT] = { "fault", TINT_BAD },
};

/* What the checks found so far. */
static struct {
	struct json *list;
	unsigned faults, denied;
} findings;

/* A finding about `subject`. `mend`, the line that mends it, may be NULL. */
__attribute__((format(printf, 4, 5))) static void
found(enum verdict verdict, const char *subject, const char *mend, const char *fmt, ...)
{
	char what[320];
	struct json *item;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	findings.faults += verdict == FAULT;
	if (!findings.list) {
		out("%s%-5s%s  %-9s  %s\n", tint(verdicts[verdict].tint),
		    verdicts[verdict].word, tint(TINT_OFF), subject, clean(what));
		if (mend)
			out("%18s%s\n", "", mend);
		return;
	}
	item = json_object();
	json_add_text(item, "check", subject);
	json_add_text(item, "verdict", verdicts[verdict].word);
	json_add_text(item, "what", what);
	json_add_text(item, "mend", mend);
	json_add(findings.list, NULL, item);
}

static bool looks_at_usb(void)
{
	const char *bus = getenv("STMIOT_BUS");

	return !bus || strcmp(bus, "sim") != 0;
}

/* -- the checks -------------------------------------------------------------------- */

static void check_usb(void)
{
	struct udev_board *boards;
	size_t n;

	if (!looks_at_usb())
		return;
	if (udev_boards(&boards, &n))
		found(GOOD, "usb", NULL, "the kernel has USB");
	else
		found(FAULT, "usb",
		      "sudo modprobe usbcore (in a container: pass /sys and "
		      "/dev/bus/usb)",
		      "this system has no USB; virtual boards work without");
	free(boards);
}

static const char *install_line(void)
{
	static char line[4200];
	char self[4096];

	snprintf(line, sizeof(line), "sudo %s udev install",
		 sys_self(self, sizeof(self)) ? self : "stmiot");
	return line;
}

static void check_rules(void)
{
	char path[1024];

	if (!looks_at_usb())
		return;
	switch (udev_installed(path, sizeof(path))) {
	case UDEV_SAME:
		found(GOOD, "rules", NULL, "%s", path);
		break;
	case UDEV_DIFFERS:
		found(NOTE, "rules", install_line(),
		      "%s is of another version, or changed", path);
		break;
	case UDEV_MISSING:
		/* Root needs none. */
		findings.denied += geteuid() != 0;
		found(geteuid() == 0 ? NOTE : FAULT, "rules", install_line(),
		      "the udev rules are not installed");
		break;
	}
}

static void check_rights(void)
{
	const char *seat = getenv("XDG_SEAT");
	char line[256];

	if (!looks_at_usb())
		return;
	if (geteuid() == 0) {
		found(GOOD, "rights", NULL, "root may use every board");
		return;
	}
	if (seat && *seat) {
		found(GOOD, "rights", NULL, "this session is at %s", seat);
		return;
	}
	switch (sys_member("plugdev")) {
	case SYS_MEMBER:
		found(GOOD, "rights", NULL, "%s is in the group plugdev", sys_user());
		break;
	case SYS_AT_NEXT_LOGIN:
		findings.denied++;
		found(FAULT, "rights", "log out and in again",
		      "%s is in the group plugdev, but this session began before",
		      sys_user());
		break;
	case SYS_NOT_MEMBER:
		snprintf(line, sizeof(line),
			 "sudo usermod -aG plugdev %s, then log out and in again",
			 sys_user());
		found(NOTE, "rights", line,
		      "this session is not at a seat, nor is %s in the group plugdev",
		      sys_user());
		break;
	case SYS_NO_GROUP:
		snprintf(line, sizeof(line),
			 "sudo groupadd --system plugdev && sudo usermod -aG plugdev %s",
			 sys_user());
		found(NOTE, "rights", line,
		      "there is no group plugdev: only a seat gives rights");
		break;
	}
}

static void check_boards(void)
{
	char why[160], mend[4200];
	struct udev_board *boards;
	size_t n, i;

	if (!looks_at_usb() || !udev_boards(&boards, &n))
		return;
	if (n == 0)
		found(NOTE, "boards",
		      "set BOOT0 and press reset: the board comes up in its bootloader",
		      "no board is plugged in");
	for (i = 0; i < n; i++) {
		const struct udev_board *board = &boards[i];

		if (board->writable ||
		    udev_acts(board, why, sizeof(why), mend, sizeof(mend))) {
			found(GOOD, "boards", NULL, "%s, %s, may be used", board->path,
			      board->id->name);
			continue;
		}
		findings.denied++;
		found(FAULT, "boards", mend, "%s, %s: %s", board->path, board->id->name,
		      why);
	}
	free(boards);
}

/* The nearest folder above `path` that exists must be ours to write to. */
static bool can_be_made(const char *path)
{
	char part[2048], *slash;

	snprintf(part, sizeof(part), "%s", path);
	while (access(part, F_OK) != 0) {
		slash = strrchr(part, '/');
		if (!slash)
			return access(".", W_OK) == 0;
		if (slash == part)
			return access("/", W_OK) == 0;
		*slash = '\0';
	}
	return access(part, W_OK | X_OK) == 0;
}

static void check_virtual(void)
{
	struct sim_board *boards;
	char path[4096];
	struct dfu_error err;
	size_t n;

	if (!sys_find_program("stmiot-board", true, path, sizeof(path)))
		found(NOTE, "virtual", "sudo apt install stmiot-sim",
		      "stmiot-board is missing; only virtual boards need it");
	else if (!can_be_made(sim_dir()))
		found(FAULT, "virtual", "set STMIOT_SIM_DIR to a folder of yours",
		      "%s, where virtual boards are kept, cannot be written to",
		      sim_dir());
	else if (sim_boards(&boards, &n, &err) < 0)
		found(FAULT, "virtual", NULL, "%s", err.msg);
	else {
		found(GOOD, "virtual", NULL, "%zu running, in %s", n, sim_dir());
		free(boards);
	}
}

static void check_toolchain(void)
{
	char path[4096];

	if (sys_find_program("arm-none-eabi-gcc", false, path, sizeof(path)))
		found(GOOD, "toolchain", NULL, "%s", path);
	else
		found(NOTE, "toolchain", "sudo apt install gcc-arm-none-eabi",
		      "arm-none-eabi-gcc is missing; only building the firmware needs "
		      "it");
}

/* -- the hub's side, when one is named --------------------------------------------- */

/* The mend is for errors that bring none of their own. */
static const struct {
	const char *subject, *mend;
} hub_checks[] = {
	[PROV_CHECK_NAME] = { "name", "look at the host name: stmiot hub list" },
	[PROV_CHECK_HTTPS] = { "https", "let this machine connect to the hub's TCP port "
					"443" },
	[PROV_CHECK_MQTT] = { "mqtt", "let devices connect to the hub's TCP port 8883" },
	[PROV_CHECK_AMQP] = { "amqp", "let this machine connect to the hub's TCP port "
				      "5671" },
	[PROV_CHECK_TLS] = { "tls",
			     "sudo apt install ca-certificates (another CA: stmiot "
			     "hub add --ca)" },
	[PROV_CHECK_CLOCK] = { "clock", "sudo timedatectl set-ntp true" },
	[PROV_CHECK_KEY] = { "key",
			     "stmiot hub add NAME --replace, with the policy's key of "
			     "today" },
	[PROV_CHECK_REGISTRY_READ] = { "read",
				       "use a policy with registry read: registryRead" },
	[PROV_CHECK_REGISTRY_WRITE] = { "write", "use a policy with registry write: "
						 "registryReadWrite" },
	[PROV_CHECK_SERVICE_CONNECT] = { "service", "use a policy with service connect: "
						    "service" },
};

/* Nobody said where these doors are of a hub that is not at its usual place. */
static bool has_no_place(const struct prov_finding *f, const struct hub *hub)
{
	return hub->connect_to && ((f->check == PROV_CHECK_MQTT && !hub->ports.mqtt) ||
				   (f->check == PROV_CHECK_AMQP && !hub->ports.amqp));
}

static int hub_finding(void *ctx, const struct prov_finding *f)
{
	const char *subject, *mend;
	bool right = f->check >= PROV_CHECK_REGISTRY_READ && f->rc == PROV_ERR_RIGHT;

	if (f->skipped || has_no_place(f, ctx) ||
	    (size_t)f->check >= sizeof(hub_checks) / sizeof(hub_checks[0]))
		return 0;
	subject = hub_checks[f->check].subject;
	mend = *f->error.hint ? f->error.hint : hub_checks[f->check].mend;
	if (f->rc == 0)
		found(GOOD, subject, NULL, "%s", f->text);
	else
		/* A policy with few rights is how it should be: told, but no fault. */
		found(right ? NOTE : FAULT, subject, clean(mend), "%s", f->error.msg);
	return 0;
}

static void check_hub(void)
{
	struct prov_hub *open = NULL;
	struct prov_error err = { 0 };
	struct hub hub;

	if (!hubs_any())
		return;
	if (hubs_find(NULL, &hub) != EXIT_DONE) {
		found(FAULT, "hub", "stmiot hub list",
		      "the hub that is named is not there");
		return;
	}
	if (hub_open(&hub, &open) != EXIT_DONE) {
		found(FAULT, "hub", NULL, "%s cannot be used", hub.connstr.host);
	} else {
		found(GOOD, "hub", NULL, "%s%s%s", hub.name, *hub.name ? ": " : "",
		      hub.connstr.host);
		prov_hub_check(open, &hub.ports, hub_finding, &hub, &err);
	}
	prov_hub_close(open);
	hub_clear(&hub);
}

static void (*const checks[])(void) = {
	check_usb,     check_rules,     check_rights, check_boards,
	check_virtual, check_toolchain, check_hub,
};

int cmd_doctor(int argc, char **argv)
{
	size_t i;

	if (argc > 0)
		return usage_error("doctor takes no argument, not '%s'", clean(argv[0]));
	if (globals.json)
		findings.list = json_array();
	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i]();
	if (findings.list && json_print(findings.list) != EXIT_DONE)
		return EXIT_FAILED;
	if (findings.faults == 0)
		return EXIT_DONE;
	return findings.denied ? EXIT_DENIED : EXIT_FAILED;
}
