#include "provision_journal.h"
#include "json.h"
#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define VERSION   1
#define BYTES_MAX 8192
#define PATH_MAX_ 480

struct provision_lock {
	int fd;
	char path[PATH_MAX_];
};

static const char *const steps[] = { "none",      "identity", "burn",  "record",
				     "committed", "lock",     "locked" };

const char *provision_step_name(enum provision_step step)
{
	return steps[step];
}

bool provision_serial_fits(const char *serial)
{
	return strlen(serial) == SERIAL_DIGITS &&
	       strspn(serial, "0123456789ABCDEF") == SERIAL_DIGITS;
}

bool provision_journal_add_thumbprint(struct provision_journal *journal,
				      const char *thumbprint)
{
	char *list = journal->thumbprints;
	size_t len = strlen(thumbprint), old = strlen(list);

	if (provision_journal_has_thumbprint(journal, thumbprint))
		return true;
	if (len + 1 + old + 1 > sizeof(journal->thumbprints))
		return false;
	memmove(list + len + 1, list, old + 1);
	memcpy(list, thumbprint, len);
	list[len] = ' ';
	return true;
}

void provision_journal_keep_thumbprints(struct provision_journal *journal,
					const char *one, const char *other)
{
	struct provision_journal kept = { 0 };

	if (provision_journal_has_thumbprint(journal, other))
		provision_journal_add_thumbprint(&kept, other);
	if (provision_journal_has_thumbprint(journal, one))
		provision_journal_add_thumbprint(&kept, one);
	memcpy(journal->thumbprints, kept.thumbprints, sizeof(kept.thumbprints));
}

bool provision_journal_has_thumbprint(const struct provision_journal *journal,
				      const char *thumbprint)
{
	return *thumbprint && strcasestr(journal->thumbprints, thumbprint);
}

/* -- as text --------------------------------------------------------------------------- */

char *provision_journal_format(const struct provision_journal *journal)
{
	struct json *j = json_object();
	char *line;

	json_add_number(j, "version", VERSION);
	json_add_text(j, "step", steps[journal->step]);
	json_add_text(j, "serial", journal->serial);
	json_add_text(j, "device_id", journal->device_id);
	json_add_text(j, "hub", journal->hub);
	json_add_text(j, "auth", journal->auth);
	json_add_text(j, "store", journal->store);
	json_add_text(j, "thumbprints", journal->thumbprints);
	json_add_number(j, "slot", journal->slot);
	json_add_number(j, "generation", journal->generation);
	json_add_number(j, "open_slots", journal->open_slots);
	json_add_text(j, "rotation", journal->rotation);
	json_add_number(j, "rotated_at", (double)journal->rotated_at);
	json_add_number(j, "otp_block", journal->otp_block);
	json_add_bool(j, "otp_whole", journal->otp_whole);
	line = json_line(j);
	json_free(j);
	return line;
}

static bool get_text(const struct json *j, const char *key, char *to, size_t bytes)
{
	const char *text = json_text(j, key);

	return text && (size_t)snprintf(to, bytes, "%s", text) < bytes;
}

static bool get_number(const struct json *j, const char *key, int64_t from, int64_t to,
		       int64_t *out)
{
	double number;

	if (!json_number(j, key, &number) || !(number >= (double)from) ||
	    !(number <= (double)to) || number != (double)(int64_t)number)
		return false;
	*out = (int64_t)number;
	return true;
}

static bool get_step(const struct json *j, enum provision_step *out)
{
	const char *name = json_text(j, "step");

	for (unsigned i = 0; name && i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (strcmp(name, steps[i]) == 0) {
			*out = (enum provision_step)i;
			return true;
		}
	}
	return false;
}

static bool get_all(const struct json *j, struct provision_journal *out)
{
	int64_t version, slot, generation, slots, block;

	if (!get_number(j, "version", VERSION, VERSION, &version) ||
	    !get_step(j, &out->step) ||
	    !get_text(j, "serial", out->serial, sizeof(out->serial)) ||
	    !get_text(j, "device_id", out->device_id, sizeof(out->device_id)) ||
	    !get_text(j, "hub", out->hub, sizeof(out->hub)) ||
	    !get_text(j, "auth", out->auth, sizeof(out->auth)) ||
	    !get_text(j, "store", out->store, sizeof(out->store)) ||
	    !get_text(j, "thumbprints", out->thumbprints, sizeof(out->thumbprints)) ||
	    !get_number(j, "slot", -1, 1, &slot) ||
	    !get_number(j, "generation", 0, UINT32_MAX, &generation) ||
	    !get_number(j, "open_slots", 0, PROV_SLOT_A | PROV_SLOT_B, &slots) ||
	    !get_text(j, "rotation", out->rotation, sizeof(out->rotation)) ||
	    !get_number(j, "rotated_at", 0, INT64_C(1) << 48, &out->rotated_at) ||
	    !get_number(j, "otp_block", -1, DFU_OTP_BLOCKS - 1, &block) ||
	    !json_bool(j, "otp_whole", &out->otp_whole))
		return false;
	out->slot = (int)slot;
	out->generation = (uint32_t)generation;
	out->open_slots = (unsigned)slots;
	out->otp_block = (int)block;
	return true;
}

bool provision_journal_parse(const char *text, size_t len, struct provision_journal *out)
{
	struct json *j = json_parse(text, len);
	bool good = j && get_all(j, out);

	json_free(j);
	return good;
}

