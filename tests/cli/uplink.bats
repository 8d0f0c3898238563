load hubs

# `device send --as-device` to the local hub's MQTT, and what `monitor` then shows.

more_setup() {
	hub_up
	# The ports of its other protocols, as its control socket tells them
	read -r mqtt_port amqp_port <<<"$("$BATS_TEST_DIRNAME/../vm/control" hub/control '{"do":"status"}' |
		jq -r '"\(.mqtt) \(.amqp)"')"
	hub_named hub/connection-string
	stmiot -q device create d1 >made
}

# FILE: `h`, with the connection string in it
hub_named() {
	stmiot -q hub add h --replace --use --ca hub/ca.pem --connect-to "127.0.0.1:$hub_port" \
		--mqtt-port "$mqtt_port" --amqp-port "$amqp_port" --connection-string-file "$1"
}

@test "what is sent is shown, once and in its order" {
	for i in $(seq 2000); do printf '{"n":%d}\n' "$i"; done >lines
	run -0 --separate-stderr stmiot device send d1 --as-device --property 'a b=1&2' \
		--content-type application/json --content-encoding utf-8 - <lines
	stderr_is "stmiot: 'd1' sent 2000 messages"
	stmiot -q device send d1 --as-device --message-id m1 last
	run -0 --separate-stderr stmiot -q monitor --json --since start -n 2001
	printf '%s\n' "$output" >shown
	head -n 2000 shown | jq -c .body | cmp - lines
	[ "$(head -n 2000 shown | jq -cs 'map([.device, .content_type, .properties]) | unique')" = \
		'[["d1","application/json",{"a b":"1&2"}]]' ]
	[ "$(tail -n 1 shown | jq -r '.body, .message_id')" = $'last\nm1' ]
}

@test "a message as long as it may be, and one byte more" {
	head -c 262144 /dev/zero | tr '\0' x >longest
	stmiot -q device send d1 --as-device - <longest
	stmiot -q monitor --json --since start -n 1 | jq -j .body | cmp - longest
	run -5 --separate-stderr stmiot device send d1 --as-device - --property a= <longest
	stderr_is "stmiot: device send: the message has 262145 bytes, properties included; a hub takes 262144 at most"
	stmiot monitor -q --since start --timeout 1s >shown || true
	[ "$(wc -l <shown)" -eq 1 ]
}

@test "a wrong key, a disabled device, one that is gone" {
	stmiot device connection-string d1 >d1.txt
	stmiot -q device send d1 --as-device --connection-string-file d1.txt x
	echo "HostName=stmiot-local.azure-devices.net;DeviceId=d1;SharedAccessKey=$(head -c 32 /dev/zero | base64)" >wrong.txt
	run -6 --separate-stderr stmiot device send d1 --as-device --connection-string-file wrong.txt x
	has "$stderr" "does not let 'd1' in"
	has "$stderr" "the key is not the device's, or the device is disabled or not there"
	stmiot -q device disable d1
	run -6 --separate-stderr stmiot device send d1 --as-device --connection-string-file d1.txt x
	has "$stderr" "does not let 'd1' in"
	run -4 --separate-stderr stmiot device send d1 --as-device x
	has "$stderr" "'d1' is disabled"
	stmiot -q device delete d1 --yes
	run -6 --separate-stderr stmiot device send d1 --as-device --connection-string-file d1.txt x
	has "$stderr" "does not let 'd1' in"
	run -6 --separate-stderr stmiot device send d1 --as-device x
	has "$stderr" "has no such device"
}

@test "with a certificate" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x1 \
		-keyout x1.key -out x1.pem -days 2 2>/dev/null
	stmiot -q device create x1 --auth x509-selfsigned --thumbprint \
		"$(openssl x509 -in x1.pem -noout -fingerprint -sha256 | sed 's/.*=//')" >made
	run -0 --separate-stderr stmiot device send x1 --as-device --cert x1.pem --private-key x1.key hello
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x1 \
		-keyout other.key -out other.pem -days 2 2>/dev/null
	run -6 --separate-stderr stmiot device send x1 --as-device --cert other.pem --private-key other.key hello
	has "$stderr" "the certificate is not the device's"
	run -0 stmiot -q monitor --since start -n 1
	[[ "$output" == *" x1 hello" ]]
}

@test "the hub is killed and started again: each acknowledged message is there" {
	mkfifo lines
	stmiot device send d1 --as-device - --json <lines >sent 2>said 3>&- &
	sender=$!
	exec 4>lines
	seq 1 500 >&4
	eventually stmiot -q monitor --since start -n 500 --timeout 2s
	kill -9 "$hub_pid"
	wait "$hub_pid" || true
	seq 501 1000 >&4
	eventually grep -q waiting said
	stmiot-hub --https "$hub_port" --mqtt "$mqtt_port" --amqp "$amqp_port" hub >>hub.out 2>&1 3>&- 4>&- &
	hub_pid=$!
	exec 4>&-
	wait $sender
	[ "$(jq -c '[.sent, .pending]' sent)" = '[1000,0]' ]
	run -1 --separate-stderr stmiot -q monitor --since start --timeout 1s
	[ "$(awk '{ print $3 }' <<<"$output" | sort -nu)" = "$(seq 1000)" ]
}

@test "tokens are renewed before they end, and nothing is missing" {
	local count
	build_renew
	stmiot -q device show d1 --show-keys --json | jq -r '"HostName=stmiot-local.azure-devices.net;DeviceId=d1;SharedAccessKey=\(.primary_key)"' >string
	run -0 --separate-stderr ./renew hub/ca.pem "127.0.0.1:$mqtt_port" 6 <string
	count=$output
	run -1 --separate-stderr stmiot -q monitor --since start --timeout 1s
	[ "$(awk '{ print $3 }' <<<"$output" | sort -nu)" = "$(seq "$count")" ]
}

@test "a hub that is gone for good" {
	mkfifo lines
	STMIOT_TIMEOUT_MS=2000 stmiot device send d1 --as-device - --json <lines >sent 2>said 3>&- &
	sender=$!
	exec 4>lines
	echo first >&4
	eventually stmiot -q monitor --since start -n 1 --timeout 2s
	hub_down
	echo second >&4
	exec 4>&-
	status=0
	wait $sender || status=$?
	[ "$status" -eq 6 ]
	tail -n 2 said | grep -q '1 message was not taken'
	[ "$(jq -c '[.sent, .pending]' sent)" = '[1,1]' ]
}
