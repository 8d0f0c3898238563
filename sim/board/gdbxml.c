#include "gdbxml.h"

#define REG(name, more) "<reg name=\"" name "\" bitsize=\"32\"" more "/>"
#define DOUBLE(name)    "<reg name=\"" name "\" bitsize=\"64\" type=\"ieee_double\"/>"
#define FLASH(start, size, block)                                                        \
	"<memory type=\"flash\" start=\"" start "\" length=\"" size "\">"                \
	"<property name=\"blocksize\">" block "</property></memory>"
#define MEMORY(type, start, size)                                                        \
	"<memory type=\"" type "\" start=\"" start "\" length=\"" size "\"/>"
#define DOCTYPE(kind) "<?xml version=\"1.0\"?><!DOCTYPE " kind ">"

/* clang-format off */
const char gdbxml_target[] =
	DOCTYPE("target SYSTEM \"gdb-target.dtd\"")
	"<target><architecture>arm</architecture>"
	"<feature name=\"org.gnu.gdb.arm.m-profile\">"
	REG("r0", "") REG("r1", "") REG("r2", "") REG("r3", "") REG("r4", "") REG("r5", "")
	REG("r6", "") REG("r7", "") REG("r8", "") REG("r9", "") REG("r10", "")
	REG("r11", "") REG("r12", "") REG("sp", " type=\"data_ptr\"") REG("lr", "")
	REG("pc", " type=\"code_ptr\"") REG("xpsr", "")
	"</feature><feature name=\"org.gnu.gdb.arm.vfp\">"
	DOUBLE("d0") DOUBLE("d1") DOUBLE("d2") DOUBLE("d3") DOUBLE("d4") DOUBLE("d5")
	DOUBLE("d6") DOUBLE("d7") DOUBLE("d8") DOUBLE("d9") DOUBLE("d10") DOUBLE("d11")
	DOUBLE("d12") DOUBLE("d13") DOUBLE("d14") DOUBLE("d15")
	REG("fpscr", " type=\"int\"")
	"</feature><feature name=\"org.gnu.gdb.arm.m-system\">"
	REG("msp", " type=\"data_ptr\"") REG("psp", " type=\"data_ptr\"")
	REG("primask", "") REG("basepri", "") REG("faultmask", "") REG("control", "")
	"</feature></target>";

/* RM0090 table 5 for the sectors, the data sheet's figure 18 for the rest */
const char gdbxml_memory_map[] =
	DOCTYPE("memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\""
		" \"gdb-memory-map.dtd\"")
	"<memory-map>"
	FLASH("0x08000000", "0x10000", "0x4000")
	FLASH("0x08010000", "0x10000", "0x10000")
	FLASH("0x08020000", "0xe0000", "0x20000")
	MEMORY("rom", "0x00000000", "0x100000")
	MEMORY("ram", "0x10000000", "0x10000")
	MEMORY("rom", "0x1fff0000", "0x10000")
	MEMORY("ram", "0x20000000", "0xe0000000")
	"</memory-map>";
/* clang-format on */
