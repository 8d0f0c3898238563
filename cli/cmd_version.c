#include "commands.h"
#include "json.h"
#include "prov.h"

const struct opt version_options[] = {
	{ 0 },
};

int cmd_version(int argc, char **argv)
{
	struct json *doc;

	if (argc > 0)
		return usage_error("version takes no argument, not '%s'", clean(argv[0]));
	if (!globals.json) {
		out("stmiot %s\n", STMIOT_VERSION);
		return EXIT_DONE;
	}
	doc = json_object();
	json_add_text(doc, "version", STMIOT_VERSION);
	json_add_text(doc, "libdfu", dfu_version());
	json_add_text(doc, "libprov", prov_version());
	return json_print(doc);
}
