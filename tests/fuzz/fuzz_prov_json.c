/* Every kind of answer; the first byte says which. */
#include "fuzz_prov.h"

#include "json.h"
#include "retry.h"

static int on_row(void *ctx, const char *json)
{
	struct prov_device d = { 0 };

	(void)ctx;
	(void)json_read_device(json, &d, NULL);
	prov_device_clear(&d);
	return 0;
}

static void on_complaint(void *ctx, const char *id, const char *code, const char *text)
{
	(void)ctx;
	if (!id || !code || !text)
		abort();
}

static void read_device(const char *text)
{
	struct prov_change change = { .set_status = true,
				      .status_reason = "r",
				      .primary_thumbprint = "ff",
				      .secondary_thumbprint = "" };
	struct prov_secret *body = NULL;
	struct prov_device d = { 0 };
	struct prov_error err;
	bool same;

	(void)json_read_device(text, &d, &err);
	prov_device_clear(&d);
	(void)json_change_device(text, &change, &same, &body, &err);
	prov_secret_free(body);
}

/* As a twin, and as what was sent to it. */
static void read_twin(const char *text)
{
	struct prov_error err;

	if (json_twin_holds(text, text, true, &err) >= 0 && json_check_twin(text, &err))
		abort();
	if (json_check_object(text, &err) < 0 && err.at > strlen(text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = len ? fuzz_text(bytes + 1, len - 1) : NULL, *payload = NULL;
	struct json_failure failure;
	struct prov_error err;
	uint64_t n;
	int status;
	unsigned ms;

	switch (text ? bytes[0] % 5 : 5) {
	case 0:
		read_device(text);
		read_twin(text);
		break;
	case 1:
		(void)json_read_rows(text, on_row, NULL, &err);
		break;
	case 2:
		(void)json_read_bulk(text, on_complaint, NULL, &err);
		break;
	case 3:
		if (json_read_failure(text, &failure) > 0)
			(void)retry_text(failure.text, &ms);
		(void)retry_header(text, 0, &ms);
		break;
	case 4:
		(void)json_read_method(text, &status, &payload, &err);
		(void)json_read_count(text, "totalDeviceCount", &n, &err);
		break;
	}
	free(payload);
	free(text);
	return 0;
}
