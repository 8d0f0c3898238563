/*
 * The Device Feature: how many bits the ROM programs at once. [AN2606] 4.4 table 4. It is
 * documented by ST and was never observed on a board by us, so nothing depends on it:
 * without it the ROM goes byte by byte, as after reset.
 */
#include "dev.h"

#define FEATURE_ADDR 0xffff0000u

/* Byte 0; bytes 1 to 3 must be ff. */
static uint8_t range_byte(enum dfu_voltage voltage)
{
	static const uint8_t ranges[] = { [DFU_VOLTAGE_AUTO] = 3,
					  [DFU_VOLTAGE_1V8] = 0,
					  [DFU_VOLTAGE_2V1] = 1,
					  [DFU_VOLTAGE_2V4] = 2,
					  [DFU_VOLTAGE_2V7] = 3 };

	return ranges[voltage];
}

static int write_and_read_back(struct dfu_dev *dev, const uint8_t word[4],
			       uint8_t seen[4], struct dfu_error *err)
{
	int rc = dfuse_select(dev, ALT_FEATURE, err);

	if (rc == 0)
		rc = dfuse_write(dev, FEATURE_ADDR, word, 4, err);
	if (rc == 0)
		rc = dfuse_read(dev, FEATURE_ADDR, seen, 4, err);
	return rc;
}

int feature_set(struct dfu_dev *dev, enum dfu_voltage voltage, struct dfu_error *err)
{
	uint8_t word[4] = { range_byte(voltage), 0xff, 0xff, 0xff }, seen[4] = { 0 };
	int rc;

	dev->parallelism = 8;
	if (!dev->f407)
		return dfuse_select(dev, ALT_FLASH, err);
	rc = write_and_read_back(dev, word, seen, err);
	if (rc == DFU_ERR_GONE || rc == DFU_ERR_CANCELLED)
		return rc;
	if (rc == 0 && seen[0] == word[0])
		dev->parallelism = timing_parallelism(voltage);
	else
		rc = dfuse_idle(dev, err);
	return rc < 0 ? rc : dfuse_select(dev, ALT_FLASH, err);
}
