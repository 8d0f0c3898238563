load hubs

@test "create, show, list, delete" {
	hub_up
	run -0 --separate-stderr stmiot device list
	output_is ""
	stderr_is "stmiot: stmiot-local.azure-devices.net has no device yet; 'stmiot device create' makes one"
	run -0 --separate-stderr stmiot device list --json
	output_is "[]"
	run -0 --separate-stderr stmiot device create press-07
	[ "${lines[0]}" = "device             press-07" ]
	[ "${lines[1]}" = "status             enabled" ]
	[ "${lines[2]}" = "authentication     sas" ]
	[ "${lines[3]}" = "primary key        (--show-keys shows it)" ]
	run -0 --separate-stderr stmiot device show press-07
	[ "${lines[0]}" = "device             press-07" ]
	run -0 --separate-stderr stmiot device list
	output_is "DEVICE    STATUS   AUTH  CONNECTED  LAST ACTIVITY
press-07  enabled  sas   no         -"
	run -0 --separate-stderr stmiot device delete press-07 --yes
	stderr_is "stmiot: deleted 'press-07' from stmiot-local.azure-devices.net"
	run -6 --separate-stderr stmiot device show press-07
}

@test "ids with every character that may be in them" {
	hub_up
	local id="aZ0-.+%_#*?!(),=@\$':"
	stmiot -q device create "$id"
	run -0 bash -c "stmiot device list --json | jq -r '.[].id'"
	output_is "$id"
	run -0 stmiot device show "$id" --json
	[ "$(jq -r .id <<<"$output")" = "$id" ]
	stmiot -q device twin "$id" >twin
	stmiot -q device delete "$id" --yes
	for id in "" "a b" "a/b" $'a\nb' "$(printf 'x%.0s' $(seq 129))"; do
		run -2 --separate-stderr stmiot device show "$id"
	done
}

@test "JSON of a device has no keys, unless asked for" {
	hub_up
	run -0 --separate-stderr stmiot device create d --json
	[ "$(jq -r 'has("primary_key")' <<<"$output")" = false ]
	[ "$(jq -c '[.id, .status, .auth, .connected, .c2d_pending, .connection_time]' <<<"$output")" = \
		'["d","enabled","sas",false,0,null]' ]
	run -0 --separate-stderr stmiot device show d --json --show-keys
	[ "$(jq -r .primary_key <<<"$output" | base64 -d | wc -c)" = 32 ]
	first=$(jq -r .primary_key <<<"$output")
	run -0 --separate-stderr stmiot device show d --show-keys
	has "$output" "primary key        $first"
	run -0 --separate-stderr stmiot device list --json
	[ "$(jq -r '.[0] | has("primary_key")' <<<"$output")" = false ]
}

@test "certificates by thumbprint" {
	hub_up
	local sum colons
	sum=$(printf 'aB%.0s' $(seq 32))
	colons=$(sed 's/../&:/g; s/:$//' <<<"$sum")
	run -0 --separate-stderr stmiot device create d --json --auth x509-selfsigned \
		--thumbprint "$colons" --thumbprint "${sum//aB/01}"
	[ "$(jq -c '[.auth, .primary_thumbprint, .secondary_thumbprint]' <<<"$output")" = \
		"[\"selfSigned\",\"${sum^^}\",\"${sum//aB/01}\"]" ]
	run -0 --separate-stderr stmiot device show d
	has "$output" "thumbprint         ${sum^^}"
	for bad in "${sum:1}" "${sum}0" "${sum:0:40}" "x${sum:1}" "$colons:" ":$colons" "a:B${sum:2}"; do
		run -2 --separate-stderr stmiot device create e --auth x509-selfsigned --thumbprint "$bad"
		has "$stderr" "not the 64 hex digits of a SHA-256"
	done
	run -2 --separate-stderr stmiot device create e --auth x509-selfsigned
	has "$stderr" "openssl x509 -noout -fingerprint -sha256"
	run -2 --separate-stderr stmiot device create e --thumbprint "$sum"
	run -0 stmiot -q device create ca --auth x509-ca
	has "$output" "certificateAuthority"
}

