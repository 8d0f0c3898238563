# What the sweeps of provisioning, of trays and of rotation share, the short ones here and
# the long ones in tests/long.
# shellcheck shell=bash

# PROGRAM: of these sweeps
build_sweep() {
	local here=${BASH_SOURCE[0]%/*} lib=$STMIOT_BUILD/lib

	cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -O1 -I"$here/../../libprov" \
		-o "$BATS_TEST_TMPDIR/$1" "$here/$1.c" "$here"/{flow,fault,registry,credentials}.c \
		-L"$lib" -Wl,-rpath,"$lib" -lprov -lcrypto
}

# FOLDER: the boards as they are
keep_boards() {
	local board
	for board in sim/b?; do
		mkdir -p "$1/${board#sim/}"
		cp "$board"/*.bin "$1/${board#sim/}/"
	done
}

# A board with a record of an older device; in blank/ and fresh/ as it was before and is.
provision_setup() {
	build_sweep provision_sweep
	hub_up
	stmiot -q sim up --no-hub --time none >up.txt
	keep_boards blank
	stmiot -q -b sim:b0 provision older >older.txt
	keep_boards fresh
}

# WHATS FROM ARGUMENTS...
provision_sweep() {
	sweep_with provision_sweep "$@"
}

rotate_setup() {
	build_sweep rotate_sweep
	hub_up
	stmiot -q sim up --no-hub --time none >up.txt
}

# WHATS ARGUMENTS...: rotate the device "dev", which was provisioned with these
rotate_sweep() {
	stmiot -q -b sim:b0 provision dev "${@:2}" >older.txt
	sweep_with rotate_sweep "$1"
}

batch_setup() {
	build_sweep batch_sweep
	hub_up
	stmiot -q sim up --no-hub --boards 3 --time none >up.txt
	printf 'board,device_id\nsim:b0,older0\nsim:b1,older1\nsim:b2,older2\n' >boards.csv
	stmiot -q provision --batch boards.csv >older.txt
	keep_boards fresh
}

# WHATS FROM ARGUMENTS...
batch_sweep() {
	sweep_with batch_sweep "$@"
}

# PROGRAM WHATS ARGUMENTS...: for each of these, words between blanks
# shellcheck disable=SC2154 # run sets output and status
sweep_with() {
	local what
	for what in $2; do
		run "./$1" "$what" "${@:3}"
		echo "$output" | grep -v '^not ok' | sed -n 's/^# //p' >&3
		[ "$status" -eq 0 ] || {
			echo "$output"
			return 1
		}
	done
	# The sweep has written down the keys of all devices that it has seen.
	no_key_in keys.seen all-that-was-said up.txt older.txt hub.out hub/log sim/b?/log \
		"$XDG_STATE_HOME"/stmiot/provision/*
}
