# shellcheck shell=sh
# A mosquitto to compare with, for scripts that set `temp`, where `hub` is a hub's folder, and
# `hub_core`. To be sourced.

: "${temp:?}" "${hub_core:?}"

# broker_start DIR LINE...: with TLS by the hub's certificate, the user "load" with the same
# word as password, and more lines of configuration. Sets `broker_pid` and `broker_port`.
broker_start() {
	broker=$1
	shift
	rm -rf "$broker"
	mkdir "$broker"
	mosquitto_passwd -b -c "$broker/passwords" load load 2>/dev/null
	# One that is free now; there is no other way to ask mosquitto for one.
	broker_port=$(perl -MIO::Socket::INET -e \
		'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
	cat >"$broker/conf" <<-EOT
		user $(id -un)
		listener $broker_port 127.0.0.1
		certfile $temp/hub/server.pem
		keyfile $temp/hub/server.key
		tls_version tlsv1.2
		allow_anonymous false
		password_file $broker/passwords
		persistence_location $broker/
		max_queued_messages 0
		set_tcp_nodelay true
		log_type error
	EOT
	printf '%s\n' "$@" >>"$broker/conf"
	taskset -c "$hub_core" mosquitto -c "$broker/conf" >"$broker/log" 2>&1 &
	broker_pid=$!
	tries=100
	until mosquitto_pub --cafile "$temp/hub/ca.pem" --insecure -h 127.0.0.1 -p "$broker_port" \
		-u load -P load -t begin -n 2>/dev/null; do
		tries=$((tries - 1))
		[ $tries != 0 ] || { cat "$broker/log" >&2; exit 1; }
		sleep 0.1
	done
}

broker_stop() {
	[ -n "$broker_pid" ] || return 0
	kill "$broker_pid" 2>/dev/null || :
	wait "$broker_pid" || :
	broker_pid=
}
