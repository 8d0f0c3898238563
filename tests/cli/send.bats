load hubs

# The local hub of `sim`, whose ports have a name.
more_setup() {
	stmiot -q sim up --time none >up.txt
	stmiot hub use local 2>used
	stmiot -q device create d >made
	https=$(stmiot hub list --json | jq -r '.[0].connect_to')
}

# METHOD PATH: as the device d, over HTTPS; the head in head.txt, the body on standard output
as_device() {
	curl -sS -X "$1" -D head.txt --cacert sim/hub/ca.pem \
		--connect-to "stmiot-local.azure-devices.net:443:$https" \
		-H "Authorization: $(stmiot -q token --device d)" \
		"https://stmiot-local.azure-devices.net/devices/d/messages/devicebound$2?api-version=2021-04-12"
}

# The device takes a message, and settles it: QUERY is "" or "reject"
take() {
	local lock
	as_device GET "" >body
	lock=$(tr -d '\r' <head.txt | sed -n 's/^[Ee][Tt][Aa][Gg]: "\(.*\)"$/\1/p')
	[ -n "$lock" ]
	curl -sS -X DELETE --cacert sim/hub/ca.pem --connect-to "stmiot-local.azure-devices.net:443:$https" \
		-H "Authorization: $(stmiot -q token --device d)" \
		"https://stmiot-local.azure-devices.net/devices/d/messages/devicebound/$lock?api-version=2021-04-12$1"
}

@test "a message comes as it was sent" {
	run -0 --separate-stderr stmiot device send d 'hello, ü' --property a=b --property c=d=e --property alone \
		--message-id m1 --correlation-id c1 --content-type text/plain --content-encoding utf-8
	output_is ""
	stderr_is "stmiot: sent 1 message to 'd'"
	take ""
	[ "$(cat body)" = "hello, ü" ]
	tr -d '\r' <head.txt | tr '[:upper:]' '[:lower:]' >head
	grep -q '^iothub-messageid: m1$' head
	grep -q '^iothub-correlationid: c1$' head
	grep -q '^iothub-app-a: b$' head
	grep -q '^iothub-app-c: d=e$' head
	run -0 as_device GET ""
	output_is ""
	# Without a body.
	stmiot -q device send d
	as_device GET "" >body
	[ ! -s body ]
	grep -qi '^etag:' head.txt
}

