load broker

# `device send --as-device`: mosquitto stands in for the hub's MQTT, so that topics and
# bodies are seen as they are.

more_setup() {
	hub_up
	broker_up
	cat hub/ca.pem broker/ca.pem >both.pem
	as_device
	stmiot -q device create d1 >made
}

# From now on `h` has the broker as its MQTT, and TLS of either's CA.
as_device() {
	stmiot -q hub add h --replace --use --ca both.pem --connect-to "127.0.0.1:$hub_port" \
		--mqtt-port "$broker_port" --connection-string-file hub/policies/iothubowner
	# Whoever the device is: the broker knows nothing of tokens.
	sed -i -e '/^password_file/d' -e "s/^listener $broker_port.*/&\nallow_anonymous true/" broker/conf
	broker_down
	broker_start
}

@test "one message: topic, properties and body" {
	hear -t 'devices/#' -v
	run -0 --separate-stderr stmiot device send d1 --as-device 'hello & good-bye'
	output_is ""
	stderr_is "stmiot: 'd1' sent 1 message"
	run -0 --separate-stderr stmiot device send d1 --as-device '{"t":21.5}' --message-id m/1 \
		--correlation-id c --content-type application/json --content-encoding utf-8 \
		--property 'a b=1&2' --property alone --property empty=
	run -0 --separate-stderr stmiot device send d1 --as-device
	eventually grep -q 'events/ (null)$' heard
	[ "$(heard)" = "$(
		printf '%s\n' 'devices/d1/messages/events/ hello & good-bye' \
			'devices/d1/messages/events/%24.mid=m%2F1&%24.cid=c&%24.ct=application%2Fjson&%24.ce=utf-8&a%20b=1%262&alone&empty= {"t":21.5}' \
			'devices/d1/messages/events/ (null)'
	)" ]
	grep -q "New client connected from .* as d1 (p2, c1, k240, u'stmiot-local.azure-devices.net/d1/?api-version=2021-04-12&DeviceClientType=stmiot%2F0.1.0')" broker/log
}

@test "a line each from standard input, in their order and with the last one" {
	hear -t 'devices/d1/#' -t 'devices/ready/#' -F %p
	{ seq 5000 && printf 'end without a newline'; } >lines
	run -0 --separate-stderr stmiot device send d1 --as-device - <lines
	stderr_is "stmiot: 'd1' sent 5001 messages"
	eventually grep -q newline heard
	grep -v '^ready$' heard | cmp - <(cat lines && echo)
	run -0 --separate-stderr stmiot device send d1 --as-device - --json <lines
	stderr_is ""
	[ "$(jq -c 'del(.seconds)' <<<"$output")" = \
		'{"id":"d1","sent":5001,"pending":0,"repeats":0,"connections":1}' ]
	run -0 --separate-stderr stmiot device send d1 --as-device - --json </dev/null
	[ "$(jq .sent <<<"$output")" = 0 ]
}

@test "as they come: a line is not kept until there are more" {
	hear -t 'devices/d1/#' -t 'devices/ready/#' -F %p
	mkfifo lines
	stmiot device send d1 --as-device - <lines >sent 2>&1 3>&- &
	exec 4>lines
	echo first >&4
	eventually grep -qx first heard
	echo second >&4
	eventually grep -qx second heard
	exec 4>&-
	wait $!
	[ "$(cat sent)" = "stmiot: 'd1' sent 2 messages" ]
}

@test "with the device's own connection string, and no other" {
	hear -t 'devices/#' -v
	stmiot device connection-string d1 >d1.txt
	stmiot -q device create d2 >made
	run -0 --separate-stderr stmiot device send d1 --as-device --connection-string-file d1.txt one
	run -0 --separate-stderr stmiot device send d1 --as-device --connection-string-file - two <d1.txt
	run -2 --separate-stderr stmiot device send d2 --as-device --connection-string-file d1.txt no
	stderr_is "stmiot: d1.txt: not the connection string of the device 'd2'
stmiot: 'stmiot help device' tells how it is used"
	echo "HostName=x" >bad.txt
	run -5 --separate-stderr stmiot device send d1 --as-device --connection-string-file bad.txt no
	eventually grep -q two heard
	[ "$(heard)" = "$(printf 'devices/d1/messages/events/ %s\n' one two)" ]
	no_secret_in heard sent broker/log || [ ! -e sent ]
}

