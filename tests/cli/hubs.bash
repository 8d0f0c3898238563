# What the tests with a local hub share, besides helpers.bash.
# shellcheck shell=bash

load "${BASH_SOURCE[0]%/*}/helpers"

# [OPTIONS]: a hub of this test's own in hub/, known as `h`, which is used where none is
# named. $hub_policy is whose connection string it is: iothubowner by default.
hub_up() {
	: >hub.out
	stmiot-hub --https 0 "$@" hub >>hub.out 2>&1 3>&- &
	hub_pid=$!
	hub_port=
	for _ in $(seq 200); do
		hub_port=$(sed -n 's/^stmiot-hub: .* at https:\/\/127\.0\.0\.1:\([0-9]*\)$/\1/p' hub.out)
		[ -z "$hub_port" ] || break
		sleep 0.05
	done
	[ -n "$hub_port" ] || {
		cat hub.out
		return 1
	}
	hub_as "${hub_policy:-iothubowner}"
}

# POLICY: from now on with its connection string
hub_as() {
	hub_add h --use --connection-string-file "hub/policies/$1" \
		--dps-connection-string-file hub/dps-connection-string --id-scope "$(cat hub/dps-id-scope)"
}

# NAME OPTIONS: a name for it
hub_add() {
	stmiot -q hub add "$1" --replace --ca hub/ca.pem --connect-to "127.0.0.1:$hub_port" "${@:2}"
}

hub_down() {
	if [ -n "${hub_pid:-}" ]; then
		kill "$hub_pid" 2>/dev/null || true
		wait "$hub_pid" || true
		hub_pid=
	fi
}

more_teardown() {
	hub_down
}

# FILE...: no key of the hub's policies or devices is in any of them, and no signature
no_secret_in() {
	stmiot device list --json | jq -r '.[].id' | while read -r id; do
		stmiot device show "$id" --show-keys --json | jq -r '.primary_key, .secondary_key'
	done >keys
	no_key_in keys "$@"
}

# KEYS FILE...: the same, with the devices' keys in a file, a line each
no_key_in() {
	local bad=0
	{
		sed -n 's/.*SharedAccessKey=//p' hub/policies/* hub/connection-string hub/dps-connection-string
		cat "$1"
	} | sed -e '/^null$/d' -e '/^$/d' | sort -u >all-keys
	[ "$(wc -l <all-keys)" -ge 5 ]
	# In a URL '+', '/' and '=' are encoded: the part before the first is enough.
	sed -n -e 's/=$//p' -e 's/[+/=].*//' -e '/^.\{12\}/p' all-keys | sort -u >needles
	if grep -lF -f needles "${@:2}"; then
		echo "has a key, or a part of one"
		bad=1
	fi
	if grep -lE 'sig=[A-Za-z0-9%]{20}' "${@:2}"; then
		echo "has a signature"
		bad=1
	fi
	return $bad
}

# ./renew (renew.c), a program with libprov
build_renew() {
	local sanitized=
	[[ $STMIOT_BUILD != */san ]] || sanitized=-fsanitize=address,undefined
	cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -O1 $sanitized -o renew "$BATS_TEST_DIRNAME/renew.c" \
		-I"$BATS_TEST_DIRNAME/../../libprov" -L"$STMIOT_BUILD/lib" -lprov \
		-Wl,-rpath,"$STMIOT_BUILD/lib"
}
