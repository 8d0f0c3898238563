#include "batch.h"
#include "commands.h"
#include "provisioning.h"
#include "working.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_MAX 36500

static const char *store, *auth, *batch, *id_scope, *group_key_file, *registration_id;
static const char *ca_cert, *ca_key, *tier;
static bool enrolls, registers;
static bool lock, force, dry_run, yes, jobs_given;
static struct opt_list burn;
static uint32_t jobs = 8, days = 3650;

const struct opt provision_options[] = {
	{ OPT_CHOICE, 0, "auth", "sas|x509|dps",
	  "symmetric key (default), certificate, or the provisioning service", &auth,
	  NULL, NULL },
	{ OPT_CHOICE, 0, "store", "flash|otp",
	  "keys as they are (default), or wrapped by a root burned into OTP", &store,
	  NULL, NULL },
	{ OPT_LIST, 0, "burn", "SERIAL",
	  "the board whose OTP may be burned, which cannot be undone", &burn, NULL,
	  NULL },
	{ OPT_FLAG, 0, "lock", NULL, "switch the read protection on at the end", &lock,
	  NULL, NULL },
	{ OPT_FLAG, 0, "force", NULL,
	  "overwrite a slot with something else; make a new certificate", &force, NULL,
	  NULL },
	{ OPT_FLAG, 0, "dry-run", NULL, "print the plan; change nothing", &dry_run, NULL,
	  NULL },
	{ OPT_TEXT, 0, "batch", "FILE",
	  "a tray of boards: CSV with board,device_id[,hub]", &batch, NULL, "file" },
	{ OPT_NUMBER, 0, "jobs", "N", "--batch: boards at a time (8)", &jobs, &jobs_given,
	  NULL },
	{ OPT_CHOICE, 0, "tier", "F1|B1|B2|B3|S1|S2|S3",
	  "--batch: the hub's tier, to tell the time it will take", &tier, NULL, NULL },
	{ OPT_TEXT, 0, "id-scope", "ID", "dps: the id scope (default: the hub's)",
	  &id_scope, NULL, NULL },
	{ OPT_TEXT, 0, "group-key-file", "FILE",
	  "dps: the enrolment group's key in base64 (- is stdin)", &group_key_file, NULL,
	  "file" },
	{ OPT_TEXT, 0, "registration-id", "ID", "dps: instead of the device id",
	  &registration_id, NULL, NULL },
	{ OPT_FLAG, 0, "enroll", NULL,
	  "dps: enrol it with the service, whose keys it gets, in place of a group's",
	  &enrolls, NULL, NULL },
	{ OPT_FLAG, 0, "register", NULL,
	  "dps: register it, and see that it is assigned, before the board is written",
	  &registers, NULL, NULL },
	{ OPT_TEXT, 0, "ca-cert", "FILE", "sign certificates by this CA", &ca_cert, NULL,
	  "file" },
	{ OPT_TEXT, 0, "ca-key", "FILE", "the CA's private key", &ca_key, NULL, "file" },
	{ OPT_NUMBER, 0, "days", "N", "how long a certificate is valid (3650)", &days,
	  NULL, NULL },
	{ OPT_FLAG, 'y', "yes", NULL, "do not ask about --force", &yes, NULL, NULL },
	{ 0 },
};

static struct hub way; /* to the provisioning service */

/* -- the command line ------------------------------------------------------------------ */

static enum provision_auth auth_of(void)
{
	if (!auth || strcmp(auth, "sas") == 0)
		return PROVISION_SAS;
	return strcmp(auth, "x509") == 0 ? PROVISION_X509 : PROVISION_DPS;
}

static enum provision_store store_of(void)
{
	if (!store)
		return PROVISION_KEEP;
	return strcmp(store, "otp") == 0 ? PROVISION_OTP : PROVISION_FLASH;
}

static int check_dps(enum provision_auth a)
{
	bool any = id_scope || group_key_file || registration_id || enrolls || registers;

	if (a != PROVISION_DPS)
		return any ? usage_error("--id-scope, --group-key-file, "
					 "--registration-id, --enroll and --register go "
					 "with --auth dps")
			   : EXIT_DONE;
	if (!id_scope)
		id_scope = way.id_scope;
	if (!id_scope || !*id_scope)
		return usage_error("--auth dps needs --id-scope");
	if (!!group_key_file + !!ca_cert + enrolls != 1)
		return usage_error("--auth dps needs one of --group-key-file, --ca-cert "
				   "and --enroll");
	return EXIT_DONE;
}

static int check_options(int argc, char **argv)
{
	enum provision_auth a = auth_of();
	int status = check_dps(a);

	if (status != EXIT_DONE)
		return status;
	if (argc > 1)
		return usage_error("provision takes one device id, and has \"%s\" too",
				   clean(argv[1]));
	if (!ca_cert != !ca_key)
		return usage_error("--ca-cert and --ca-key go together");
	if (ca_cert && a == PROVISION_SAS)
		return usage_error("--ca-cert goes with --auth x509 or dps");
	if (batch && (argc || registration_id || globals.boards.n))
		return usage_error("with --batch, the file names boards and devices");
	if (!batch && (jobs_given || tier))
		return usage_error("--jobs and --tier go with --batch");
	if (!jobs || jobs > BATCH_JOBS_MAX)
		return usage_error("--jobs is from 1 to %u", BATCH_JOBS_MAX);
	if (!days || days > DAYS_MAX)
		return usage_error("--days is from 1 to %u", DAYS_MAX);
	if (burn.n && store_of() != PROVISION_OTP)
		return usage_error("--burn goes with --store otp");
	return EXIT_DONE;
}

