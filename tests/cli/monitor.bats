#!/usr/bin/env bats
# Telemetry: what devices send to the local hub comes out of `stmiot monitor`.

load hubs

setup_file() {
	cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -O1 -o "$BATS_FILE_TMPDIR/ask" \
		"$BATS_TEST_DIRNAME"/{ask,fault}.c
}

more_setup() {
	export STMIOT_TIMEOUT_MS=5000
}

# [OPTIONS]: a hub whose events are read with the policy `service`, also known as `owner`
events_up() {
	hub_up "$@"
	amqp_port=$("$BATS_FILE_TMPDIR/ask" hub '"status"' | jq .amqp)
	hub_add owner --connection-string-file hub/policies/iothubowner
	read_as service h
}

# POLICY NAME [PORT]: a name for reading events
read_as() {
	hub_add "$2" --use --amqp-port "${3:-$amqp_port}" --connection-string-file "hub/policies/$1"
}

# DEVICE...: registered, with a token each
devices() {
	local device
	for device; do
		stmiot -q --hub owner device create "$device" >/dev/null
		stmiot -q --hub owner token --device "$device" >"token.$device"
	done
}

# DEVICE BODY|@FILE [HEADER...]: telemetry; 204 is stored
post() {
	local header headers=() url=https://stmiot-local.azure-devices.net/devices/$1/messages/events
	for header in "Authorization: $(cat "token.$1")" "${@:3}"; do
		headers+=(-H "$header")
	done
	curl -s -o /dev/null -w '%{http_code}' -m 5 --cacert hub/ca.pem "${headers[@]}" \
		--connect-to "::127.0.0.1:$hub_port" --data-binary "$2" \
		"$url?api-version=2020-03-13"
}

sent() {
	[ "$(post "$@")" = 204 ]
}

# Until a monitor whose standard error goes there has connected.
connected() {
	eventually grep -q '^stmiot: connected' "$1"
}

# PID STATUS
ended_with() {
	local status=0
	wait "$1" || status=$?
	[ "$status" = "$2" ]
}

# All events there are, which are so many.
read_all() {
	run -0 --separate-stderr stmiot monitor --since start --count "$@"
}

@test "an event comes out as it went in" {
	events_up
	devices d1
	stmiot monitor --count 1 --json >out 2>err &
	connected err
	[ "$(grep -c . err)" = 1 ]
	has "$(cat err)" 'connected: 4 partitions, group $Default, events from now on'
	sent d1 '{"t": 21.50, "n": 12345678901234567890}' 'Content-Type: application/json' \
		'iothub-app-room: b 12/"x"' 'iothub-messageid: m-1' 'iothub-correlationid: c-1'
	wait "$!"
	jq -e '.device == "d1" and .partition >= 0 and .sequence == 0 and .offset == "0"
		and .message_id == "m-1" and .correlation_id == "c-1"
		and .properties == {room: "b 12/\"x\""} and .body_type == "json"
		and .annotations["iothub-connection-device-id"] == "d1"
		and .annotations["x-opt-sequence-number"] == 0
		and .annotations["iothub-message-source"] == "Telemetry"
		and (.annotations["iothub-connection-auth-method"] | fromjson | .scope) == "device"
		and .time == .annotations["x-opt-enqueued-time"]' out
	# A number is not rounded on its way.
	grep -qF '"body":{"t":21.50,"n":12345678901234567890}' out
}