@test "the broker goes and comes back: every line arrives, and none is lost" {
	hear -t 'devices/d1/#' -t 'devices/ready/#' -F %p
	mkfifo lines
	stmiot device send d1 --as-device - --json <lines >sent 2>said 3>&- &
	sender=$!
	exec 4>lines
	seq 1 1000 >&4
	eventually grep -qx 1000 heard
	kill -9 "$broker_pid"
	wait "$broker_pid" || true
	seq 1001 2000 >&4
	eventually grep -q 'the connection was lost; waiting' said
	broker_start
	hear -t 'devices/d1/#' -t 'devices/ready/#' -F %p
	seq 2001 3000 >&4
	exec 4>&-
	wait $sender
	[ "$(jq -c '[.sent, .pending]' sent)" = '[3000,0]' ]
	[ "$(jq .connections sent)" -ge 2 ]
	eventually grep -qx 3000 heard
}

@test "what can be wrong is said" {
	run -6 --separate-stderr stmiot device send nobody --as-device x
	has "$stderr" "stmiot: device send: stmiot-local.azure-devices.net has no such device"
	stmiot -q device disable d1 --reason stolen
	run -4 --separate-stderr stmiot device send d1 --as-device x
	stderr_is "stmiot: device send: 'd1' is disabled: stolen
stmiot: enable it, and try again"
	stmiot -q device create x5 --auth x509-ca >made
	run -2 --separate-stderr stmiot device send x5 --as-device x
	has "$stderr" "'x5' has no key that can be read"
	run -2 --separate-stderr stmiot device send d1 --as-device x y
	run -2 --separate-stderr stmiot device send d1 --as-device - --message-id m
	run -2 --separate-stderr stmiot device send d1 --as-device --property =x y
	run -2 --separate-stderr stmiot device send d1 --as-device --cert c y
	run -1 --separate-stderr stmiot device send x5 --as-device --cert c --private-key k y
	has "$stderr" "c: No such file"
	stmiot -q device enable d1
	run -5 --separate-stderr stmiot device send d1 --as-device - --property a=b \
		< <(head -c 262143 /dev/zero | tr '\0' x)
	has "$stderr" "262145 bytes, properties included"
}

@test "a port that nobody listens at, and a CA that is not the broker's" {
	broker_down
	run -6 --separate-stderr stmiot device send d1 --as-device x
	stderr_is "stmiot: device send: stmiot-local.azure-devices.net: nobody listens at 127.0.0.1:$broker_port
stmiot: is it running there, or does a firewall refuse port $broker_port?"
	broker_start
	stmiot -q hub add h --replace --use --ca hub/ca.pem --connect-to "127.0.0.1:$hub_port" \
		--mqtt-port "$broker_port" --connection-string-file hub/policies/iothubowner
	run -6 --separate-stderr stmiot device send d1 --as-device x
	stderr_is "stmiot: device send: stmiot-local.azure-devices.net: its certificate is not from a CA that is trusted here
stmiot: the hub's CA must be in $PWD/hub/ca.pem"
}

@test "one that refuses, Ctrl-C, and no secret in what -v tells" {
	run -0 --separate-stderr stmiot -v device send d1 --as-device x
	has "$stderr" "token ***"
	printf '%s\n' "$stderr" >said
	no_secret_in said
	mkfifo lines
	exec 4<>lines
	# A shell has its background jobs ignore SIGINT.
	env --default-signal=INT stmiot device send d1 --as-device - <&4 >sent 2>&1 3>&- &
	sender=$!
	echo first >&4
	eventually grep -q 'as d1' broker/log
	sleep 0.3
	kill -INT $sender
	status=0
	wait $sender || status=$?
	[ "$status" -eq 130 ]
	sed -i -e "/^allow_anonymous/d" -e "s/^listener.*/&\npassword_file broker\/passwords/" broker/conf
	broker_down
	mosquitto -c broker/conf >>broker/log 2>&1 3>&- 4>&- &
	broker_pid=$!
	eventually grep -q "does not let 'd1' in" <(stmiot device send d1 --as-device x 2>&1)
	run -6 --separate-stderr stmiot device send d1 --as-device x
	stderr_is "stmiot: device send: stmiot-local.azure-devices.net: does not let 'd1' in
stmiot: the key is not the device's, or the device is disabled or not there, or this machine's clock is off"
}
