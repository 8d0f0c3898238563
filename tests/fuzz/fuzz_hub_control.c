/* Lines of the control socket, patterns of failures among them. One line comes back. */
#include "fuzz_hub.h"

#include "control.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct hub *hub = fuzz_hub();
	bool quit;
	char *text = control_answer(hub, (const char *)bytes, len, &quit);

	must(text && strncmp(text, "{\"ok\":", 6) == 0 && !strchr(text, '\n'));
	free(text);
	for (int i = 0; i < 3; i++)
		faults_next(&hub->faults, "GET", "/devices/dev1");
	faults_clear(&hub->faults);
	return 0;
}