/* -- as a file --------------------------------------------------------------------------- */

static void state_folder(char *to, size_t bytes)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && *state == '/')
		snprintf(to, bytes, "%s/stmiot/provision", state);
	else
		snprintf(to, bytes, "%s/.local/state/stmiot/provision",
			 home && *home ? home : "/nonexistent");
}

static bool file_of(const char *serial, const char *extension, char *to, size_t bytes)
{
	char folder[PATH_MAX_ - 40];
	int n;

	state_folder(folder, sizeof(folder));
	n = snprintf(to, bytes, "%s/%s%s", folder, serial, extension);
	return n > 0 && (size_t)n < bytes && provision_serial_fits(serial);
}

static int take_lock(const char *serial, int *out, struct dfu_error *err)
{
	char path[PATH_MAX_];
	int fd;

	if (!file_of(serial, ".lock", path, sizeof(path)))
		return sys_fail(err, DFU_ERR_ARG, "the serial \"%s\" is not 12 digits",
				serial);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return sys_fail(err, DFU_ERR_FILE, "%s: ", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		sys_fail(err, DFU_ERR_BUSY,
			 "another run is provisioning the board with the serial %s",
			 serial);
		sys_hint(err, "wait until it is over");
		close(fd);
		return DFU_ERR_BUSY;
	}
	*out = fd;
	return 0;
}

/* 0 also when there is none. */
static int load(const char *path, const char *serial, struct provision_journal *out,
		struct dfu_error *err)
{
	size_t len;
	char *text = sys_read_file(path, BYTES_MAX, &len);
	bool good;

	if (!text)
		return errno == ENOENT ? 0 : sys_fail(err, DFU_ERR_FILE, "%s: ", path);
	good = provision_journal_parse(text, len, out) &&
	       strcmp(out->serial, serial) == 0;
	free(text);
	if (good)
		return 0;
	sys_fail(err, DFU_ERR_FORMAT,
		 "%s is damaged: it tells how far this board has come", path);
	sys_hint(err,
		 "remove it if no run on this board was cut off; with --store otp it "
		 "also names the block that is burned");
	return DFU_ERR_FORMAT;
}

static void start_blank(const char *serial, struct provision_journal *out)
{
	*out = (struct provision_journal){ .slot = -1, .otp_block = -1 };
	snprintf(out->serial, sizeof(out->serial), "%.*s", SERIAL_DIGITS, serial);
}

int provision_journal_open(const char *serial, struct provision_lock **lock,
			   struct provision_journal *out, struct dfu_error *err)
{
	struct provision_lock *l = calloc(1, sizeof(*l));
	char folder[PATH_MAX_ - 40];
	int rc;

	if (!l)
		return sys_fail(err, DFU_ERR_NOMEM, "no memory for a journal");
	l->fd = -1;
	state_folder(folder, sizeof(folder));
	rc = sys_make_folder(folder, 0700, err);
	if (rc == 0)
		rc = take_lock(serial, &l->fd, err);
	if (rc == 0)
		start_blank(serial, out);
	if (rc == 0 && !file_of(serial, ".json", l->path, sizeof(l->path)))
		rc = sys_fail(err, DFU_ERR_ARG, "the path of the journal is too long");
	if (rc == 0)
		rc = load(l->path, serial, out, err);
	if (rc < 0)
		provision_journal_close(l);
	else
		*lock = l;
	return rc;
}

int provision_journal_save(struct provision_lock *lock,
			   const struct provision_journal *journal, struct dfu_error *err)
{
	char *text = provision_journal_format(journal);
	int rc;

	if (!text)
		return sys_fail(err, DFU_ERR_NOMEM, "no memory for a journal");
	rc = sys_write_file(lock->path, text, strlen(text), 0600, err);
	free(text);
	return rc;
}

void provision_journal_close(struct provision_lock *lock)
{
	if (lock && lock->fd >= 0)
		close(lock->fd);
	free(lock);
}

bool provision_journal_peek(const char *serial, struct provision_journal *out)
{
	struct dfu_error err;
	char path[PATH_MAX_];

	start_blank(serial, out);
	return file_of(serial, ".json", path, sizeof(path)) &&
	       load(path, serial, out, &err) == 0 && out->step != STEP_NONE;
}

static bool is_rotating(const char *file, const char *device_id, const char *hub,
			char serial[SERIAL_DIGITS + 1])
{
	struct provision_journal j;

	snprintf(serial, SERIAL_DIGITS + 1, "%.*s", SERIAL_DIGITS, file);
	return strcmp(file + strcspn(file, "."), ".json") == 0 &&
	       provision_serial_fits(serial) && provision_journal_peek(serial, &j) &&
	       j.rotation[0] && strcmp(j.device_id, device_id) == 0 &&
	       strcmp(j.hub, hub) == 0;
}

bool provision_journal_find(const char *device_id, const char *hub,
			    char serial[SERIAL_DIGITS + 1])
{
	char folder[PATH_MAX_ - 40];
	const struct dirent *entry;
	bool found = false;
	DIR *dir;

	state_folder(folder, sizeof(folder));
	dir = opendir(folder);
	while (dir && !found && (entry = readdir(dir)) != NULL)
		found = is_rotating(entry->d_name, device_id, hub, serial);
	if (dir)
		closedir(dir);
	return found;
}
