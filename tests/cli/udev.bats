load helpers

more_setup() {
	export STMIOT_UDEV_DIR=$BATS_TEST_TMPDIR/rules.d
	export STMIOT_SYSFS=$BATS_TEST_TMPDIR/sys STMIOT_DEV=$BATS_TEST_TMPDIR/dev
	mkdir -p fake sys/bus/usb/devices
	# A udevadm that tells what it was asked for.
	cat >fake/udevadm <<-'END'
		#!/bin/sh
		echo "$*" >>"$UDEVADM_LOG"
		exit "${UDEVADM_STATUS:-0}"
	END
	chmod +x fake/udevadm
	PATH=$BATS_TEST_TMPDIR/fake:$PATH
	export UDEVADM_LOG=$BATS_TEST_TMPDIR/udevadm.log
	rules=$STMIOT_UDEV_DIR/70-stmiot.rules
}

# plug PATH VENDOR PRODUCT: a device in sysfs, and its node
plug() {
	mkdir -p "sys/bus/usb/devices/$1" dev/bus/usb/003
	echo "$2" >"sys/bus/usb/devices/$1/idVendor"
	echo "$3" >"sys/bus/usb/devices/$1/idProduct"
	echo 3 >"sys/bus/usb/devices/$1/busnum"
	echo "${1#*-}" >"sys/bus/usb/devices/$1/devnum"
	node=$(printf 'dev/bus/usb/003/%03d' "${1#*-}")
	: >"$node"
}

@test "print is the very file that the build makes" {
	stmiot udev print >printed
	run -0 cmp printed "$STMIOT_BUILD/gen/70-stmiot.rules"
}

@test "the rules grant the seat, before 73-seat-late.rules, and name each device" {
	run -0 stmiot udev print
	for id in 0483:df11 f055:9800 1209:0001; do
		has "$output" "ATTR{idVendor}==\"${id%:*}\", ATTR{idProduct}==\"${id#*:}\""
	done
	# Who matches a device grants it; and nobody opens it to everyone.
	run -0 bash -c "stmiot udev print | grep idVendor | grep -vc 'TAG+=\"uaccess\"' || true"
	output_is 0
	run -1 bash -c 'stmiot udev print | grep 0666'
	# The test id, which others use too, by its manufacturer only.
	run -1 bash -c 'stmiot udev print | grep 1209 | grep -v manufacturer | grep -v "^#"'
}

@test "install writes the file, and tells udev of our ids only" {
	run -0 --separate-stderr stmiot udev install
	output_is "wrote $rules"
	run -0 cmp "$rules" "$STMIOT_BUILD/gen/70-stmiot.rules"
	run -0 stat -c %a "$rules"
	output_is 644
	run -0 ls "$STMIOT_UDEV_DIR"
	output_is 70-stmiot.rules
	run -0 head -n 2 "$UDEVADM_LOG"
	output_is "control --reload-rules
trigger --action=change --subsystem-match=usb --attr-match=idVendor=0483 --attr-match=idProduct=df11"
	run -1 grep -v -e idVendor= -e ID_VENDOR_ID= -e control -e settle "$UDEVADM_LOG"
	run -0 tail -n 1 "$UDEVADM_LOG"
	output_is "settle --timeout=5"
}

@test "install twice, after a change, and with a umask" {
	umask 077
	stmiot udev install
	run -0 stat -c %a "$rules"
	output_is 644
	rm "$UDEVADM_LOG"
	run -0 --separate-stderr stmiot udev install
	output_is "$rules is there: nothing to do"
	# Somebody may have written it without a reload.
	run -0 grep -c reload "$UDEVADM_LOG"
	output_is 1
	echo "# mine" >>"$rules"
	run -0 --separate-stderr stmiot udev install
	output_is "wrote $rules"
	run -0 cmp "$rules" "$STMIOT_BUILD/gen/70-stmiot.rules"
}

@test "install without an udev that answers" {
	export UDEVADM_STATUS=1
	run -0 --separate-stderr stmiot udev install
	output_is "wrote $rules"
}

@test "install tells of rules written by hand" {
	mkdir "$STMIOT_UDEV_DIR"
	echo 'ATTRS{idVendor}=="0483", ATTRS{idProduct}=="df11", MODE:="0666"' \
		>"$STMIOT_UDEV_DIR/49-stmdiscovery.rules"
	run -0 --separate-stderr stmiot udev install
	has "$stderr" "49-stmdiscovery.rules has rules for the bootloader too, and opens it to everyone"
}