@test "created disabled, enabled, disabled with a reason" {
	hub_up
	stmiot -q device create d --disabled --reason "on the shelf" >made
	has "$(cat made)" "status             disabled (on the shelf)"
	before=$(stmiot device show d --show-keys --json | jq -c '[.primary_key, .secondary_key, .generation_id]')
	run -0 --separate-stderr stmiot device enable d
	output_is ""
	stderr_is "stmiot: 'd' is enabled"
	run -0 --separate-stderr stmiot device disable d --reason stolen --json
	[ "$(jq -c '[.status, .status_reason]' <<<"$output")" = '["disabled","stolen"]' ]
	[ "$(stmiot device show d --show-keys --json | jq -c '[.primary_key, .secondary_key, .generation_id]')" = "$before" ]
	stmiot -q device create e >made
	run -0 bash -c "stmiot device list --where \"status = 'disabled'\" --json | jq -r '.[].id'"
	output_is d
	run -0 --separate-stderr stmiot device list --where "status = 'x'"
	has "$stderr" "has no device of these"
}

@test "rotate changes one key, and says what that means" {
	hub_up
	stmiot -q device create d >made
	before=$(stmiot device show d --show-keys --json)
	run -3 --separate-stderr stmiot device rotate d
	run -2 stmiot device rotate d --hub-only --finish
	run -2 --separate-stderr stmiot device rotate d --hub-only
	has "$stderr" "needs --key"
	run -2 --separate-stderr stmiot device rotate d --hub-only --key secondary </dev/null
	has "$stderr" "is locked out"
	run -0 --separate-stderr stmiot device rotate d --hub-only --key secondary --yes
	stderr_is "stmiot: 'd': a board that uses the secondary key is locked out until it is given the new one
stmiot: 'd' has a new secondary key; the other one is as it was"
	after=$(stmiot device show d --show-keys --json)
	[ "$(jq -r .primary_key <<<"$before")" = "$(jq -r .primary_key <<<"$after")" ]
	[ "$(jq -r .secondary_key <<<"$before")" != "$(jq -r .secondary_key <<<"$after")" ]
	stmiot -q device rotate d --hub-only --key primary --yes
	last=$(stmiot device show d --show-keys --json)
	[ "$(jq -r .primary_key <<<"$after")" != "$(jq -r .primary_key <<<"$last")" ]
	[ "$(jq -r .secondary_key <<<"$after")" = "$(jq -r .secondary_key <<<"$last")" ]
	stmiot -q device create ca --auth x509-ca >made
	run -1 --separate-stderr stmiot device rotate ca --hub-only --key primary --yes
}

@test "a device that is there is not made again" {
	hub_up
	stmiot -q device create d >made
	before=$(stmiot device show d --show-keys --json)
	run -1 --separate-stderr stmiot device create d
	has "$stderr" "stmiot: device create: "
	[ "$(stmiot device show d --show-keys --json)" = "$before" ]
}

@test "delete asks" {
	hub_up
	stmiot -q device create d >made
	run -2 --separate-stderr stmiot device delete d </dev/null
	stderr_is "stmiot: delete 'd' from stmiot-local.azure-devices.net, with its twin and its keys?
stmiot: nobody is there to ask: give --yes to say so"
	stmiot device show d
}

@test "twin: read, patch, replace" {
	hub_up
	stmiot -q device create d >made
	run -0 --separate-stderr stmiot device twin d
	[ "$(jq -c '[.deviceId, .properties.desired."$version"]' <<<"$output")" = '["d",1]' ]
	[ "${lines[0]}" = "{" ]
	[ "${lines[1]}" = '  "deviceId": "d",' ]
	run -0 stmiot device twin d --patch '{"tags":{"hall":3,"row":"a"},"properties":{"desired":{"interval":60}}}'
	[ "$(jq -c '[.tags, .properties.desired.interval]' <<<"$output")" = '[{"hall":3,"row":"a"},60]' ]
	echo '{"tags":{"row":null}}' >patch.json
	run -0 stmiot device twin d --patch patch.json
	[ "$(jq -c .tags <<<"$output")" = '{"hall":3}' ]
	run -0 bash -c 'echo "{\"tags\":{\"x\":[1,2,{\"y\":[]}]}}" | stmiot device twin d --replace -'
	[ "$(jq -c .tags <<<"$output")" = '{"x":[1,2,{"y":[]}]}' ]
	[ "$(jq -c '.properties.desired | has("interval")' <<<"$output")" = false ]
}

