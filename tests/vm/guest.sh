# shellcheck shell=sh
# What the scripts that run in the guest share. To be sourced.

gateway=10.0.2.2	# the host's loopback

# Has the host run its part's COMMAND with these words; its output and status come back.
host() {
	exec 9<>"$VM_HOST"
	echo "$*" >&9
	read -r host_status host_lines <&9
	while [ "$host_lines" -gt 0 ]; do
		IFS= read -r host_line <&9
		printf '%s\n' "$host_line"
		host_lines=$((host_lines - 1))
	done
	exec 9>&-
	return "$host_status"
}

# Runs a command until it succeeds; gives up after so many tenths of a second.
within() {
	tries=$1
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "gave up: $*" >&2; return 1; }
		sleep 0.1
	done
}

# The folders in sysfs of the bootloaders on the bus.
bootloaders() {
	grep -ls 0483 /sys/bus/usb/devices/*/idVendor | sed 's,/idVendor$,,'
}

count_bootloaders() {
	[ "$(bootloaders | wc -l)" = "$1" ]
}

# Plugs the board at a port of the host in, and waits until udev has seen to it.
plug() {
	before=$(bootloaders | wc -l)
	within 100 usbip --tcp-port "$1" attach -r $gateway -b 1-1 2>/dev/null &&
		within 100 count_bootloaders $((before + 1)) && udevadm settle
}

unplug_all() {
	for p in 00 01 02 03; do usbip detach -p $p; done >/dev/null 2>&1
	within 100 count_bootloaders 0
}

# The device node of a folder of sysfs.
node_of() {
	printf '/dev/bus/usb/%03d/%03d\n' "$(cat "$1/busnum")" "$(cat "$1/devnum")"
}
