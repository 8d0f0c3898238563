# devices.list to udev rules (-v out=rules), or to a C header with the ids and that very text
# (-v out=header).

function rule(text)
{
	rules[++n_rules] = text
}

function match_attr(key, vendor, product, maker)
{
	return key "{idVendor}==\"" vendor "\", " key "{idProduct}==\"" product "\"" \
		(maker == "-" ? "" : ", " key "{manufacturer}==\"" maker "\"")
}

BEGIN {
	rule("# Who sits at the machine, and the group plugdev, may use STM32F407 boards.")
	rule("# Made by stmiot from its list of devices: 'stmiot udev print' prints this file.")
	rule("#")
	rule("# 70: 73-seat-late.rules gives the seat its rights by the tag uaccess, so that the")
	rule("# tag must be there by then; a file sorted behind it has no effect.")
	rule("")
	rule("ACTION==\"remove\", GOTO=\"stmiot_end\"")
}

/^#/ || NF == 0 {
	next
}

{
	vendor = $1; product = $2; mode = $3; maker = $4
	name = $5
	for (i = 6; i <= NF; i++)
		name = name " " $i
	devices[++n_devices] = sprintf("X(0x%s, 0x%s, \"%s\", %s, \"%s\")", vendor, product,
		mode, maker == "-" ? "NULL" : "\"" maker "\"", name)

	rule("")
	rule("# " vendor ":" product " " name)
	if (maker != "-")
		rule("# A test id that others use as well: by its manufacturer string it is ours.")
	rule("SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", " \
		match_attr("ATTR", vendor, product, maker) \
		", TAG+=\"uaccess\", GROUP=\"plugdev\", MODE=\"0660\"" \
		", ENV{ID_MM_DEVICE_IGNORE}=\"1\", ENV{MTP_NO_PROBE}=\"1\"")
	if (mode == "serial") {
		# The group stays the system's own for serial ports (dialout, uucp).
		rule("SUBSYSTEM==\"tty\", " match_attr("ATTRS", vendor, product, maker) \
			", TAG+=\"uaccess\", MODE=\"0660\", ENV{ID_MM_PORT_IGNORE}=\"1\"")
	}
}

END {
	rule("")
	rule("LABEL=\"stmiot_end\"")
	if (out == "rules") {
		for (i = 1; i <= n_rules; i++)
			print rules[i]
		exit
	}
	print "/* Made by udev/rules.awk from udev/devices.list. */"
	print "#define UDEV_RULES_NAME \"70-stmiot.rules\""
	print ""
	print "/* X(vendor, product, mode, manufacturer, name) */"
	printf "#define UDEV_DEVICES(X)"
	for (i = 1; i <= n_devices; i++)
		printf " \\\n\t%s", devices[i]
	print "\n"
	printf "#define UDEV_RULES_TEXT"
	for (i = 1; i <= n_rules; i++) {
		text = rules[i]
		gsub(/\\/, "\\\\", text)
		gsub(/"/, "\\\"", text)
		printf " \\\n\t\"%s\\n\"", text
	}
	print ""
}