@test "twin: desired properties and tags by themselves" {
	hub_up
	stmiot -q device create d >made
	run -0 stmiot device twin d --tag hall=3 --tag row=a=b --desired '{"interval":60,"big":4503599627370495}'
	[ "$(jq -c .tags <<<"$output")" = '{"hall":"3","row":"a=b"}' ]
	has "$output" '"big": 4503599627370495'
	run -0 stmiot device twin d --tag hall= --desired - <<<'{"interval":null}'
	[ "$(jq -c '[.tags, .properties.desired.interval]' <<<"$output")" = '[{"row":"a=b"},null]' ]
	echo '[1]' >array.json
	for bad in array.json '{"a":}' '{}},"x":{{}'; do
		run -5 --separate-stderr stmiot device twin d --desired "$bad"
		has "$stderr" "not one JSON object"
	done
	for bad in hall =3 ""; do
		run -2 --separate-stderr stmiot device twin d --tag "$bad"
		has "$stderr" "not KEY=VALUE"
	done
	run -2 --separate-stderr stmiot device twin d --desired '{}' --patch '{}'
	run -2 --separate-stderr stmiot device twin d --tag a=b --watch
	run -2 --separate-stderr stmiot device twin d --count 2
	has "$stderr" "go with --watch"
	run -2 --separate-stderr stmiot device twin d --watch --count 0
	has "$stderr" "from 1 on"
	[ "$(stmiot device twin d | jq '.properties.desired."$version"')" = 3 ]
}