/* -- keys from files --------------------------------------------------------------------- */

static int read_group_key(struct prov_secret **out)
{
	struct prov_secret *text = NULL;
	struct prov_error err;
	size_t len;
	int rc;

	if (!group_key_file)
		return EXIT_DONE;
	rc = prov_secret_from_file(group_key_file, &text, &err);
	if (rc < 0)
		return report_prov(NULL, &err);
	prov_secret_bytes(text, &len);
	rc = prov_secret_from_base64(prov_secret_text(text), len, out, &err);
	prov_secret_free(text);
	return rc < 0 ? report_prov(group_key_file, &err) : EXIT_DONE;
}

static int read_ca(struct prov_x509_ca **out)
{
	char words[200] = "";
	int rc;

	if (!ca_cert)
		return EXIT_DONE;
	rc = prov_x509_ca_load(ca_cert, ca_key, out, words, sizeof(words));
	if (rc == 0)
		return EXIT_DONE;
	complain("%s", clean(words));
	return rc == PROV_LOCAL_FORMAT || rc == PROV_LOCAL_KEY ? EXIT_BAD_DATA
							       : EXIT_FAILED;
}

/* -- one board ------------------------------------------------------------------------------ */

struct job {
	struct worker worker;
	struct provisioning *p;
	struct prov_hub *hub;
};

static int work(struct worker *w)
{
	struct job *j = (struct job *)w;
	struct provisioning *p = j->p;
	struct dfu_settings set = worker_settings(w, true);
	struct dfu_dev *dev = NULL;
	struct dfu_error err;
	int status;

	if (dfu_open(&p->sight->board, &set, &dev, &err) < 0)
		return provision_report(p, &err);
	status = provisioning_look(p, dev);
	if (status == EXIT_DONE && p->how->dry_run && !p->over)
		p->result = PROVISION_PLANNED;
	if (status == EXIT_DONE && !p->how->dry_run && !p->over) {
		status = provisioning_identify(p, j->hub);
		if (status == EXIT_DONE)
			status = provisioning_write(p, &dev);
	}
	dfu_close(dev);
	return status;
}

static int provision_on(const struct sight *sight, const struct provision_how *how,
			const struct provision_place *place, struct prov_hub *hub,
			const char *device_id)
{
	struct job j = { .worker = { .name = sight->name, .work = work }, .hub = hub };
	struct worker *workers[1] = { &j.worker };

	j.p = provisioning_new(how, place, sight, device_id ? device_id : "",
			       registration_id ? registration_id : "");
	if (!j.p) {
		complain("no memory to provision a board");
		return EXIT_FAILED;
	}
	workers_run(workers, 1);
	provisioning_tell(j.p, j.worker.status, j.worker.ms);
	provisioning_free(j.p);
	return j.worker.status;
}

/* Nothing is sent to a hub before the board has been looked at. */
static int find_hub(const struct provision_how *how, struct provision_place *place,
		    struct prov_hub **out)
{
	struct hub hub;
	int status;

	if (how->auth == PROVISION_DPS)
		return EXIT_DONE;
	status = hubs_find(NULL, &hub);
	if (status != EXIT_DONE)
		return status;
	status = provision_place_of(&hub, place);
	if (status == EXIT_DONE)
		status = hub_open(&hub, out);
	hub_clear(&hub);
	return status;
}

static int provision_one(const struct provision_how *how, const char *device_id)
{
	struct provision_place place = { 0 };
	struct prov_hub *hub = NULL;
	struct sight sight;
	int status = find_hub(how, &place, &hub);

	if (status == EXIT_DONE)
		status = board_select(&sight);
	if (status == EXIT_DONE)
		status = provision_on(&sight, how, &place, hub, device_id);
	prov_hub_close(hub);
	return status;
}

int cmd_provision(int argc, char **argv)
{
	struct provision_how how = {
		.auth = auth_of(),
		.store = store_of(),
		.lock = lock,
		.force = force,
		.dry_run = dry_run,
		.yes = yes,
		.burn = &burn,
		.days = days,
	};
	struct prov_secret *group_key = NULL;
	struct prov_x509_ca *ca = NULL;
	struct prov_dps *dps = NULL;
	int status;

	if (how.auth == PROVISION_DPS)
		dps_way(&way);
	status = check_options(argc, argv);
	how.id_scope = id_scope;
	how.registers = registers ? &way : NULL;
	if (status == EXIT_DONE && enrolls)
		status = dps_open(&dps);
	how.dps = dps;
	if (status == EXIT_DONE)
		status = read_group_key(&group_key);
	if (status == EXIT_DONE)
		status = read_ca(&ca);
	how.group_key = group_key;
	how.ca = ca;
	if (status == EXIT_DONE && batch)
		status = batch_run(batch, &how, jobs, tier);
	else if (status == EXIT_DONE)
		status = provision_one(&how, argc ? argv[0] : NULL);
	prov_secret_free(group_key);
	prov_x509_ca_free(ca);
	prov_dps_close(dps);
	hub_clear(&way);
	return status;
}