@test "a body is JSON, text or bytes" {
	events_up
	devices d1
	printf '\000\377\001' >bytes
	printf 'a\tb\033[31mc\n' >colour
	sent d1 @bytes
	sent d1 @colour
	sent d1 '{"a":1' 'Content-Type: application/json'
	sent d1 '[1, 2]'
	sent d1 '12' 'Content-Type: text/plain'
	sent d1 'grüße'
	read_all 6
	[ "$(cut -d ' ' -f 2- <<<"$output")" = 'd1 0x00ff01
d1 a\tb\x1b[31mc\n
d1 {"a":1
d1 [1, 2]
d1 12
d1 grüße' ]
	read_all 6 --json
	[ "$(jq -c '[.body_type, .body]' <<<"$output")" = '["base64","AP8B"]
["text","a\tb\u001b[31mc\n"]
["text","{\"a\":1"]
["json",[1,2]]
["text","12"]
["text","grüße"]' ]
}

@test "every byte comes out as it went in" {
	events_up
	devices d1
	for i in $(seq 0 255); do
		printf '%b' "\\x$(printf %x "$i")"
	done >all
	head -c 100000 /dev/urandom >large
	sent d1 @all
	sent d1 @large
	stmiot monitor --since start --count 2 --json >out
	jq -r 'select(.sequence == 0).body' out | base64 -d | cmp - all
	jq -r 'select(.sequence == 1).body' out | base64 -d | cmp - large
}

@test "only of the devices that are named" {
	events_up
	devices press-1 press-2 oven
	sent press-1 one
	sent oven two
	sent press-2 three
	read_all 2 'press-*'
	[ "$(cut -d ' ' -f 2- <<<"$output" | sort)" = $'press-1 one\npress-2 three' ]
	read_all 1 oven
	[ "${output#* }" = 'oven two' ]
	read_all 2 oven 'press-[2-9]'
	[ "$(cut -d ' ' -f 2- <<<"$output" | sort)" = $'oven two\npress-2 three' ]
	run -1 --separate-stderr stmiot monitor --since start --timeout 1s 'press'
	[ -z "$output" ]
}

@test "properties on request, and repeats left out on request" {
	events_up
	devices d1 d2
	sent d1 a 'iothub-messageid: 1' 'iothub-app-k: v' 'iothub-app-control: x'
	sent d1 b 'iothub-messageid: 1'
	sent d1 c 'iothub-messageid: 2'
	read_all 3 -p
	[ "$(head -1 <<<"$output" | cut -d ' ' -f 2-)" = 'd1 a message_id=1 k=v control=x' ]
	read_all 2 --unique
	[ "$(cut -d ' ' -f 3 <<<"$output" | xargs)" = 'a c' ]
	# Another device's id is another one.
	sent d2 d 'iothub-messageid: 1'
	read_all 3 --unique
	[ "$(cut -d ' ' -f 3 <<<"$output" | sort | xargs)" = 'a c d' ]
}

@test "since a moment" {
	events_up
	devices d1
	sent d1 old
	sleep 1.2
	now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	sent d1 new
	run -0 --separate-stderr stmiot monitor --since "$now" --count 1
	[ "${output#* }" = 'd1 new' ]
	has "$stderr" "events since ${now%Z}"
	run -0 --separate-stderr stmiot monitor --since 10m --count 1
	[ "${output#* }" = 'd1 old' ]
	for bad in yesterday 0s 2026-02-30 2026-13-01 2026-01-01T25:00Z ''; do
		run -2 --separate-stderr stmiot monitor --since "$bad"
	done
}

@test "it ends in time, and says what came" {
	events_up
	devices d1
	sent d1 a
	run -1 --separate-stderr stmiot monitor --since start --timeout 1s --count 2
	[ "${output#* }" = 'd1 a' ]
	has "$stderr" "1 event in 1 s"
	run -2 --separate-stderr stmiot monitor --timeout soon
	run -2 --separate-stderr stmiot monitor --count 0
}

@test "why nothing comes: routes, or others' events" {
	events_up
	devices d1 d2
	export STMIOT_TIMEOUT_MS=2000
	run -1 --separate-stderr stmiot monitor --timeout 3s
	has "$stderr" $'no event so far\nstmiot: a hub with routes sends events there'
	sent d1 a
	sent d1 b
	sent d2 c
	run -1 --separate-stderr stmiot monitor --since start --timeout 3s D1 nobody
	has "$stderr" "no event so far of what is named, 3 of others"
	[[ "$stderr" != *routes* ]]
	has "$stderr" "0 events in 3 s, 3 of others"
	run -1 --separate-stderr stmiot monitor --since start --timeout 3s d1
	[[ "$stderr" != *"so far"* ]]
	has "$stderr" "2 events in 3 s, 1 of others"
}

@test "a reader that goes away ends it well" {
	events_up
	devices d1
	sent d1 a
	set -o pipefail
	# Though no further event comes to find out by.
	timeout 10 stmiot monitor --since start 2>/dev/null | head -1 >out
	[ "$(cut -d ' ' -f 2- out)" = 'd1 a' ]
}

@test "Ctrl-C ends it, and a terminal that closes" {
	events_up
	local signal
	for signal in INT:130 TERM:143 HUP:129; do
		rm -f err
		env --default-signal stmiot monitor 2>err &
		pid=$!
		connected err
		kill "-${signal%:*}" "$pid"
		ended_with "$pid" "${signal#*:}"
	done
	# but not under nohup
	rm err
	env --ignore-signal=HUP stmiot monitor --timeout 1s 2>err &
	pid=$!
	connected err
	kill -HUP "$pid"
	ended_with "$pid" 1
}

@test "a hub that is killed loses and repeats nothing" {
	events_up
	devices d1 d2 d3
	stmiot monitor --json --count 90 >out 2>err &
	reader=$!
	connected err
	for i in $(seq 90); do
		if [ $((i % 30)) = 15 ]; then
			kill -KILL "$hub_pid"
			wait "$hub_pid" || true
			: >hub.out
			stmiot-hub --https "$hub_port" --amqp "$amqp_port" hub >>hub.out 2>&1 3>&- &
			hub_pid=$!
			eventually grep -q https hub.out
		fi
		sent "d$((i % 3 + 1))" "$i"
	done
	wait "$reader"
	[ "$(jq -r .body out | sort -n | uniq | wc -l)" = 90 ]
	[ "$(grep -c 'again in' err)" -ge 3 ]
	has "$(cat err)" "connected again"
}

@test "a hub that stays away for longer is asked anew where its events are" {
	events_up
	devices d1
	stmiot monitor --count 2 >out 2>err &
	reader=$!
	connected err
	sent d1 a
	kill -KILL "$hub_pid"
	wait "$hub_pid" || true
	eventually grep -q 'nobody listens' err
	: >hub.out
	stmiot-hub --https "$hub_port" --amqp "$amqp_port" hub >>hub.out 2>&1 3>&- &
	hub_pid=$!
	eventually grep -q 'connected again' err
	sent d1 b
	wait "$reader"
	[ "$(cut -d ' ' -f 3 out | xargs)" = 'a b' ]
}

@test "without repeats, a hub that is killed is the end" {
	events_up
	stmiot monitor --no-retry 2>err &
	pid=$!
	connected err
	kill -KILL "$hub_pid"
	ended_with "$pid" 6
	has "$(cat err)" "the connection was lost"
}

@test "a hub that is silent is left, and found again" {
	events_up
	devices d1
	export STMIOT_TIMEOUT_MS=1000
	stmiot monitor --count 2 >out 2>err &
	reader=$!
	connected err
	sent d1 a
	kill -STOP "$hub_pid"
	eventually grep -q 'went silent' err
	kill -CONT "$hub_pid"
	eventually grep -q 'connected again' err
	sent d1 b
	wait "$reader"
	[ "$(cut -d ' ' -f 3 out | xargs)" = 'a b' ]
}

@test "a port that swallows everything is told from one that is closed" {
	python3 -c 'import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(0)
fill = [socket.socket() for _ in range(3)]
for f in fill:
    f.setblocking(False)
    f.connect_ex(s.getsockname())
print(s.getsockname()[1], flush=True)
time.sleep(20)' >port 2>/dev/null 3>&- &
	eventually test -s port
	events_up
	read_as service h "$(cat port)"
	STMIOT_TIMEOUT_MS=500 run -6 --separate-stderr stmiot monitor
	has "$stderr" "no answer from 127.0.0.1:$(cat port) in 500 ms"
	has "$stderr" "the port is probably blocked"
}

@test "tokens are renewed before they end" {
	events_up
	build_renew
	run -0 --separate-stderr ./renew hub/ca.pem "127.0.0.1:$amqp_port" 10 <hub/policies/service
}

@test "what is wrong is told, by its status too" {
	events_up
	sed 's/SharedAccessKey=./SharedAccessKey=Z/' hub/policies/service >wrong
	used_secret wrong
	hub_add wrong --amqp-port "$amqp_port" --connection-string-file wrong
	run -6 --separate-stderr stmiot monitor --hub wrong
	has "$stderr" "this key or policy is not known there"
	read_as registryRead h
	run -4 --separate-stderr stmiot monitor
	has "$stderr" "take a policy with ServiceConnect"
	read_as service h 1
	run -6 --separate-stderr stmiot monitor
	has "$stderr" "nobody listens at 127.0.0.1:1"
	has "$stderr" "firewall refuse port 1?"
	read_as service h "$hub_port"
	run -6 --separate-stderr stmiot monitor
	has "$stderr" "what answers does not speak AMQP"
	read_as service h
	run -6 --separate-stderr stmiot monitor --group nobodys
	has "$stderr" "there is no consumer group 'nobodys'"
	sed 's/HostName=[^;]*/HostName=other.azure-devices.net/' hub/policies/service >other
	hub_add other --amqp-port "$amqp_port" --connection-string-file other
	run -6 --separate-stderr stmiot monitor --hub other
	has "$stderr" "its certificate is for another name"
	stmiot -q hub add entra --host stmiot-local.azure-devices.net --token-command 'echo x'
	run -2 --separate-stderr stmiot monitor --hub entra
	has "$stderr" "takes neither Entra tokens"
}

@test "a group has room for five readers" {
	events_up --consumer-group line
	for i in 1 2 3 4 5; do
		stmiot monitor 2>"err$i" &
		connected "err$i"
	done
	run -6 --separate-stderr stmiot monitor
	has "$stderr" "the consumer group is full"
	has "$stderr" "--group"
	run -1 --separate-stderr stmiot monitor --group line --timeout 1s
	has "$stderr" "group line"
}

@test "an Event Hub is read by its own connection string" {
	events_up
	devices d1
	sent d1 a
	{
		printf 'Endpoint=sb://localhost:%s/;' "$amqp_port"
		sed 's/^HostName=[^;]*;//' hub/policies/service | tr -d '\n'
		printf ';EntityPath=iothub-ehub-stmiot-local'
	} >file
	export SSL_CERT_FILE=hub/ca.pem
	run -0 --separate-stderr stmiot monitor --eventhub file --since start --count 1
	[ "${output#* }" = 'd1 a' ]
	run -0 --separate-stderr stmiot monitor --eventhub - --since start --count 1 <file
	STMIOT_EVENTHUB_CONNECTION_STRING=$(cat file) \
		run -0 --separate-stderr stmiot monitor --since start --count 1
	[ "${output#* }" = 'd1 a' ]
	sed 's/;EntityPath.*//' file >nameless
	run -2 --separate-stderr stmiot monitor --eventhub nameless
	has "$stderr" "append ;EntityPath=NAME"
	run -2 --separate-stderr stmiot monitor --eventhub hub/policies/service
	has "$stderr" "not the connection string of an Event Hub"
}

@test "-v tells of the partitions" {
	events_up
	devices d1
	sent d1 a
	sent d1 b
	read_all 2 -v
	has "$stderr" "to come"
	[ "$(grep -c 'stmiot: partition [0-3]: empty' <<<"$stderr")" = 3 ]
	[ "$(grep -c 'stmiot: partition [0-3]: has 0 to 1, .* 2 to come' <<<"$stderr")" = 1 ]
}
