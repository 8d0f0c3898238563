# shellcheck shell=sh
# Microsoft's service SDK and a hub of one's own, for scripts that set `top` and `build`.
# To be sourced.

: "${top:?}" "${build:?}"

# Sets `node`, one that the SDK supports, and NODE_PATH; else says why not.
sdk_install() {
	node=$("$top/tests/hub/sdk/fetch") || return 1
	NODE_PATH=$top/build/sdk/node_modules
	export NODE_PATH
}

# hub_start DIR COMMAND...: the command with --https 0 and DIR. Sets `hub_pid` and
# `hub_port`.
hub_start() {
	dir=$1
	shift
	: >"$dir.ready"
	"$@" --https 0 "$dir" >"$dir.ready" 2>"$dir.log" &
	hub_pid=$!
	tries=100
	hub_port=
	while [ -z "$hub_port" ]; do
		tries=$((tries - 1))
		if [ $tries = 0 ] || ! kill -0 "$hub_pid" 2>/dev/null; then
			echo "the hub $dir did not start:" >&2
			cat "$dir.log" >&2
			return 1
		fi
		sleep 0.1
		hub_port=$(sed -n 's,^stmiot-hub: .* at https://.*:\([0-9]*\)$,\1,p' "$dir.ready")
	done
}

hub_stop() {
	[ -n "${hub_pid:-}" ] || return 0
	kill "$hub_pid" 2>/dev/null || :
	wait "$hub_pid" || :
	hub_pid=
}