@test "a line each of standard input" {
	run -0 --separate-stderr stmiot device send d - --json < <(printf 'one\n\nthree')
	[ "$(jq -c '[.event, .device, .message_id]' <<<"$output")" = '["sent","d",null]
["sent","d",null]
["sent","d",null]' ]
	for want in one "" three; do
		take ""
		[ "$(cat body)" = "$want" ]
	done
	run -0 --separate-stderr stmiot device send d - </dev/null
	stderr_is ""
}

kill_hub() {
	kill -9 "$(pgrep -f "stmiot-hub.*$STMIOT_SIM_DIR/hub")"
}

# FILE TEXT N: in so many lines
says() {
	[ "$(grep -c "$2" "$1")" = "$3" ]
}

@test "a connection that is lost between two lines is made again" {
	local status=0
	mkfifo lines
	timeout 60 stmiot -vv device send d - --json <lines >out 2>err 3>&- &
	sender=$!
	exec 5>lines
	echo one >&5
	eventually grep -q sent out
	kill_hub
	eventually grep -q 'connecting again for the next message' err
	stmiot -q sim up >/dev/null
	echo two >&5
	eventually says out sent 2
	# And when there is none to be made, that is the end.
	kill_hub
	eventually says err 'connecting again' 2
	echo three >&5
	wait $sender || status=$?
	exec 5>&-
	[ $status = 6 ]
	has "$(cat err)" "nobody listens at 127.0.0.1"
	[ "$(wc -l <out)" = 2 ]
}

# [ARGS]: `device send d` with these arguments, until the hub has N messages
sending() {
	local n=$1
	stmiot device send d "${@:2}" >out 2>err 3>&- <lines &
	sender=$!
	for _ in $(seq 200); do
		! grep -q "sent $n message" err || break
		sleep 0.05
	done
}

# The hub tells of several at a time, after a while.
@test "--wait: taken, rejected, purged" {
	printf 'a\nb\nc\n' >lines
	sending 3 - --wait --json --timeout 60s
	take ""
	[ "$(cat body)" = a ]
	take "&reject"
	stmiot -q device purge d
	rc=0
	wait $sender || rc=$?
	[ $rc = 1 ]
	[ "$(jq -r 'select(.event == "feedback") | .device + " " + .status' out | sort)" = "d Purged
d Rejected
d Success" ]
	# Each by the id that it was sent with.
	[ "$(jq -r .message_id out | sort | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" = "2 2 2 " ]
	sending 1 e --message-id m1 --ack positive --wait --timeout 60s
	take ""
	wait $sender
	[ "$(sed 's/^[0-9T:.-]*Z/TIME/' out)" = "TIME  m1  Success" ]
	run -1 --separate-stderr stmiot device send d f --wait --expiry 1s --timeout 60s </dev/null
	has "$output" "  Expired"
	# It stays there: nobody takes it.
	run -1 --separate-stderr stmiot device send d e --wait --timeout 1s
	has "$stderr" "no feedback in 1 s: either 'd' has not taken the message"
}

@test "refusals, each in its words" {
	run -6 --separate-stderr stmiot device send nobody x
	has "$stderr" "has no such device"
	seq 50 | stmiot -q device send d -
	run -6 --separate-stderr stmiot device send d x
	has "$stderr" "as many messages waiting as it may have (50)"
	has "$stderr" "stmiot device purge"
	stmiot -q device purge d
	run -5 --separate-stderr stmiot device send d - < <(head -c 65537 /dev/zero | tr '\0' x)
	has "$stderr" "standard input: a line of more than 65536 bytes"
	run -5 --separate-stderr stmiot device send d - < <(tr '\0' x </dev/zero)
	run -5 --separate-stderr stmiot device send d - --content-type t/p \
		< <(head -c 65534 /dev/zero | tr '\0' x)
	has "$stderr" "65537 bytes"
	# Where it is sent to counts too, says the hub.
	run -5 --separate-stderr stmiot device send d - < <(head -c 65536 /dev/zero | tr '\0' x)
	has "$stderr" "the message is too long"
	stmiot -q hub add reader --ca sim/hub/ca.pem --connect-to "$https" \
		--amqp-port "$(stmiot hub list --json | jq '.[0].amqp_port')" \
		--connection-string-file sim/hub/policies/registryRead
	run -4 --separate-stderr stmiot --hub reader device send d x
	has "$stderr" "ServiceConnect"
	sed 's/SharedAccessKey=.*/SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=/' \
		sim/hub/policies/service >wrong
	stmiot -q hub add wrong --ca sim/hub/ca.pem --connect-to "$https" \
		--amqp-port "$(stmiot hub list --json | jq '.[] | select(.name == "local").amqp_port')" \
		--connection-string-file wrong
	run -6 --separate-stderr stmiot --hub wrong device send d x
	has "$stderr" "copy the connection string anew"
	stmiot -q hub add nowhere --ca sim/hub/ca.pem --connect-to "$https" --amqp-port 1 \
		--connection-string-file sim/hub/policies/service
	run -6 --separate-stderr stmiot --hub nowhere device send d x
	run -2 --separate-stderr stmiot device send
	run -2 --separate-stderr stmiot device send d x y
	run -2 --separate-stderr stmiot device send "a b" x
	run -2 --separate-stderr stmiot device send d - --message-id m </dev/null
	run -2 --separate-stderr stmiot device send d x --ack none --wait
	run -2 --separate-stderr stmiot device send d x --timeout 5s
	run -2 --separate-stderr stmiot device send d x --expiry 0
	run -2 --separate-stderr stmiot device send d x --property =b
	run -2 --separate-stderr stmiot device send d x --property $'a\xff=b'
	has "$stderr" "not UTF-8"
	run -2 --separate-stderr stmiot device send d x --as-device --message-id $'\xc3'
	has "$stderr" "not UTF-8"
	run -2 --separate-stderr stmiot device send d x --ack maybe
	run -2 --separate-stderr stmiot device send d x --cert up.txt --private-key up.txt
	has "$stderr" "go with --as-device"
	run -2 --separate-stderr stmiot device send d x --as-device --ack full
	has "$stderr" "do not go with --as-device"
	run -2 --separate-stderr stmiot device send d x --as-device --timeout 5s
	has "$stderr" "do not go with --as-device"
}

@test "no key or token in what it says, and the provisioning service has a name" {
	stmiot -vv device send d x >said 2>&1
	stmiot -vv device enroll a >>said 2>&1
	stmiot -q device enrolled a --json >enrolled
	[ "$(jq -r .status enrolled)" = enabled ]
	key=$(sed -n 's/.*SharedAccessKey=\(.\{12\}\).*/\1/p' sim/hub/policies/iothubowner)
	! grep -qF "$key" said
	! grep -qE 'sig=[A-Za-z0-9%]{20}' said
	grep -q put-token said
}
