# shellcheck shell=sh
# Microsoft's service SDK and a hub of one's own, for scripts that set `top` and `build`.
# To be sourced. The packages come from the lock file and go to build/sdk.

: "${top:?}" "${build:?}"

# Sets `node`, one that the SDK supports, and NODE_PATH. build/sdk/npm.log says why not.
sdk_install() {
	from=$top/tests/hub/sdk
	at=$top/build/sdk
	command -v npm >/dev/null || return 1
	mkdir -p "$at" || return 1
	if ! cmp -s "$from/package-lock.json" "$at/installed"; then
		cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$at/" &&
			(cd "$at" && npm ci --ignore-scripts >npm.log 2>&1) &&
			cp "$from/package-lock.json" "$at/installed" || return 1
	fi
	node=$(find "$at/node_modules" -path '*/node-linux-*/bin/node' | head -n 1)
	NODE_PATH=$at/node_modules
	export NODE_PATH
	[ -n "$node" ]
}

# hub_start DIR COMMAND...: the command with --https 0 and DIR. Sets `hub_pid` and
# `hub_port`, and NODE_EXTRA_CA_CERTS.
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
	NODE_EXTRA_CA_CERTS=$dir/ca.pem
	export NODE_EXTRA_CA_CERTS
}

hub_stop() {
	[ -n "${hub_pid:-}" ] || return 0
	kill "$hub_pid" 2>/dev/null || :
	wait "$hub_pid" || :
	hub_pid=
}