@test "a dry run changes nothing" {
	run -0 --separate-stderr stmiot udev install --dry-run
	has "$output" "write $rules"
	has "$output" "run udevadm control --reload-rules"
	[ ! -e "$STMIOT_UDEV_DIR" ]
	[ ! -e "$UDEVADM_LOG" ]
	stmiot udev install
	run -0 --separate-stderr stmiot udev remove -n
	has "$output" "remove $rules"
	[ -e "$rules" ]
}

@test "remove undoes it" {
	stmiot udev install
	run -0 --separate-stderr stmiot udev remove
	output_is "removed $rules"
	[ ! -e "$rules" ]
	run -0 --separate-stderr stmiot udev remove
	output_is "$rules is not there: nothing to do"
}

@test "install where nobody may write" {
	: >file
	STMIOT_UDEV_DIR=$BATS_TEST_TMPDIR/file run -1 --separate-stderr stmiot udev install
	has "$stderr" "udev install: "
	has "$stderr" "Not a directory"
}

@test "install as somebody else says the line for root" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to be nobody"
	command -v setpriv || skip "there is no setpriv"
	bin=$(mktemp -d /tmp/stmiot-test.XXXXXX)
	cp -r "$STMIOT_BUILD/bin" "$STMIOT_BUILD/lib" "$bin"
	chmod -R go+rX "$bin"
	run -4 --separate-stderr env -u STMIOT_UDEV_DIR -u LD_PRELOAD setpriv --reuid 65534 --clear-groups \
		"$bin/bin/stmiot" udev install
	rm -r "$bin"
	stderr_is "stmiot: udev install: only root may write to /etc/udev/rules.d
stmiot: sudo $bin/bin/stmiot udev install"
}

@test "remove as somebody else is refused for want of rights" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to be nobody"
	command -v setpriv || skip "there is no setpriv"
	folder=$(mktemp -d /tmp/stmiot-test.XXXXXX)
	cp -r "$STMIOT_BUILD/bin" "$STMIOT_BUILD/lib" "$folder"
	mkdir "$folder/rules.d"
	: >"$folder/rules.d/70-stmiot.rules"
	chmod -R go+rX "$folder"
	# Looking for a terminal changes errno.
	unset NO_COLOR
	export TERM=xterm
	run -4 --separate-stderr env -u LD_PRELOAD "STMIOT_UDEV_DIR=$folder/rules.d" setpriv --reuid 65534 \
		--clear-groups "$folder/bin/stmiot" udev remove
	rm -r "$folder"
	has "$stderr" "Permission denied"
}

@test "check without a board" {
	run -3 --separate-stderr stmiot udev check
	output_is ""
	has "$stderr" "udev check: no board is plugged in"
	plug 3-1 1d6b 0002
	run -3 --separate-stderr stmiot udev check --json
	output_is "[]"
}

@test "check: the rules are missing, or have not acted" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, for which every node is writable"
	plug 3-2 0483 df11
	chmod 600 "$node"
	run -4 --separate-stderr stmiot udev check
	has "$stderr" "3-2: the rules are not installed"
	has "$stderr" "udev install"
	stmiot udev install
	run -4 --separate-stderr stmiot udev check
	stderr_is "stmiot: 3-2: the rules are installed and have not acted on it
stmiot: unplug the board and plug it in again"
}

@test "check: the rules act" {
	[ "$(id -u)" -eq 0 ] || skip "needs root, to give a node away"
	chgrp plugdev . || skip "there is no group plugdev"
	plug 3-2 0483 df11
	chgrp plugdev "$node"
	chmod 660 "$node"
	run -0 --separate-stderr stmiot udev check
	stderr_is ""
	has "${lines[0]}" "BOARD"
	[[ "${lines[1]}" =~ ^3-2\ +0483:df11\ .*\ root\ +plugdev\ +0660\ +no\ +yes$ ]]
	run -0 bash -c "stmiot udev check --json | jq -r '.[0] | .path, .group, .acts'"
	output_is $'3-2\nplugdev\ntrue'
}

@test "check: a board without a node" {
	plug 3-2 0483 df11
	rm "$node"
	run -4 --separate-stderr stmiot udev check
	has "$stderr" "003/002 is not there"
}
