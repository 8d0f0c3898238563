load broker

# `monitor --mqtt`, with mosquitto_pub as the sender.

more_setup() {
	broker_up
	url=mqtts://localhost:$broker_port
}

# OPTIONS: in the background, to `shown` and `said`, until it says that it is connected
watch() {
	rm -f said
	stmiot monitor --mqtt "$url" --ca broker/ca.pem --user reader --password-file broker/reader \
		"$@" >shown 2>said 3>&- 4>&- &
	watcher=$!
	eventually grep -q '^stmiot: connected: ' said
}

say() {
	mosquitto_pub -h localhost -p "$broker_port" --cafile broker/ca.pem -u writer \
		-P "$(cat broker/writer)" -q 1 "$@"
}

@test "a line each: device and properties of a hub's topics, and of others" {
	watch -t 'devices/#' -t 'plant/+/#' -t flat -p -n 5
	[ "$(cat said)" = "stmiot: connected: localhost, topic devices/# plant/+/# flat, events from now on" ]
	say -t 'devices/d1/messages/events/%24.mid=m%2F1&%24.ct=application%2Fjson&a%20b=1%262&alone' -m '{"t":1}'
	say -t devices/d1/modules/m/messages/events/ -m 'from a module'
	say -t plant/mixer/7/temperature -m 21.5
	say -t flat -m 'no device'
	printf '\377\000x' >bytes
	say -t plant/mixer -f bytes
	wait $watcher
	sed 's/^[0-9T:.-]*Z //' shown >lines
	diff lines - <<<"$(
		printf '%s\n' 'd1 {"t":1} message_id=m/1 content_type=application/json a b=1&2 alone=' \
			'd1/m from a module' 'mixer 21.5' 'flat no device' 'mixer 0xff0078'
	)"
}

@test "byte for byte, as JSON, at both qualities of service" {
	local qos
	for qos in 0 1; do
		watch -t 'devices/+/messages/events/#' --qos "$qos" --json -n 500
		for i in $(seq 500); do printf 'line %d: \303\251 \\ "q" \t end\n' "$i"; done >lines
		mosquitto_pub -p "$broker_plain" -q "$qos" -t devices/d1/messages/events/k=v -l <lines
		wait $watcher
		jq -r .body shown | cmp - lines
		[ "$(jq -rs 'map(.device) | unique | join(" ")' shown)" = d1 ]
		[ "$(jq -cs 'map(.properties) | unique' shown)" = '[{"k":"v"}]' ]
		[ "$(jq -rs 'map(.topic) | unique | join(" ")' shown)" = devices/d1/messages/events/k=v ]
	done
}

@test "what the device sends is what is shown" {
	hub_up
	stmiot -q device create d1 >made
	cat hub/ca.pem broker/ca.pem >both.pem
	sed -i -e '/^password_file/d' -e "s/^listener $broker_port.*/&\nallow_anonymous true/" broker/conf
	broker_down
	broker_start
	stmiot -q hub add h --replace --use --ca both.pem --connect-to "127.0.0.1:$hub_port" \
		--mqtt-port "$broker_port" --connection-string-file hub/policies/iothubowner
	watch -t 'devices/#' -n 1000 --json
	for i in $(seq 1000); do printf '{"n":%d}\n' "$i"; done >lines
	stmiot -q device send d1 --as-device --property 'ä=ö&' --content-type application/json - <lines
	wait $watcher
	jq -c .body shown | cmp - lines
	[ "$(jq -cs 'map([.device, .content_type, .properties]) | unique' shown)" = \
		'[["d1","application/json",{"ä":"ö&"}]]' ]
}

@test "devices by name and wildcard" {
	watch -t '+/t' 'press-*' -n 2
	for device in mill press-1 lathe press-2; do
		say -t $device/t -m x
	done
	wait $watcher
	[ "$(cut -d' ' -f2 shown)" = $'press-1\npress-2' ]
	# Where no device is told, by the topic.
	watch -t 'hall/#' 'hall/*/7' -n 1
	say -t hall/press/6 -m x
	say -t hall/press/7 -m x
	wait $watcher
	[ "$(cut -d' ' -f2 shown)" = hall/press/7 ]
}

