# A broker of the tests' own: mosquitto with TLS and passwords, on a free port, besides
# what hubs.bash has.
# shellcheck shell=bash

load "${BASH_SOURCE[0]%/*}/hubs"

PATH=$PATH:/usr/sbin

# NAME DNS: NAME.pem and NAME.key, from broker/ca.pem
broker_cert() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "broker/$1.key" -out broker/csr 2>/dev/null
	printf 'subjectAltName=%s\n' "$2" >broker/ext
	openssl x509 -req -in broker/csr -CA broker/ca.pem -CAkey broker/ca.key -CAcreateserial \
		-out "broker/$1.pem" -days 2 -extfile broker/ext 2>/dev/null
	chmod 644 "broker/$1.key"
}

# mosquitto does not say which port it has taken: one that nobody has.
free_port() {
	python3 - <<-'EOF'
	import socket
	s = socket.socket()
	s.bind(("127.0.0.1", 0))
	print(s.getsockname()[1])
	EOF
}

# Users 'reader' and 'writer', with the passwords in broker/reader and broker/writer. On
# $broker_port with TLS, and on $broker_plain without it and without passwords.
broker_make() {
	mkdir broker
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=broker-ca \
		-keyout broker/ca.key -out broker/ca.pem -days 2 2>/dev/null
	broker_cert server DNS:localhost,IP:127.0.0.1,DNS:stmiot-local.azure-devices.net
	openssl rand -hex 16 >broker/reader
	openssl rand -hex 16 >broker/writer
	: >broker/passwords
	mosquitto_passwd -b broker/passwords reader "$(cat broker/reader)"
	mosquitto_passwd -b broker/passwords writer "$(cat broker/writer)"
	broker_port=$(free_port)
	broker_plain=$(free_port)
	cat >broker/conf <<-EOF
	per_listener_settings true
	user $(id -un)
	persistence true
	persistence_location $PWD/broker/
	autosave_interval 1
	autosave_on_changes true
	max_queued_messages 0
	listener $broker_port 127.0.0.1
	certfile broker/server.pem
	keyfile broker/server.key
	password_file broker/passwords
	listener $broker_plain 127.0.0.1
	allow_anonymous true
	EOF
}

broker_start() {
	mosquitto -c broker/conf >>broker/log 2>&1 3>&- 4>&- &
	broker_pid=$!
	eventually mosquitto_pub -p "$broker_plain" -t up -m x
}

broker_up() {
	broker_make
	broker_start
}

broker_down() {
	if [ -n "${broker_pid:-}" ]; then
		kill "$broker_pid" 2>/dev/null || true
		wait "$broker_pid" || true
		broker_pid=
	fi
}

more_teardown() {
	broker_down
	hub_down
}

# mosquitto_sub's options: what comes goes to the file `heard`, from now on
hear() {
	: >heard
	mosquitto_sub -p "$broker_plain" "$@" >>heard 3>&- 4>&- &
	eventually heard_ready
}

# The subscription is there when a message of its own comes back.
heard_ready() {
	mosquitto_pub -p "$broker_plain" -t "devices/ready/messages/events/" -m ready
	[ -s heard ]
}

# What was heard but for that.
heard() {
	grep -v '^devices/ready/' heard || true
}