@test "twin: watched" {
	hub_up
	stmiot -q device create d >made
	stmiot device twin d --watch --interval 1s --count 3 >out 2>err 3>&- &
	watcher=$!
	for _ in $(seq 200); do
		[ ! -s err ] || break
		sleep 0.05
	done
	has "$(cat err)" "stmiot: watching the twin of 'd' at stmiot-local.azure-devices.net, every 1 s"
	stmiot -q device twin d --patch '{"tags":{"hall":3},"properties":{"desired":{"led":{"on":true}}}}' >now
	for _ in $(seq 200); do
		[ "$(wc -l <out)" -lt 2 ] || break
		sleep 0.05
	done
	stmiot -q device twin d --desired '{"led":null}' >now
	wait $watcher
	sed 's/^[0-9T:.-]*Z/TIME/' out >lines
	[ "$(cat lines)" = "TIME  desired  led.on = true
-  tags  hall = 3
TIME  desired  led.on is gone" ]
	[ "$(cat err | wc -l)" = 1 ]
}

@test "twin: watched as JSON, to a time, to a signal, to a reader's end" {
	hub_up
	stmiot -q device create d >made
	stmiot device twin d --watch --json --interval 1s --timeout 3s >out 2>err 3>&- &
	watcher=$!
	for _ in $(seq 200); do
		[ ! -s err ] || break
		sleep 0.05
	done
	stmiot -q device twin d --tag hall=3 >now
	rc=0
	wait $watcher || rc=$?
	[ $rc = 1 ]
	[ "$(jq -c '[.device, .part, .version, .path, .value, .was, .removed]' out)" = \
		'["d","tags",null,"hall","3",null,false]' ]
	has "$(cat err)" "3 s are over"
	rm err
	stmiot device twin d --watch >out 2>err 3>&- &
	watcher=$!
	for _ in $(seq 200); do
		[ ! -s err ] || break
		sleep 0.05
	done
	kill -TERM $watcher
	rc=0
	wait $watcher || rc=$?
	[ $rc = 143 ]
	run -6 --separate-stderr stmiot device twin nobody --watch
	has "$stderr" "has no such device"
	run -2 --separate-stderr stmiot device twin d --watch --interval 0
	run -2 --separate-stderr stmiot device twin d --watch --timeout never
}

@test "malformed JSON is exit 5 with the position, and nothing is sent" {
	hub_up
	stmiot -q device create d >made
	for text in '{"tags":' '{"tags":{}}x' '{'; do
		run -5 --separate-stderr stmiot device twin d --patch "$text"
		[[ "$stderr" =~ byte\ [0-9]+ ]]
	done
	echo '[1]' >array.json
	run -5 --separate-stderr stmiot device twin d --patch array.json
	has "$stderr" "stmiot: array.json: "
	run -1 --separate-stderr stmiot device twin d --patch nowhere.json
	has "$stderr" "nowhere.json: No such file or directory"
	run -5 --separate-stderr stmiot device call d reboot '{"x":'
	[ "$(stmiot device twin d | jq .version)" = 1 ]
}

@test "call of a device that is not there" {
	hub_up
	stmiot -q device create d >made
	run -6 --separate-stderr stmiot device call d reboot '{"delay":1}'
	has "$stderr" "stmiot: device call: the device is not connected"
	run -2 --separate-stderr stmiot device call d
	run -2 --separate-stderr stmiot device call d reboot --timeout 4s
	run -2 --separate-stderr stmiot device call d reboot --timeout 301
	run -2 --separate-stderr stmiot device call d reboot --connect-timeout 301
	has "$stderr" "--connect-timeout 301: 1s to 300s"
	run -2 --separate-stderr stmiot device call d/ reboot
	run -2 --separate-stderr stmiot device call "d/a b" reboot
	run -6 --separate-stderr stmiot device call d/mod reboot
	run -6 --separate-stderr stmiot device call nobody reboot
}

@test "purge" {
	hub_up
	stmiot -q device create d >made
	run -0 --separate-stderr stmiot device purge d
	stderr_is "stmiot: dropped 0 messages that waited for 'd'"
	run -0 stmiot device purge d --json
	[ "$(jq -c . <<<"$output")" = '{"id":"d","purged":0}' ]
}

@test "connection-string, the first and the second" {
	hub_up
	stmiot -q device create d >made
	keys=$(stmiot device show d --show-keys --json)
	run -0 --separate-stderr stmiot device connection-string d
	output_is "HostName=stmiot-local.azure-devices.net;DeviceId=d;SharedAccessKey=$(jq -r .primary_key <<<"$keys")"
	stderr_is ""
	run -0 stmiot device connection-string d --secondary --json
	[ "$(jq -r .connection_string <<<"$output")" = \
		"HostName=stmiot-local.azure-devices.net;DeviceId=d;SharedAccessKey=$(jq -r .secondary_key <<<"$keys")" ]
	stmiot -q device create x --auth x509-ca >made
	run -0 stmiot device connection-string x
	output_is "HostName=stmiot-local.azure-devices.net;DeviceId=x;x509=true"
}

@test "a list of many" {
	hub_up
	for i in $(seq 30); do
		echo "d$i"
	done | xargs -P 4 -n 1 stmiot -q device create >made
	run -0 bash -c "stmiot device list --json | jq length"
	output_is 30
	run -0 stmiot device list
	[ ${#lines[@]} -eq 31 ]
}

@test "as an identity whose token a command prints" {
	hub_up --verbose --record record
	stmiot -q device create d >made
	# Not Entra ID's, but handed on in the same way.
	host=$(stmiot hub list --json | jq -r '.[0].host')
	hub_add command --host "$host" --token-command 'echo not.a.token'
	run -6 --separate-stderr stmiot --hub command device show d
	{
		printf 'eyJ%s' "$(head -c 60 /dev/urandom | base64 -w 0 | tr -d '=' | tr -- '+/' '-_')"
		printf '.eyJ%s' "$(head -c 90 /dev/urandom | base64 -w 0 | tr -- '+/' '-_')"
		printf '.%s' "$(head -c 256 /dev/urandom | base64 -w 0 | tr -d '=' | tr -- '+/' '-_')"
	} >token
	used_secret token
	hub_add command --host "$host" --token-command 'cat token'
	run -6 --separate-stderr stmiot -vv --json --hub command device show d
	[[ "$output$stderr$(cat record hub.out)" != *"$(cut -c 10-40 token)"* ]]
	has "$(cat record)" "Bearer ***"
	hub_add command --host "$host" --token-command 'echo secret words >&2; exit 7'
	run -1 --separate-stderr stmiot --hub command device show d
	has "$stderr" "exit 7"
}

@test "wrong command lines" {
	hub_up
	run -2 --separate-stderr stmiot device
	run -2 --separate-stderr stmiot device shwo x
	has "$stderr" "did you mean 'show'?"
	run -2 --separate-stderr stmiot device show
	stderr_is "stmiot: device show takes a device id
stmiot: 'stmiot help device' tells how it is used"
	run -2 --separate-stderr stmiot device list x
	run -2 --separate-stderr stmiot device create d --auth tpm
	run -2 --separate-stderr stmiot device twin d --patch '{}' --replace '{}'
}
