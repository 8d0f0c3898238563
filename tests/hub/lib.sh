# Sourced by the tests of the local hub as a process. Sets hub, temp, dir; ends what it
# started. `failed` and `n` count what check() says in TAP.
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=$root/${STMIOT_BUILD:-build}
hub=$build/bin/stmiot-hub
temp=$(mktemp -d) || exit 1
dir=$temp/hub
pid=
n=0
failed=0
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$temp"' EXIT

# check NAME COMMAND...
check() {
	n=$((n + 1))
	name=$1
	shift
	if "$@" >"$temp/why" 2>&1; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' "$temp/why"
		failed=1
	fi
}

# start [OPTION...]: runs the hub of $dir; sets pid and port
start() {
	: >"$temp/ready"
	"$hub" "$@" "$dir" >"$temp/ready" 2>"$temp/log" &
	pid=$!
	tries=0
	while [ $tries -lt 100 ]; do
		port=$(sed -n 's,^stmiot-hub: .* at https://.*:\([0-9]*\)$,\1,p' "$temp/ready")
		[ -z "$port" ] || return 0
		tries=$((tries + 1))
		sleep 0.1
	done
	cat "$temp/log"
	return 1
}

# with_sdk FILE: where Node.js runs it and finds Microsoft's SDKs: a copy, with what it shares
# with tests/hub/sdk, which may run meanwhile and has copies of its own
with_sdk() {
	at=$root/build/sdk/hub
	mkdir -p "$at/sdk" && cp "$root/tests/hub/$1" "$at/" && cp -r "$root/tests/hub/sdk/lib" "$at/sdk/" && echo "$at/$1"
}

# status KEY: what the control socket says of it
status() {
	"$root/tests/vm/control" "$dir/control" '{"do":"status"}' | jq -r ".$1"
}

# stop SIGNAL STATUS
stop() {
	kill -s "$1" "$pid"
	wait "$pid"
	status=$?
	pid=
	[ "$status" = "$2" ] || { echo "exit $status"; return 1; }
}
