#include "app/status.h"

const char firmware_version[] = FIRMWARE_VERSION;
const unsigned firmware_built_unix = FIRMWARE_BUILT_UNIX;
