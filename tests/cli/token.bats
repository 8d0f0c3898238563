load hubs

key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
connstr="HostName=myhub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=$key"

# TOKEN: is its signature that of `key`? By openssl.
signed_well() {
	local resource expires sig
	resource=$(grep -o 'sr=[^&]*' <<<"$1" | cut -c 4-)
	expires=$(grep -o 'se=[0-9]*' <<<"$1" | cut -c 4-)
	sig=$(printf '%s\n%s' "$resource" "$expires" |
		openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(base64 -d <<<"$2" | od -An -tx1 | tr -d ' \n')" -binary |
		base64 | sed 's/+/%2B/g; s/\//%2F/g; s/=/%3D/g')
	has "$1" "sig=$sig"
}

@test "a token of the policy, without asking anybody" {
	export STMIOT_HUB_CONNECTION_STRING=$connstr
	before=$(date +%s)
	run -0 --separate-stderr stmiot token
	[[ "$output" =~ ^SharedAccessSignature\ sr=myhub.azure-devices.net\&sig=[A-Za-z0-9%]+\&skn=iothubowner\&se=([0-9]+)$ ]]
	[ "${BASH_REMATCH[1]}" -ge $((before + 3600)) ]
	[ "${BASH_REMATCH[1]}" -le $((before + 3610)) ]
	signed_well "$output" "$key"
	[[ "$stderr" =~ ^stmiot:\ good\ for\ myhub.azure-devices.net\ until\ [-0-9T:]+Z$ ]]
}

@test "times" {
	export STMIOT_HUB_CONNECTION_STRING=$connstr
	for row in "90 90" "90s 90" "30m 1800" "1h 3600" "7d 604800"; do
		now=$(date +%s)
		run -0 --separate-stderr stmiot token --ttl "${row% *}"
		left=$((${output##*se=} - now))
		[ "$left" -ge "${row#* }" ] && [ "$left" -le $((${row#* } + 5)) ]
	done
	for ttl in 0 0h -1 1w "" h 1.5h 4000d 99999999999; do
		run -2 --separate-stderr stmiot token --ttl "$ttl"
		has "$stderr" "not a time such as"
	done
}

@test "JSON" {
	export STMIOT_HUB_CONNECTION_STRING=$connstr
	run -0 --separate-stderr stmiot token --json
	stderr_is ""
	[ "$(jq -r '.resource, .policy' <<<"$output" | xargs)" = "myhub.azure-devices.net iothubowner" ]
	[ "$(jq -r '.expires_unix' <<<"$output")" = "$(date -d "$(jq -r .expires <<<"$output")" +%s)" ]
	has "$(jq -r .token <<<"$output")" "SharedAccessSignature sr="
}

@test "a device's own key, the first and the second" {
	hub_up
	stmiot -q device create press-07
	keys=$(stmiot device show press-07 --show-keys --json)
	run -0 --separate-stderr stmiot token --device press-07
	has "$output" "sr=stmiot-local.azure-devices.net%2Fdevices%2Fpress-07&sig="
	if [[ "$output" == *skn=* ]]; then false; fi
	signed_well "$output" "$(jq -r .primary_key <<<"$keys")"
	run -0 --separate-stderr stmiot token --device press-07 --key secondary
	signed_well "$output" "$(jq -r .secondary_key <<<"$keys")"
}

@test "for a device by the policy's key, offline" {
	export STMIOT_HUB_CONNECTION_STRING=$connstr
	run -0 --separate-stderr stmiot token --device press-07 --key policy
	has "$output" "sr=myhub.azure-devices.net%2Fdevices%2Fpress-07&sig="
	has "$output" "&skn=iothubowner&"
	signed_well "$output" "$key"
}

@test "where there is no key" {
	hub_up
	stmiot -q device create press-07 --auth x509-ca
	run -1 --separate-stderr stmiot token --device press-07
	stderr_is "stmiot: token: the device 'press-07' has no keys: it comes with a certificate"
	stmiot -q hub add command --host h.azure-devices.net --token-command 'echo t'
	run -2 --separate-stderr stmiot --hub command token
	has "$stderr" "there is none to sign with"
}

@test "wrong command lines" {
	export STMIOT_HUB_CONNECTION_STRING=$connstr
	run -2 --separate-stderr stmiot token x
	run -2 --separate-stderr stmiot token --key primary
	has "$stderr" "--key needs --device"
	run -2 --separate-stderr stmiot token --device "a b"
	run -2 --separate-stderr stmiot token --device x --key third
}