@test "the broker is restarted: nothing is missing, and nothing twice" {
	watch -t '+/t' -n 3000
	seq 1000 | say -t d/t -l
	eventually grep -q ' 1000$' shown
	kill "$broker_pid"
	wait "$broker_pid" || true
	eventually grep -q 'again in' said
	broker_start
	# Before the reader is back, perhaps: the broker keeps them for it.
	seq 1001 2000 | say -t d/t -l
	eventually grep -q 'connected again' said
	seq 2001 3000 | say -t d/t -l
	wait $watcher
	seq 3000 | cmp - <(cut -d' ' -f3 shown)
}

# CONNECTION...: what `monitor` shows of the broker of this script
shown_of() {
	rm -f port # that of the script before
	"$BATS_TEST_DIRNAME/scripted-broker" "$@" >port 2>/dev/null 3>&- 4>&- &
	broker_script=$!
	eventually test -s port
	run -0 --separate-stderr stmiot monitor --mqtt "mqtt://127.0.0.1:$(cat port)" -t '+/t' --timeout 40s \
		-n "$(wc -w <<<"$expected")"
	kill $broker_script 2>/dev/null || true
	[ "$(cut -d' ' -f3 <<<"$output" | paste -sd' ')" = "$expected" ]
}

@test "what is sent again is shown once, however often the connection is lost" {
	# No acknowledgement arrived, and the first try to come back fails.
	expected='a b c d' shown_of '1:a 2:b 3:c' '!1:a !2:b !3:c 4:d'
	# Lost again before all was there.
	expected='a b c d' shown_of '1:a 2:b 3:c' '!1:a cut' '!1:a !2:b !3:c 4:d'
}

@test "a session without its topics gets them" {
	expected='a b' shown_of '1:a' gone 'asked 1:b'
}

@test "a packet id and a body that were there long before are no repetition" {
	expected='a b c b' shown_of '1:a 2:b' '3:c' '!2:b'
}

@test "the session is gone from the broker afterwards" {
	watch -t '+/t' -n 1
	say -t d/t -m x
	wait $watcher
	client=$(sed -n 's/.* as \(stmiot[0-9a-f]*\) (p2, c0,.*/\1/p' broker/log | tail -n 1)
	[ -n "$client" ]
	grep -q "as $client (p2, c1," broker/log
}

@test "a wrong password, none, a wrong CA, another name, nobody there" {
	echo wrong >wrong
	run -6 --separate-stderr stmiot monitor --mqtt "$url" -t '#' --ca broker/ca.pem --user reader --password-file wrong
	stderr_is "stmiot: localhost: refuses the connection: not authorized
stmiot: check the user and the password"
	run -6 --separate-stderr stmiot monitor --mqtt "$url" -t '#' --ca broker/ca.pem
	stderr_is "stmiot: localhost: refuses the connection: not authorized
stmiot: it wants a user and a password"
	run -6 --separate-stderr stmiot monitor --mqtt "$url" -t '#' --user reader --password-file broker/reader
	has "$stderr" "localhost: its certificate is not from a CA that is trusted here"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other \
		-keyout other.key -out other.pem -days 2 2>/dev/null
	run -6 --separate-stderr stmiot monitor --mqtt "$url" -t '#' --ca other.pem
	has "$stderr" "must be in other.pem"
	run -6 --separate-stderr stmiot monitor --mqtt "mqtts://localhost:$broker_plain" -t '#'
	has "$stderr" "mqtt:// is for a port of the broker without TLS"
	run -6 --separate-stderr stmiot monitor --mqtt "mqtt://localhost:$broker_port" -t '#'
	has "$stderr" "mqtts:// is for a port of the broker with TLS"
	broker_cert server DNS:elsewhere
	broker_down
	broker_start
	run -6 --separate-stderr stmiot monitor --mqtt "$url" -t '#' --ca broker/ca.pem
	has "$stderr" "localhost: its certificate is for another name"
	broker_down
	run -6 --separate-stderr stmiot monitor --mqtt "$url" -t '#' --ca broker/ca.pem
	has "$stderr" "nobody listens at port $broker_port"
	run -6 --separate-stderr stmiot monitor --mqtt mqtt://nowhere.invalid -t '#'
	stderr_is "stmiot: nowhere.invalid: this name has no address
stmiot: check the broker's name, and that this machine has a network and a DNS server"
}

