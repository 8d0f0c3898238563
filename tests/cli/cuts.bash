# What the tests share in which the power of a board with the firmware is cut, besides
# boards.bash, and hubs.bash where there are credentials.
# shellcheck shell=bash

# PROGRAM LIBRARY-OPTION...
build_cuts() {
	local here=${BASH_SOURCE[0]%/*} program=$1

	cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -O1 -I"$here/../../libprov" \
		-o "$program" "$here/$program.c" "$here"/{chip,fault}.c "${@:2}"
}

# VERSION [FILE SED-SCRIPT]: a firmware of this version, in VERSION.elf, from sources of
# which one is changed
firmware_of() {
	local tree=${BASH_SOURCE[0]%/*}/../..
	mkdir -p "$1/src"
	cp -r "$tree"/firmware/* "$1/src"
	mkdir "$1/src/record"
	cp "$tree"/libprov/record*.[ch] "$1/src/record"
	sed "s/^## [0-9.]* (/## $1 (/" "$tree/CHANGELOG.md" >"$1/src/CHANGELOG.md"
	[ $# = 1 ] || sed -i "$3" "$1/src/$2"
	env -u MAKEFLAGS make -s -C "$1" -f src/Makefile
	mv "$1/firmware.elf" "$1.elf"
}

# A board that takes no time, BOOT0 low, with this firmware, and random bytes wherever it
# has nothing to do with.
firmware_board() {
	boards_up
	stmiot -q sim down
	random_file sim/b0/flash.bin 1048576
	blank_file blank 983040
	head -c 16384 blank | patch_file sim/b0/flash.bin 0
	head -c 458752 blank | patch_file sim/b0/flash.bin 65536
	boards_up
	stmiot -q -b sim:b0 flash "$1"
	stmiot -q sim boot0 b0 off
}

# A hub, and a board that takes no time and has the firmware.
credential_setup() {
	local here=${BASH_SOURCE[0]%/*} lib=$STMIOT_BUILD/lib

	build_cuts credential_cuts "$here"/{registry,credentials}.c \
		-L"$lib" -Wl,-rpath,"$lib" -lprov -lcrypto
	hub_up
	boards_up
	stmiot -q -b sim:b0 flash --no-start
}

# PROGRAM ARGUMENTS...
# shellcheck disable=SC2154 # run sets output and status
cuts() {
	run "./$1" "${@:2}"
	echo "$output" | sed -n 's/^# //p' >&3
	[ "$status" -eq 0 ] || {
		echo "$output"
		return 1
	}
}
