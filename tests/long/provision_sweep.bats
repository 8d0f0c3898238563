# What takes too long for `make check`: it runs in check-long.

load ../cli/boards
load ../cli/hubs

# A board with a record of an older device, and the same board as it was before.
more_setup() {
	cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -O1 -I"$BATS_TEST_DIRNAME/../../libprov" \
		-o "$BATS_TEST_TMPDIR/provision_sweep" "$BATS_TEST_DIRNAME/../cli/provision_sweep.c" \
		"$BATS_TEST_DIRNAME/../../libprov/record.c"
	hub_up
	stmiot -q sim up --no-hub --time none >up.txt
	stmiot -q -b sim:b0 provision older >older.txt
	stmiot -q sim down b0
	mkdir fresh
	cp sim/b0/*.bin fresh/
	stmiot -q sim up --no-hub --time none >up.txt
}

# KINDS FRESH ARGUMENTS...
sweep() {
	local kind
	for kind in $1; do
		run ./provision_sweep "$kind" "${@:2}"
		echo "$output" | grep -v '^not ok' | sed -n 's/^# //p' >&3
		[ "$status" -eq 0 ] || {
			echo "$output"
			return 1
		}
	done
	no_secret_in all-that-was-said up.txt older.txt hub.out hub/log sim/b0/log \
		"$XDG_STATE_HOME"/stmiot/provision/*
}

serial() {
	stmiot list --json | jq -r '.[0].serial'
}

@test "provision: a refused or unanswered transfer, for each n" {
	sweep 'stall timeout' 0
}

@test "provision: killed or interrupted at transfer n, for each n" {
	sweep 'kill interrupt' 0
}

@test "provision --auth x509: the power fails or the run is killed at transfer n, for each n" {
	sweep 'power kill' 0 --auth x509
}

@test "provision --store otp: killed or refused at transfer n, for each n" {
	sweep 'kill stall' 1 --store otp --burn "$(serial)"
}

@test "provision --lock: the power fails or the run is killed at transfer n, for each n" {
	sweep 'power kill' 1 --lock
}
