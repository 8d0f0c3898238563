# What the sweeps of provisioning share, the short ones here and the long ones in tests/long.

# A board with a record of an older device, and the same board as it was before.
more_setup() {
	local here=${BASH_SOURCE[0]%/*}

	cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -O1 -I"$here/../../libprov" \
		-o "$BATS_TEST_TMPDIR/provision_sweep" "$here/provision_sweep.c" \
		"$here/../../libprov/record.c"
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
