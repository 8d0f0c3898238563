load helpers

@test "with virtual boards only, nothing is at fault" {
	run -0 --separate-stderr stmiot doctor
	stderr_is ""
	[[ "${lines[0]}" =~ ^ok\ +virtual\ +0\ running ]]
}

@test "the columns are aligned" {
	export STMIOT_BUS=all STMIOT_SYSFS=$BATS_TEST_TMPDIR/nothing STMIOT_UDEV_DIR=$BATS_TEST_TMPDIR
	run stmiot doctor
	while IFS='' read -r line; do
		[[ "$line" =~ ^(ok\ \ \ |note\ |fault)\ \ [a-z]+\ + || "$line" =~ ^\ {18}[^\ ] ]]
	done <<<"$output"
}

@test "no USB is a fault, missing rights another" {
	export STMIOT_BUS=usb STMIOT_SYSFS=$BATS_TEST_TMPDIR/sys STMIOT_UDEV_DIR=$BATS_TEST_TMPDIR/rules.d
	export STMIOT_DEV=$BATS_TEST_TMPDIR/dev
	stmiot udev install
	run -1 --separate-stderr stmiot doctor
	has "$output" "fault  usb        this system has no USB"
	mkdir -p sys/bus/usb/devices/3-2
	run stmiot doctor
	has "$output" "ok     usb"
	echo 0483 >sys/bus/usb/devices/3-2/idVendor
	echo df11 >sys/bus/usb/devices/3-2/idProduct
	run -4 --separate-stderr stmiot doctor
	has "$output" "fault  boards     3-2, STM32 bootloader: "
	run -0 bash -c "stmiot doctor --json | jq -r '.[] | select(.check == \"boards\") | .verdict'"
	output_is fault
}

@test "the state folder cannot be written to" {
	: >file
	STMIOT_SIM_DIR=$BATS_TEST_TMPDIR/file run -1 --separate-stderr stmiot doctor
	has "$output" "fault  virtual"
}

@test "the cross compiler is a remark" {
	mkdir bin
	run -0 --separate-stderr env "PATH=$BATS_TEST_TMPDIR/bin" "$STMIOT_BUILD/bin/stmiot" doctor
	has "$output" "note   toolchain  arm-none-eabi-gcc is missing"
	has "$output" "sudo apt install gcc-arm-none-eabi"
	printf '#!/bin/sh\n' >bin/arm-none-eabi-gcc
	chmod +x bin/arm-none-eabi-gcc
	run -0 --separate-stderr env "PATH=$BATS_TEST_TMPDIR/bin" "$STMIOT_BUILD/bin/stmiot" doctor
	has "$output" "ok     toolchain  $BATS_TEST_TMPDIR/bin/arm-none-eabi-gcc"
}