@test "a broker at an address of IPv6" {
	local port
	port=$(free_port)
	run -6 --separate-stderr stmiot monitor --mqtt "mqtt://[::1]:$port" -t '#'
	[[ "$stderr" == "stmiot: [::1]: "*"port $port"* ]]
	# Where the machine has none, that was all.
	grep -q ' lo$' /proc/net/if_inet6 || return 0
	broker_cert server IP:::1
	broker_down
	printf '%s\n' "listener $port ::1" "certfile $PWD/broker/server.pem" \
		"keyfile $PWD/broker/server.key" 'allow_anonymous true' >>broker/conf
	broker_start
	run -1 --separate-stderr stmiot monitor --mqtt "mqtts://[::1]:$port" --ca broker/ca.pem -t '#' --timeout 1s
	has "$stderr" "connected: [::1], topic #"
	run -6 --separate-stderr stmiot monitor --mqtt "mqtts://[::1]:$port" -t '#'
	has "$stderr" "[::1]: its certificate is not from a CA that is trusted here"
}

@test "the command line: what goes together" {
	run -2 stmiot monitor --mqtt "$url"
	run -2 stmiot monitor --mqtt "$url" -t 'a/#/b'
	run -2 --separate-stderr stmiot monitor --mqtt "mqtt://localhost:$broker_plain" -t $'a\xff'
	has "$stderr" 'no subscription to "a?"'
	run -2 stmiot monitor --mqtt "$url" -t '#' --since 1h
	run -2 stmiot monitor --mqtt "$url" -t '#' --group g
	run -2 stmiot monitor --mqtt "$url" -t '#' --qos 2
	run -2 stmiot monitor --mqtt "$url" -t '#' --cert c
	run -2 stmiot monitor --mqtt "$url" -t '#' --password-file broker/reader
	run -2 stmiot monitor --topic '#'
	run -2 stmiot monitor --qos 0
	run -2 stmiot monitor --group ''
	run -2 --separate-stderr stmiot monitor --mqtt mqtts://reader:secret@localhost -t '#'
	[[ "$stderr" != *secret* ]]
	run -1 stmiot monitor --mqtt "$url" -t '#' --ca nowhere.pem
}

@test "its ends: --timeout, a closed pipe, Ctrl-C; and no secret in what -vv tells" {
	run -1 --separate-stderr stmiot monitor --mqtt "$url" -t '#' --ca broker/ca.pem --user reader \
		--password-file broker/reader --timeout 1s -vv
	has "$stderr" "0 events in 1 s"
	has "$stderr" "password ***"
	[[ "$stderr" != *"$(cat broker/reader)"* ]]
	export STMIOT_MQTT_PASSWORD
	STMIOT_MQTT_PASSWORD=$(cat broker/reader)
	{
		status=0
		stmiot monitor --mqtt "$url" -t '#' --ca broker/ca.pem --user reader 2>said || status=$?
		echo "$status" >status
	} | head -n 1 >first 3>&- &
	eventually grep -q connected said
	say -t d/t -m one
	eventually test -s first
	eventually test -s status
	[ "$(cat status)" = 0 ]
	rm said
	env --default-signal=INT stmiot monitor --mqtt "$url" -t '#' --ca broker/ca.pem --user reader \
		>shown 2>said 3>&- &
	watcher=$!
	eventually grep -q connected said
	kill -INT $watcher
	status=0
	wait $watcher || status=$?
	[ "$status" -eq 130 ]
}
